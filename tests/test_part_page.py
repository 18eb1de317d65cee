"""`/parts/<serial>` as the place where a part is decided on: also when the queue has let go of it."""

import re

import pytest

from hmi.camera import record
from hmi.parts import EXTENSION
from hmi.store.decisions import PART
from tests.lines import LARGE, QUICK_LINE, Line, defect, image, trigger
from tests.people import PAGE, opened, settle_in, signed_in

SERIAL = "38A 1"
PATH = "/parts/38A%201"
KEYS = ["use_as_is", "rework", "impregnate", "scrap", "hold"]


@pytest.fixture
def app(sqlite_store, settings_of):
    with opened(settings_of(line=QUICK_LINE, review={"second_person": True})) as app:
        settle_in(app.extensions[EXTENSION].store)
        yield app


@pytest.fixture
def line(app) -> Line:
    """A part that failed, and passed when it came again."""
    house = app.extensions[EXTENSION]
    line = Line(house.settings, house.store)
    line.read(0, trigger(serial=SERIAL), image(1, "A"), image(2, "B"), defect(1, 1, LARGE))
    line.files(1, 2)
    line.read(5, trigger(2, SERIAL), image(3, "A", 2), image(4, "B", 2))
    line.files(3, 4, at_s=5)
    line.read(10)
    return line


@pytest.fixture
def sven(app, line):
    return signed_in(app, "Sven")


def panel(body: str, run: str) -> str:
    """The panel of a run, with the `<details>` that it stands in."""
    summary = r'<details class="of-part"[^<]*<summary>[^<]*</summary>'
    found = re.search(rf'{summary}\s*<section id="decide-part-{run}".*?</details>', body, re.DOTALL)
    assert found, run
    return found[0]


def form(body: str, run: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', panel(body, run)))


def is_open(body: str, run: str) -> bool:
    return panel(body, run).startswith('<details class="of-part" open>')


def decide(browser, run: str, word: str, **typed: str):
    """By the form of the page, as a browser without JavaScript sends it."""
    sent = {**form(browser.get(PATH, headers=PAGE).text, run), "word": word, **typed}
    return browser.post("/decisions", data=sent, headers=PAGE)


def test_every_run_can_be_decided_on_and_the_newest_lies_open(sven):
    body = sven.get(PATH, headers=PAGE).text
    for run in ("1", "2"):
        assert re.findall(r'name="word" value="(\w+)"', panel(body, run)) == [*KEYS, "comment"]
    assert (is_open(body, "2"), is_open(body, "1")) == (True, False)


def test_a_passed_part_is_put_on_hold_and_released_again(sven, line, desk):
    assert line.verdict(2) == "pass"
    answer = decide(sven, "2", "hold", reason="waits for the lab")
    assert (answer.status_code, answer.headers["Location"]) == (303, PATH)
    assert desk.in_force(PART, 2) == "hold"
    assert decide(sven, "2", "undo").headers["Location"] == PATH
    assert desk.in_force(PART, 2) is None


def test_a_part_that_nothing_came_of_is_put_on_hold(sven, line, desk):
    line.read(20, trigger(3, SERIAL), image(5, "A", 3))
    line.read(40)
    assert line.verdict(3) in ("missing", "unreadable")
    decide(sven, "3", "hold")
    assert desk.in_force(PART, 3) == "hold"


def test_a_second_person_agrees_on_the_page_of_the_part(app, sven, desk):
    decide(sven, "1", "use_as_is", reason="cosmetic")
    assert desk.in_force(PART, 1) is None
    edda = signed_in(app, "Edda")
    body = edda.get(PATH, headers=PAGE).text
    assert "Sven proposed it; a second person must agree" in panel(body, "1")
    assert is_open(body, "1")
    decide(edda, "1", "use_as_is", reason="agreed")
    assert desk.in_force(PART, 1) == "use_as_is"


def test_an_earlier_run_on_which_something_was_said_lies_open(sven, desk):
    desk.part(1, "scrap")
    assert is_open(sven.get(PATH, headers=PAGE).text, "1")


def test_a_refusal_without_javascript_leads_back_to_the_part(sven):
    answer = decide(sven, "1", "use_as_is")
    assert answer.status_code == 422
    assert "this overrides the rules" in answer.text
    assert f'<a class="key" href="{PATH}">' in answer.text


@pytest.mark.parametrize("name", [None, "Olga"])
def test_whoever_may_not_decide_sees_how_the_part_stands_and_who_said_so(app, desk, name):
    desk.part(2, "hold", reason="waits for the lab")
    body = (signed_in(app, name) if name else app.test_client()).get(PATH, headers=PAGE).text
    shown = panel(body, "2")
    assert re.search(r'class="stands-word is-hold">.*hold</p>\s*<p>ann · .*“waits for the lab”', shown)
    assert "<button" not in shown
    assert "decide.js" not in body
    assert ("Sign in to decide" in shown) == (name is None)


def test_the_page_of_whoever_decides_has_what_its_panel_needs(sven):
    body = sven.get(PATH, headers=PAGE).text
    assert "js/decide.js" in body
    assert "css/decide.css" in body
    assert '<a class="key" href="#decide-part-2">Decide</a>' in body


def test_what_is_on_hold_leads_to_where_it_is_decided(sven, desk):
    desk.part(1, "hold")
    body = sven.get("/review/holds", headers=PAGE).text
    assert f'<a class="key" href="{PATH}#decide-part-1">Decide</a>' in body
    assert 'id="decide-part-1"' in sven.get(PATH, headers=PAGE).text


@pytest.mark.parametrize("serial", [None, "a\\b", ".."])
def test_a_part_whose_serial_leads_nowhere_has_its_panel_alone(sven, line, desk, serial):
    line.read(20, trigger(3, serial), image(5, "A", 3))
    desk.part(3, "hold")
    alone = "/decisions/panel/part/3"
    assert f'href="{alone}#decide-part-3"' in sven.get("/review/holds", headers=PAGE).text
    body = sven.get(alone, headers=PAGE).text
    assert "<h1>Decision on this part</h1>" in body
    assert f'<input type="hidden" name="next" value="{alone}">' in body


def test_of_more_than_a_page_shows_the_newest_stand_there_and_the_rest_is_counted(sven, desk, monkeypatch):
    monkeypatch.setattr(record, "MOST_SAID", 3)
    for number in range(1, 6):
        desk.part(1 + number % 2, "comment", reason=f"note {number}")
    shown = re.search(r'<section id="decided".*?</section>', sven.get(PATH, headers=PAGE).text, re.DOTALL)[0]
    assert re.findall(r"note \d", shown) == ["note 3", "note 4", "note 5"]
    assert "2 older entries are not shown" in shown
