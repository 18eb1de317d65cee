"""What is not known, not judged or not from now is said so, on every page and in every export."""

import re

import pytest
from sqlalchemy import update

from hmi.judging.publishing import publish_if_changed
from hmi.pages import review as review_pages
from hmi.parts import EXTENSION
from hmi.store import outbox
from hmi.store.outbox import Outgoing
from hmi.store.rules import Region
from tests.desk import Desk
from tests.lines import BEGAN, LARGE, QUICK_LINE, SERIAL, Line, defect, image, trigger
from tests.looking import page_of, words
from tests.people import PAGE, opened, settle_in, signed_in

CROSSED = [{"x": 0, "y": 0}, {"x": 900, "y": 900}, {"x": 900, "y": 0}, {"x": 0, "y": 900}]
SINCE = "2020-01-01T00:00:00+00:00"


@pytest.fixture
def app(sqlite_store, settings_of):
    with opened(settings_of(line=QUICK_LINE, review={"since": SINCE})) as app:
        settle_in(app.extensions[EXTENSION].store)
        yield app


@pytest.fixture
def line(app) -> Line:
    house = app.extensions[EXTENSION]
    return Line(house.settings, house.store)


@pytest.fixture
def sven(app, line):
    return signed_in(app, "Sven")


def whole(line: Line, *rows, at_s: float = 0) -> None:
    """The first part, judged."""
    line.read(at_s, trigger(), image(1, "A"), image(2, "B"), *rows)
    line.files(1, 2, at_s=at_s)
    line.read(at_s + 5)


def said(browser, path: str) -> str:
    return words(page_of(browser, path))


@pytest.fixture
def faulty(line) -> Line:
    """The rules of camera A cannot judge; its image holds one large defect and one small one."""
    with line.store.write() as session:
        session.add(Region(camera_id="A", region_id="Crossed", size_threshold=1.0, polygon=CROSSED))
    with line.store.write() as session:
        line.judging.check_rules(session, BEGAN)
    whole(line, defect(1, 1, LARGE), defect(2, 1, x=900))
    assert line.cameras() == {"A": "unreadable", "B": "pass"}
    return line


def test_no_defect_passes_where_the_rules_cannot_judge(sven, faulty):
    shown = sven.get("/images/1/drawing").json
    assert {row[2] for row in shown["defects"]} == {"waiting"}
    page = said(sven, "/images/1?defect=1")
    assert "not judged yet" in page
    assert "< 1.50 mm" not in page
    told = sven.get("/api/defects/image/1").json
    assert {one["verdict"] for one in told["items"]} == {"waiting"}


@pytest.mark.parametrize("path", ["/?run=1", f"/parts/{SERIAL}"])
def test_a_fault_of_the_rules_is_said_where_the_part_is(sven, faulty, path):
    assert re.search(r"1 · Valve body face: cannot be judged: .*Crossed", said(sven, path))


@pytest.mark.parametrize("path", ["/?run=1", f"/parts/{SERIAL}"])
def test_a_camera_that_brought_nothing_is_named_beside_what_another_one_asks(sven, line, path):
    line.read(0, trigger(), image(1, "A"), defect(1, 1, LARGE))
    line.files(1)
    line.read(5)
    page = said(sven, path)
    assert "2 · Bore: no image" in page
    assert "< 1.50 mm" in page


@pytest.mark.parametrize("path", ["/?run=1", f"/parts/{SERIAL}"])
def test_a_part_that_fails_by_a_defect_that_was_deleted_says_why(sven, line, path):
    whole(line, defect(1, 1))
    Desk(line.settings, line.store).defect(1, "scrap")
    line.read(10, gone_defects=((1, 1),))
    assert line.verdict() == "fail"
    assert "1 · Valve body face: no defects · 1 scrapped, not there any more" in said(sven, path)


def test_a_record_says_that_the_part_changed_after_people_decided(sven, line):
    whole(line)
    Desk(line.settings, line.store).part(1, "use_as_is", reason="customer agreed")
    line.read(20, defect(9, 1, LARGE))
    page = said(sven, f"/parts/{SERIAL}")
    assert "changed after it was judged" in page
    assert "changed after people decided" in page
    assert "changed after it was decided" in page


def test_a_dead_camera_is_no_good_shift(sven, line):
    for number in range(1, 4):
        line.read(100 * number, trigger(number, f"S{number}"), image(number, "B", number))
        line.files(number, at_s=100 * number)
        line.read(100 * number + 50)
    time = "since=2026-05-01T00:00&until=2026-06-01T00:00"
    cameras = {row["name"]: row for row in statistics(sven)["by_camera"]}
    assert (cameras["A"]["images"], cameras["A"]["missing_images"]) == (0, 3)
    assert (cameras["B"]["images"], cameras["B"]["missing_images"]) == (3, 0)
    page = said(sven, f"/statistics?{time}&camera=A")
    assert re.search(r"Fail rate — Failing defects per image —", page)
    assert re.search(r"Parts 3 Fail rate — ", said(sven, f"/statistics?{time}"))


def statistics(browser) -> dict:
    time = "since=2026-05-01T00:00:00Z&until=2026-06-01T00:00:00Z"
    return browser.get(f"/api/defects/statistics?{time}").json


def test_defects_that_nobody_judged_are_not_those_that_nobody_is_asked_about(sven, faulty):
    assert [row["name"] for row in statistics(sven)["by_disposition"]] == ["not judged"]


def test_an_open_conflict_is_shown_however_many_were_settled_since(sven, line, monkeypatch):
    """All others were decided on again, and written."""
    monkeypatch.setattr(review_pages, "LISTED", 3)
    whole(line, *(defect(number, 1, LARGE, x=100 * number) for number in range(1, 8)))
    desk = Desk(line.settings, line.store)
    for number in range(1, 8):
        desk.defect(number, "okay")
    end_all(line, outbox.CONFLICT)
    assert "Only the newest 3 are shown" in said(sven, "/review/conflicts")
    for number in range(2, 8):
        desk.defect(number, "scrap")
    end_all(line, outbox.DONE)
    shown = sven.get("/review/conflicts", headers=PAGE).text
    assert re.findall(r"\?defect=(\d+)", shown) == ["1"]


def end_all(line: Line, state: str) -> None:
    """What waits to be written has ended so."""
    with line.store.write() as session:
        pending = update(Outgoing).where(Outgoing.state == outbox.PENDING)
        session.execute(pending.values(state=state))


@pytest.mark.parametrize("path", [f"/parts/{SERIAL}", "/review", "/search?q=38A", "/statistics"])
def test_pages_say_that_the_plant_is_not_being_read(sven, line, path):
    whole(line)
    assert "When the plant database was read last is not known yet" in said(sven, path)


@pytest.mark.parametrize("path", [f"/api/parts?serial={SERIAL}", "/api/images/1", "/api/verdicts"])
def test_programs_are_told_that_the_plant_is_not_being_read(sven, line, path):
    whole(line)
    assert sven.get(path).headers["X-HMI-Live"] == "false"


@pytest.mark.parametrize(
    "path",
    ["/admin/audit?who=%00", "/admin/audit.csv?kind=%00", "/review?camera=%00", "/decisions/keys/%00"],
)
def test_a_character_that_no_database_knows_is_bad_input_and_no_fault(app, path):
    assert signed_in(app, "Ada").get(path, headers=PAGE).status_code == 400


def test_a_signer_that_is_no_text_is_refused(sven, line):
    whole(line, defect(1, 1, LARGE))
    sent = {"subject": "defect", "of": "1", "word": "okay", "state": "x", "key": "aaaaaaaa"}
    answer = sven.post("/decisions", json={**sent, "signer": "a\0b", "password": "x"})
    assert (answer.status_code, "signer: holds characters" in answer.text) == (422, True)


NO_POLYGONS = [
    [[1, 1], [2, 2], [3, 1]],
    [{"x": "12", "y": "3"}, {"x": 1, "y": 1}, {"x": 5, "y": 9}],
    [{"x": None, "y": 3}],
    [{"X": 1, "Y": 2}],
    {"a": 1},
]


@pytest.mark.parametrize("polygon", NO_POLYGONS)
def test_a_row_of_regions_that_is_none_is_a_fault_of_its_version_and_of_no_page(app, line, polygon, subtests):
    whole(line)
    with line.store.write() as session:
        session.add(Region(camera_id="A", region_id="By hand", size_threshold=1.0, polygon=polygon))
    with line.store.write() as session:
        version = publish_if_changed(session, line.settings, BEGAN, None).version
    browser = signed_in(app, "Edda")
    at = "/cameras/A"
    for path in (
        "/api/regions/camera/A",
        *(f"{at}/regions.{kind}" for kind in ("svg", "yaml", "annotations.json")),
        f"{at}/regions",
        f"{at}/draft",
        f"{at}/versions/{version}",
        f"{at}/versions/{version}/drawing",
        f"{at}/versions/compare?a=1&b={version}",
        "/images/1",
    ):
        with subtests.test(path=path):
            assert browser.get(path, headers=PAGE).status_code == 200


@pytest.mark.parametrize("path", ["/?run=1", f"/parts/{SERIAL}"])
def test_a_camera_that_nobody_expects_keeps_no_part_from_passing_and_is_not_said_to(sven, line, path):
    line.read(0, trigger(), image(1, "A"), image(2, "B"), image(3, "Z"))
    line.files(1, 2)
    line.files(3, state="absent")
    line.read(9)
    assert line.verdict() == "pass"
    assert "Z: " not in said(sven, path)
