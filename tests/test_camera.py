"""Camera, image, history, part and search pages as they are served."""

import html
import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from hmi import wording
from hmi.store import Store
from hmi.store.mirror import HandInspection
from hmi.store.rules import Region
from tests.desk import Desk
from tests.lines import LARGE, SERIAL, Line, defect, image, trigger
from tests.people import PAGE, opened, store_of

TWO = [{"serial": "A", "name": "Valve body face", "order": 1}, {"serial": "B", "name": "Bore", "order": 2}]
SQUARE = [{"x": 300, "y": 300}, {"x": 900, "y": 300}, {"x": 900, "y": 900}, {"x": 300, "y": 900}]
JSON = {"Accept": "application/json"}


@pytest.fixture
def app(sqlite_store, settings_of) -> Iterator[Flask]:
    with opened(settings_of(line={"cameras": TWO, "settle_s": 1, "grace_s": 2})) as app:
        yield app


@pytest.fixture
def visitor(app):
    return app.test_client()


@pytest.fixture
def line(app) -> Line:
    store = store_of(app)
    with store.write() as session:
        session.add(Region(camera_id="A", region_id="Seal face", size_threshold=1.0, polygon=SQUARE))
    return Line(app.extensions["hmi"].settings, store)


def judged(line: Line, number: int = 1, *defects, serial: str = SERIAL, at_s: float = 0, **columns) -> None:
    """A part of two images, 10·number and 10·number + 1, judged."""
    first = 10 * number
    rows = [trigger(number, serial, **columns), image(first, "A", number), image(first + 1, "B", number)]
    line.read(at_s, *rows, *defects)
    line.files(first, first + 1)
    line.read(at_s + 5)


@pytest.fixture
def failing(line) -> Line:
    """A part with four defects on camera A: one too large in the seal face, two small ones, one elsewhere."""
    judged(
        line,
        1,
        defect(1, 10, LARGE, x=400),
        defect(2, 10, x=600),
        defect(3, 10, x=800, y=880),
        defect(4, 10, x=9),
    )
    return line


def page_of(visitor, path: str, status: int = 200, **headers) -> str:
    answer = visitor.get(path, headers={**PAGE, **headers})
    assert answer.status_code == status, path
    return answer.get_data(as_text=True)


def words(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def test_a_camera_shows_its_newest_image(visitor, failing):
    judged(failing, 2, serial="38A25125390339", at_s=10)
    assert 'data-image="20"' in page_of(visitor, "/cameras/A")


def test_a_defect_says_its_size_its_limit_its_region_and_why(visitor, failing):
    said = words(page_of(visitor, "/images/10?defect=1"))
    assert "2.51 × 0.42 mm" in said
    assert "2.51 mm ≥ 1.00 mm in Seal face" in said
    assert "< 1.00 mm" in said


def test_a_defect_that_passes_says_by_which_limits(visitor, failing):
    inside, outside = (words(page_of(visitor, f"/images/10?defect={number}")) for number in (2, 4))
    assert "Region Seal face" in inside
    assert "Limit < 1.00 mm" in inside
    assert "Region default rule" in outside
    assert "< 1.50 mm · < 3 in 2.00 mm" in outside


def test_the_worst_defect_is_selected_and_the_list_shows_what_fails(visitor, failing):
    page = page_of(visitor, "/images/10")
    assert 'data-selected="1"' in page
    assert re.findall(r'data-defect="(\d+)"', page) == ["1"]
    assert re.findall(r'data-defect="(\d+)"', page_of(visitor, "/images/10?show=all")) == ["1", "2", "3", "4"]


def test_next_and_previous_lead_through_the_list(visitor, failing):
    page = page_of(visitor, "/images/10?show=all&defect=2")
    assert re.search(r'rel="prev" href="/images/10\?defect=1&amp;show=all"', page)
    assert re.search(r'rel="next" href="/images/10\?defect=3&amp;show=all"', page)


def test_htmx_is_given_the_defects_alone(visitor, failing):
    page = page_of(visitor, "/images/10?defect=2", **{"HX-Request": "true"})
    assert page.lstrip().startswith("<aside")
    assert "<html" not in page


def test_an_image_that_is_looked_at_is_pinned_and_a_camera_is_not(visitor, failing):
    assert 'id="frozen" class="frozen" role="status" hidden' in page_of(visitor, "/cameras/A")
    assert 'id="frozen" class="frozen" role="status">' in page_of(visitor, "/images/10")


def test_only_a_kiosk_leaves_a_pinned_image_by_itself(visitor, failing):
    assert "data-frozen-s" not in page_of(visitor, "/images/10")
    visitor.get("/?kiosk=Station 3")
    assert 'data-frozen-s="60" data-frozen-to="/cameras/A"' in page_of(visitor, "/images/10")


def test_a_page_that_shows_the_newest_is_told_so_in_few_bytes(visitor, failing):
    digest = re.search(r'data-digest="(\w+)"', page_of(visitor, "/cameras/A"))[1]
    assert visitor.get(f"/cameras/A?have={digest}").status_code == 204
    failing.read(20, defect(9, 10, LARGE, x=700))
    assert visitor.get(f"/cameras/A?have={digest}").status_code == 200


def test_a_part_whose_image_is_yet_to_come_is_named(visitor, failing):
    digest = re.search(r'data-digest="(\w+)"', page_of(visitor, "/cameras/A"))[1]
    failing.read(20, trigger(2, "38A NEW"), image(21, "B", 2))
    assert visitor.get(f"/cameras/A?have={digest}").status_code == 200
    page = page_of(visitor, "/cameras/A")
    assert "38A NEW is in front of the cameras: waiting for the image" in words(page)
    assert 'data-verdict="waiting"' in page


def test_a_part_without_an_image_of_this_camera_never_shows_the_verdict_of_the_one_before(visitor, failing):
    failing.read(20, trigger(2, "38A NEW"), image(21, "B", 2))
    failing.files(21, at_s=20)
    failing.read(60)
    assert failing.cameras(2) == {"A": "missing", "B": "pass"}
    page = page_of(visitor, "/cameras/A")
    assert "38A NEW is in front of the cameras: no image for trigger 2" in words(page)
    assert 'data-verdict="missing"' in page
    assert 'data-verdict="fail"' in page_of(visitor, "/images/10")


def test_a_camera_that_the_part_in_front_does_not_need_shows_its_newest_image(sqlite_store, settings_of):
    cameras = [{**TWO[0], "part_types": ["39MC"]}, TWO[1]]
    with opened(settings_of(line={"cameras": cameras, "settle_s": 1, "grace_s": 2})) as app:
        line = Line(app.extensions["hmi"].settings, store_of(app))
        judged(line, 1, defect(1, 10, LARGE), part="39MC")
        line.read(20, trigger(2, "38A NEW", part="40MC"), image(21, "B", 2))
        assert 'data-verdict="fail"' in page_of(app.test_client(), "/cameras/A")


def test_a_page_without_an_image_is_loaded_anew_when_the_first_one_is_there(visitor, line):
    asked = {"HX-Request": "true"}
    assert "HX-Refresh" not in visitor.get("/cameras/A?have=nothing", headers=asked).headers
    judged(line, 1)
    assert visitor.get("/cameras/A?have=nothing", headers=asked).headers["HX-Refresh"] == "true"


def test_what_people_said_stands_beside_the_defect_and_in_the_record(visitor, failing):
    desk = Desk(failing.settings, failing.store)
    desk.defect(1, "okay", reason="only a reflection <b>")
    for path in ("/images/10?defect=1", f"/parts/{SERIAL}"):
        said = words(page_of(visitor, path))
        assert "ann" in said
        assert "only a reflection <b>" in said


def test_a_disposition_that_nobody_knows_is_shown_as_it_stands_and_as_unrecognised(visitor, line):
    judged(line, 1, *(defect(n, 10, LARGE, disposition=said) for n, said in ((1, "SCRAP "), (2, "Scrap"))))
    said = html.unescape(re.sub(r"<[^>]+>", "", page_of(visitor, "/images/10?defect=1&show=all")))
    assert "plant database: “SCRAP ” (unrecognised)" in said
    assert "“SCRAP ” (unrecognised) · plant database" in said
    assert "Scrap · plant database" in said
    page = page_of(visitor, "/images/10?defect=2&show=all")
    assert "plant database: Scrap<" in page


def test_a_page_that_follows_is_told_of_a_decision(visitor, failing):
    digest = re.search(r'data-digest="(\w+)"', page_of(visitor, "/cameras/A"))[1]
    Desk(failing.settings, failing.store).defect(1, "okay")
    assert visitor.get(f"/cameras/A?have={digest}").status_code == 200


def test_an_image_that_waits_says_nothing_of_its_defects(visitor, line):
    line.read(0, trigger(), image(10, "A"), defect(1, 10, x=600))
    page = page_of(visitor, "/images/10?show=all")
    assert "not judged yet" in page
    assert "WAITING" in page
    assert "pass" not in words(page)


def test_a_camera_without_any_image_says_so(visitor, line):
    assert "has brought no image yet" in page_of(visitor, "/cameras/B")


def test_what_the_viewer_draws_has_every_defect_and_region(visitor, failing):
    drawing = visitor.get("/images/10/drawing").get_json()
    assert drawing["defects"][-1] == ["1", 1, "fail", 400, 400, 30, 5, "2.51 × 0.42 mm ✕ size"]
    assert len(drawing["defects"]) == 4
    assert [region["name"] for region in drawing["regions"]] == ["Seal face"]
    assert drawing["px_per_mm"] == pytest.approx(95 / 7.9375)


@pytest.mark.parametrize("box", [{"x": None}, {"width": 0}, {"height": -4}, {"x": 9_999_999}])
def test_a_box_that_cannot_be_drawn_is_listed_all_the_same(visitor, line, box):
    judged(line, 1, defect(1, 10, **box))
    page = page_of(visitor, "/images/10")
    assert 'data-defect="1"' in page
    assert "no geometry" in page
    assert visitor.get("/images/10/drawing").status_code == 200


def test_an_image_with_five_thousand_defects_lists_the_worst_and_draws_all(visitor, line):
    many = [defect(n, 10, LARGE if n == 4000 else 8, x=n % 70 * 70, y=n // 70 * 70) for n in range(1, 5001)]
    judged(line, 1, *many)
    page = page_of(visitor, "/images/10?show=all")
    assert re.search(r'data-defect="(\d+)"', page)[1] == "4000"
    assert page.count("data-defect=") == 200
    assert "4,800 more; all are drawn" in page
    assert len(visitor.get("/images/10/drawing").get_json()["defects"]) == 5000


@pytest.mark.parametrize("rules", ["no regions can judge"])
def test_a_camera_that_cannot_be_judged_is_shown_with_the_reason(visitor, failing, rules):
    bow_tie = [{"x": 0, "y": 0}, {"x": 9, "y": 9}, {"x": 9, "y": 0}, {"x": 0, "y": 9}]
    with failing.store.write() as session:
        session.add(Region(camera_id="A", region_id=rules, size_threshold=1.0, polygon=bow_tie))
    failing.start()
    judged(failing, 2, defect(9, 20), at_s=20)
    assert f"region {rules}" in words(page_of(visitor, "/images/20?show=all"))


def test_the_history_goes_back_page_by_page(visitor, line):
    for number in range(1, 31):
        judged(line, number, serial=f"S{number:03}", at_s=10 * number)
    first = page_of(visitor, "/cameras/A/history")
    assert "S030" in first
    assert "S006" not in first
    older = re.search(r'rel="next" href="([^"]+)"', first)[1].replace("&amp;", "&")
    second = page_of(visitor, older)
    assert "S006" in second
    assert "S007" not in second
    newer = re.search(r'rel="prev" href="([^"]+)"', second)[1].replace("&amp;", "&")
    assert re.findall(r"S\d{3}", page_of(visitor, newer)) == re.findall(r"S\d{3}", first)


def test_the_history_is_narrowed_by_verdict_and_part_type(visitor, failing):
    judged(failing, 2, serial="GOOD ONE", at_s=10, part="41XX")
    assert re.findall(r'href="/images/(\d+)"', page_of(visitor, "/cameras/A/history?verdict=fail")) == ["10"]
    assert re.findall(r'href="/images/(\d+)"', page_of(visitor, "/cameras/A/history?part=41XX")) == ["20"]
    assert "fits that" in page_of(visitor, "/cameras/A/history?part=41XX&verdict=fail")


@pytest.mark.parametrize(
    "asked", ["verdict=good", "before=1", "after=x", "before=9-9-9", "before=%D9%A1-1", "part=" + "x" * 501]
)
def test_a_history_that_nobody_can_have_asked_for_is_refused(visitor, failing, asked):
    page_of(visitor, f"/cameras/A/history?{asked}", 422)


NOT_THERE = [
    "/images/0",
    "/images/-1",
    "/images/99999999999999999999",
    "/images/" + "9" * 5000,
    "/images/١٢",
    "/images/10?defect=99",
    "/images/10?defect=x",
    "/images/77",
    "/images/77/drawing",
    "/cameras/nobody",
    "/cameras/nobody/history",
    "/parts/nobody",
    "/cameras/%00",
    "/parts/%00",
    "/images/10.2",
]


def test_what_is_not_there_is_not_found(visitor, failing, subtests):
    for path in NOT_THERE:
        with subtests.test(path=path):
            page_of(visitor, path, 404)


def test_a_nul_in_a_field_is_refused(visitor, line):
    for path in ("/search?q=%00", "/cameras/A/history?part=%00"):
        assert visitor.get(path).status_code == 400


def test_a_part_shows_all_its_runs_with_their_cameras(visitor, failing):
    judged(failing, 2, at_s=10)
    said = words(page_of(visitor, f"/parts/{SERIAL}"))
    assert said.index("Run 2") < said.index("Run 1")
    assert "1 · Valve body face" in said
    assert "2.51 mm" in said


def test_a_part_shows_what_people_found_by_hand(visitor, failing):
    row = {
        "pass_fail": "FAIL",
        "defect_area": "bore <b>3</b>",
        "scan_datetime": "2026-05-08T10:00:00",
        "cast_id_1": 0,
    }
    with failing.store.write() as session:
        session.add(HandInspection(id=1, serial=SERIAL, row=row))
        session.add(HandInspection(id=2, serial="FOUND BY HAND", row=row))
    page = page_of(visitor, f"/parts/{SERIAL}")
    assert "2026-05-08 10:00:00" in page
    assert "bore &lt;b&gt;3&lt;/b&gt;" in page
    assert "No run of this serial" in page_of(visitor, "/parts/FOUND BY HAND")


def test_a_camera_that_brought_nothing_stands_in_the_record(visitor, line):
    line.read(0, trigger(), image(10, "A"))
    line.files(10)
    line.read(30)
    said = words(page_of(visitor, f"/parts/{SERIAL}"))
    assert "NO IMAGE" in said
    assert "no image came" in said


SERIALS = ["a/b c", "a?b", "a#b", "50% &c", "ü ✓", "<b>", "a\\b", "a+b", "history", "1;2"]


def test_every_serial_has_its_page_and_is_found(visitor, line, subtests):
    for serial in SERIALS:
        with subtests.test(serial=serial):
            judged(line, 1, serial=serial)
            listed = page_of(visitor, f"/search?q={quote(serial)}")
            address = re.search(r'class="found-key" href="([^"]+)"', listed)[1].replace("&amp;", "&")
            assert page_of(visitor, address)
            assert visitor.get("/search", query_string={"q": serial}, headers=JSON).get_json()["found"] == 1


DATABASE_SIGNS = ["%", "_", "\\", "%%%%", "5390_38", "'; DROP TABLE hmi_run; --"]


def test_signs_of_the_database_find_nothing(visitor, failing, subtests):
    for piece in DATABASE_SIGNS:
        with subtests.test(piece=piece):
            page = page_of(visitor, f"/search?q={quote(piece)}")
            assert "No part has that" in page


def test_a_search_for_too_much_says_so(visitor, failing):
    assert "at most 500" in page_of(visitor, "/search?q=" + "A" * 501)


def test_a_scanner_is_told_where_to_go(visitor, failing):
    judged(failing, 2, serial="38A25125390339RFML3P", at_s=10)

    def told(text: str):
        return visitor.get("/search", query_string={"q": text}, headers=JSON).get_json()["address"]

    assert told(SERIAL) == f"/parts/{quote(SERIAL)}"
    assert told(f"\x1d{SERIAL}\r") == f"/parts/{quote(SERIAL)}"
    assert told("90339") == "/parts/38A25125390339RFML3P"
    assert told("38A25125").startswith("/search?q=38A25125")
    assert told("NOT A PART") is None
    assert told("") is None


@given(text=st.text(max_size=40), places=st.text(max_size=20))
def test_no_text_in_an_address_is_a_fault_of_the_server(visitor, failing, text, places):
    text = text.encode("utf-8", "replace").decode()
    places = places.encode("utf-8", "replace").decode()
    for path, asked in (
        ("/search", {"q": text}),
        ("/cameras/A/history", {"part": text, "before": places}),
        ("/cameras/A", {"have": text}),
        ("/images/10", {"defect": text, "show": places}),
        (f"/parts/{quote(text)}", {}),
        (f"/images/{quote(text)}", {}),
    ):
        assert visitor.get(path, query_string=asked).status_code < 500


def test_store_and_files_are_only_read(visitor, failing):
    """Looking changes nothing: neither the version of the screens nor any row."""
    before = dump(failing.store)
    for path in ("/cameras/A", "/images/10", "/cameras/A/history", f"/parts/{SERIAL}", "/search?q=38A"):
        page_of(visitor, path)
    assert dump(failing.store) == before


def dump(store: Store) -> list[tuple]:
    with store.engine.connect() as connection:
        tables = ("hmi_run", "hmi_image", "hmi_defect", "hmi_verdict", "hmi_audit")
        return [
            tuple(row) for table in tables for row in connection.exec_driver_sql(f"SELECT * FROM {table}")
        ]


def test_short_serials_tell_parts_apart_beside_one_that_is_written_otherwise():
    usual = [f"38A2633239{number:04}RFML3P 7006 MC" for number in range(3)]
    assert wording.short_serials(usual) == dict(zip(usual, ["…0000", "…0001", "…0002"], strict=True))
    short = wording.short_serials([*usual, "38A MC 12"])
    assert [short[serial] for serial in usual] == ["…0000", "…0001", "…0002"]
    assert short["38A MC 12"] == "…C 12"


@given(st.sets(st.text("01A ", min_size=1, max_size=9), max_size=8))
def test_every_serial_has_a_short_one(serials):
    assert set(wording.short_serials(serials)) == serials
