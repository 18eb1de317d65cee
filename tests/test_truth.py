"""What is not known, not judged or not from now is said so, on every page and in every export."""

import html
import re

import pytest

from hmi.parts import EXTENSION
from hmi.store.rules import Region
from tests.desk import Desk
from tests.lines import BEGAN, LARGE, SERIAL, Line, defect, image, trigger
from tests.people import PAGE, opened, settle_in, signed_in

TWO = [{"serial": "A", "name": "Face", "order": 1}, {"serial": "B", "name": "Bore", "order": 2}]
CROSSED = [{"x": 0, "y": 0}, {"x": 900, "y": 900}, {"x": 900, "y": 0}, {"x": 0, "y": 900}]
SINCE = "2020-01-01T00:00:00+00:00"


@pytest.fixture
def app(sqlite_store, settings_of):
    line = {"cameras": TWO, "settle_s": 1, "grace_s": 2}
    with opened(settings_of(line=line, review={"since": SINCE})) as app:
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


def words(browser, path: str) -> str:
    answer = browser.get(path, headers=PAGE)
    assert answer.status_code == 200, path
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


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
    page = words(sven, "/images/1?defect=1")
    assert "not judged yet" in page
    assert "< 1.50 mm" not in page
    told = sven.get("/api/defects/image/1").json
    assert {one["verdict"] for one in told["items"]} == {"waiting"}


@pytest.mark.parametrize("path", ["/?run=1", f"/parts/{SERIAL}"])
def test_a_fault_of_the_rules_is_said_where_the_part_is(sven, faulty, path):
    assert re.search(r"1 · Face: cannot be judged: .*Crossed", words(sven, path))


@pytest.mark.parametrize("path", ["/?run=1", f"/parts/{SERIAL}"])
def test_a_camera_that_brought_nothing_is_named_beside_what_another_one_asks(sven, line, path):
    line.read(0, trigger(), image(1, "A"), defect(1, 1, LARGE))
    line.files(1)
    line.read(5)
    page = words(sven, path)
    assert "2 · Bore: no image" in page
    assert "< 1.50 mm" in page


@pytest.mark.parametrize("path", ["/?run=1", f"/parts/{SERIAL}"])
def test_a_part_that_fails_by_a_defect_that_was_deleted_says_why(sven, line, path):
    whole(line, defect(1, 1))
    Desk(line.settings, line.store).defect(1, "scrap")
    line.read(10, gone_defects=((1, 1),))
    assert line.verdict() == "fail"
    assert "1 · Face: no defects · 1 scrapped, not there any more" in words(sven, path)


def test_a_record_says_that_the_part_changed_after_people_decided(sven, line):
    whole(line)
    Desk(line.settings, line.store).part(1, "use_as_is", reason="customer agreed")
    line.read(20, defect(9, 1, LARGE))
    page = words(sven, f"/parts/{SERIAL}")
    assert "changed after it was judged" in page
    assert "changed after people decided" in page
    assert "changed after it was decided" in page
