"""`POST /decisions` as browsers and programs ask it: answers, conflicts, bad input, who may."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from hmi.parts import EXTENSION
from hmi.store.decisions import DEFECT, PART, Decision
from tests.desk import Desk
from tests.lines import LARGE, QUICK_LINE, Line, defect, image, trigger
from tests.people import opened, settle_in, signed_in
from tests.waiting import until


@pytest.fixture
def app(sqlite_store, settings_of):
    with opened(settings_of(line=QUICK_LINE)) as app:
        settle_in(app.extensions[EXTENSION].store)
        yield app


@pytest.fixture
def line(app) -> Line:
    house = app.extensions[EXTENSION]
    line = Line(house.settings, house.store)
    line.read(0, trigger(), image(1, "A"), image(2, "B"), defect(1, 1, LARGE))
    line.files(1, 2)
    line.read(5)
    return line


@pytest.fixture
def sven(app):
    """A supervisor at a kiosk."""
    browser = signed_in(app, "Sven")
    browser.get("/?kiosk=Station 3", headers={"Accept": "text/html"})
    return browser


def fields(desk: Desk, word: str = "okay", **changed) -> dict:
    state = desk.state(DEFECT, (1, 1))
    usual = {"subject": "defect", "of": "1", "word": word, "state": state, "key": "0123456789", "image": "1"}
    return {**usual, **changed}


def count(line: Line) -> int:
    with line.store.read() as session:
        return session.scalar(select(func.count()).select_from(Decision)) or 0


def test_a_decision_is_answered_with_what_stands_now(sven, desk):
    answer = sven.post("/decisions", json=fields(desk, reason="scratch"))
    assert answer.status_code == 201
    said = answer.json["decision"]
    assert (said["word"], said["who"], said["station"], said["reason"]) == (
        "okay",
        "Sven",
        "Station 3",
        "scratch",
    )
    assert said["state"] == desk.state(DEFECT, (1, 1))


def test_an_accepted_part_is_on_the_grid_within_a_second(app, sven, desk):
    follower = app.extensions[EXTENSION].follower
    follower.start()
    until(lambda: follower.snapshot is not None)
    sven.post("/decisions", json=fields(desk))
    until(lambda: 'data-verdict="accepted"' in follower.snapshot.fragment.decode(), within_s=1)
    assert "1 of 1 defect okayed" in follower.snapshot.fragment.decode()


def test_a_double_tap_is_one_decision(sven, desk, line):
    sent = fields(desk)
    answers = [sven.post("/decisions", json=sent) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 200, 200]
    assert len({answer.json["decision"]["id"] for answer in answers}) == 1
    assert count(line) == 1


def test_the_second_person_gets_409_with_who_was_first(app, sven, desk):
    sent = fields(desk)
    sven.post("/decisions", json=sent)
    answer = signed_in(app, "Edda").post("/decisions", json={**sent, "word": "scrap", "key": "another key"})
    assert answer.status_code == 409
    assert (answer.json["first"]["who"], answer.json["first"]["word"]) == ("Sven", "okay")
    assert answer.json["state"] == desk.state(DEFECT, (1, 1))


def test_of_racers_exactly_one_wins(app, sven, desk, line):
    sent = fields(desk)
    token = sven.get_cookie("hmi_session").value

    def race(number: int) -> int:
        browser = app.test_client()
        browser.set_cookie("hmi_session", token)
        return browser.post("/decisions", json={**sent, "key": f"racer number {number}"}).status_code

    with ThreadPoolExecutor(8) as racers:
        answers = list(racers.map(race, range(24)))
    assert sorted(answers) == [201] + [409] * 23
    assert count(line) == 1


def test_a_form_is_answered_with_a_fragment(sven, desk):
    answer = sven.post("/decisions", data=fields(desk), headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert 'id="decide-defect-1"' in answer.text
    assert 'data-word="okay"' in answer.text
    assert "Sven" in answer.text


def test_a_conflict_as_a_fragment_names_who_was_first(sven, desk):
    sent = fields(desk)
    sven.post("/decisions", data=sent)
    stale = {**sent, "key": "another key", "reason": "<script>"}
    answer = sven.post("/decisions", data=stale, headers={"HX-Request": "true"})
    assert answer.status_code == 409
    assert "Sven said “okay (false call)”" in answer.text
    assert 'value="&lt;script&gt;"' in answer.text  # nothing that was typed is lost


BAD_INPUT = [
    ({"word": "maybe"}, 422),
    ({"word": "SCRAP "}, 422),
    ({"word": "hold"}, 422),
    ({"word": ""}, 422),
    ({"word": ["okay"]}, 422),
    ({"word": "comment"}, 422),
    ({"subject": "camera"}, 422),
    ({"of": "0"}, 422),
    ({"of": "-1"}, 422),
    ({"of": "9" * 5000}, 422),
    ({"of": "١٢"}, 422),
    ({"of": 1}, 422),
    ({"of": "99"}, 404),
    ({"image": "2"}, 409),
    ({"state": "0-stale"}, 409),
    ({"key": "short"}, 422),
    ({"key": "k" * 101}, 422),
    ({"reason": "a\x00b"}, 422),
    ({"reason": "\ud800"}, 422),
    ({"reason": "x" * 1001}, 422),
    ({"who": "somebody else"}, 422),
    ({"id": 7}, 422),
]


def test_bad_input_changes_nothing(sven, desk, line, subtests):
    for changed, status in BAD_INPUT:
        with subtests.test(changed=changed, status=status):
            answer = sven.post("/decisions", json=fields(desk, **changed))
            assert answer.status_code == status
            assert answer.is_json
            assert count(line) == 0


NO_OBJECTS = ["", "[]", "null", "{", '"okay"', "[" * 100_000]


def test_a_body_that_is_no_object_is_refused(sven, line, subtests):
    for body in NO_OBJECTS:
        with subtests.test(body=body):
            answer = sven.post("/decisions", data=body, content_type="application/json")
            assert answer.status_code in (400, 422)


@pytest.mark.parametrize(("who", "status"), [(None, 401), ("Olga", 403)])
def test_who_may_not_decide_decides_nothing(app, desk, line, who, status):
    browser = signed_in(app, who) if who else app.test_client()
    answer = browser.post("/decisions", json=fields(desk), headers={"Accept": "application/json"})
    assert answer.status_code == status
    assert count(line) == 0


def test_a_foreign_form_is_refused(app, sven, desk, line):
    app.config["WTF_CSRF_ENABLED"] = True
    assert sven.post("/decisions", data=fields(desk)).status_code == 403
    assert count(line) == 0


def test_reading_the_address_changes_nothing(sven, line):
    assert sven.get("/decisions").status_code == 405


def test_a_part_on_hold_says_so_on_its_screen(sven, desk):
    part = {"subject": "part", "of": "1", "word": "hold", "state": desk.state(PART, (1, 1)), "image": ""}
    assert sven.post("/decisions", json=fields(desk, **part)).status_code == 201
    page = sven.get("/?run=1", headers={"Accept": "text/html"}).text
    assert "hold · Sven" in page


def test_a_store_without_a_free_connection_is_said_at_once(app, sven, desk):
    engine = app.extensions[EXTENSION].store.engine
    sent = fields(desk)
    held = [engine.raw_connection() for _ in range(engine.pool.size() + engine.pool._max_overflow)]
    try:
        began = time.monotonic()
        answer = sven.post("/decisions", json=sent)
        assert time.monotonic() - began < 5
    finally:
        for connection in held:
            connection.close()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert sven.post("/decisions", json=sent).status_code == 201
