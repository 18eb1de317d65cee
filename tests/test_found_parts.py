"""The history of a camera, the record of a part, the search: as they are served."""

import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hmi import wording
from hmi.store import Store
from hmi.store.mirror import HandInspection
from tests import looking
from tests.lines import SERIAL, image, trigger
from tests.looking import judged, page_of, words

JSON = {"Accept": "application/json"}

app = looking.app
visitor = looking.visitor
line = looking.line
failing = looking.failing


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
