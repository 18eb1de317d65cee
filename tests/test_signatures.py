"""A decision that must be signed: password again, in place, for one act, whoever's session it is."""

import pytest
from sqlalchemy import func, select

from hmi.parts import EXTENSION
from hmi.store import users
from hmi.store.decisions import DEFECT, PART, Decision
from tests.desk import Desk
from tests.lines import LARGE, QUICK_LINE, Line, defect, image, trigger
from tests.people import (
    PAGE,
    PASSWORD,
    audited,
    is_signed_in,
    number_of,
    opened,
    settle_in,
    signed_in,
    store_of,
)
from tests.test_review_page import ticks

JSON = {"Accept": "application/json"}
REVIEW = {"signed": ["scrap", "use_as_is"], "reason_needed": "never"}


@pytest.fixture
def review() -> dict:
    return REVIEW


@pytest.fixture
def app(sqlite_store, settings_of, review):
    with opened(settings_of(line=QUICK_LINE, review=review)) as app:
        settle_in(store_of(app))
        yield app


@pytest.fixture
def line(app) -> Line:
    line = Line(app.extensions[EXTENSION].settings, store_of(app))
    line.read(0, trigger(), image(1, "A"), image(2, "B"), defect(1, 1, LARGE), defect(2, 1, LARGE))
    line.files(1, 2)
    line.read(5)
    return line


@pytest.fixture
def sven(app):
    return signed_in(app, "Sven")


def fields(desk: Desk, **changed) -> dict:
    usual = {"subject": "defect", "of": "1", "word": "scrap", "key": "0123456789"}
    return {**usual, "state": desk.state(DEFECT, (1, 1)), **changed}


def count(app) -> int:
    with store_of(app).read() as session:
        return session.scalar(select(func.count()).select_from(Decision)) or 0


def entry(app) -> Decision:
    with store_of(app).read() as session:
        return session.scalars(select(Decision).order_by(Decision.id.desc())).first()


def test_without_a_signature_it_is_refused_and_said_what_it_needs(app, sven, desk):
    answer = sven.post("/decisions", json=fields(desk), headers=JSON)
    assert (answer.status_code, answer.json["needs"]) == (422, "signature")
    assert count(app) == 0


def test_a_decision_that_need_not_be_signed_is_taken_as_ever(app, sven, desk):
    assert sven.post("/decisions", json=fields(desk, word="okay")).status_code == 201
    assert entry(app).signed_name is None


def test_a_signed_one_bears_name_time_and_meaning(app, sven, desk):
    assert sven.post("/decisions", json=fields(desk, password=PASSWORD)).status_code == 201
    kept = entry(app)
    assert (kept.who, kept.signed_name, kept.meaning) == ("Sven", "Sven", "I looked at this and decided it")
    assert kept.signed_at is not None
    assert audited(app, "decision")[0].details["signature"]["name"] == "Sven"


def test_a_wrong_password_decides_nothing_and_ends_nothing(app, sven, desk):
    answer = sven.post("/decisions", json=fields(desk, password="wrong"), headers=JSON)
    assert (answer.status_code, answer.json["needs"]) == (403, "signature")
    assert count(app) == 0
    assert is_signed_in(sven)


def test_guesses_are_limited_as_at_the_sign_in(app, sven, desk):
    sent = fields(desk, password="wrong")
    answers = [sven.post("/decisions", json=sent, headers=JSON) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [403] * 10 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 500
    good = sven.post("/decisions", json=fields(desk, password=PASSWORD), headers=JSON)
    assert good.status_code == 429
    assert count(app) == 0


def test_a_refused_decision_with_a_good_password_is_no_guess(app, sven, desk):
    stale = fields(desk, password=PASSWORD, state="0-stale")
    answers = [sven.post("/decisions", json=stale, headers=JSON).status_code for _ in range(12)]
    assert answers == [409] * 12


def test_a_second_person_signs_at_the_same_screen_and_the_session_stays_whose_it_was(app, sven, desk):
    sent = fields(desk, signer="edda", password=PASSWORD)
    assert sven.post("/decisions", json=sent).status_code == 201
    assert (entry(app).who, entry(app).role) == ("Edda", "engineer")
    assert audited(app, "decision")[0].details["session_of"] == "Sven"
    assert "Sven" in sven.get("/account", headers={"Accept": "text/html"}).text


@pytest.mark.parametrize("review", [{**REVIEW, "second_person": True}])
def test_use_as_is_by_two_people_at_one_screen(sven, desk):
    part = {"subject": "part", "word": "use_as_is", "password": PASSWORD}
    first = fields(desk, **part, state=desk.state(PART, (1, 1)))
    assert sven.post("/decisions", json=first).json["decision"]["act"] == "propose"
    again = fields(desk, **part, state=desk.state(PART, (1, 1)), key="the second one")
    refused = sven.post("/decisions", json=again, headers=JSON)
    assert (refused.status_code, refused.json["needs"]) == (409, "second person")
    agreed = sven.post("/decisions", json={**again, "signer": "Edda"})
    assert (agreed.status_code, agreed.json["decision"]["meaning"]) == (201, "I looked at this and agree")


@pytest.mark.parametrize("signer", ["Olga", "Otto"])
def test_whoever_may_not_decide_cannot_sign(app, sven, desk, signer):
    answer = sven.post("/decisions", json=fields(desk, signer=signer, password=PASSWORD), headers=JSON)
    assert answer.status_code == 403
    assert count(app) == 0


def test_who_owes_a_password_of_their_own_cannot_sign(app, sven, desk):
    with store_of(app).write() as session:
        users.locked(session, number_of(app, "Edda")).must_change = True
    answer = sven.post("/decisions", json=fields(desk, signer="Edda", password=PASSWORD), headers=JSON)
    assert (answer.status_code, "password" in answer.json["error"]) == (403, True)


def test_taking_back_what_was_signed_must_be_signed_too(app, sven, desk):
    sven.post("/decisions", json=fields(desk, password=PASSWORD))
    undo = fields(desk, word="undo", key="to take it back")
    assert sven.post("/decisions", json=undo, headers=JSON).json["needs"] == "signature"
    assert sven.post("/decisions", json={**undo, "password": PASSWORD}).status_code == 201
    assert entry(app).meaning == "I take this decision back"


def test_one_signature_stands_under_many_decisions(app, sven, desk):
    items = [
        {"of": str(number), "state": desk.state(DEFECT, (1, number)), "key": f"one of many {number}"}
        for number in (1, 2)
    ]
    sent = {"word": "scrap", "items": items}
    refused = sven.post("/decisions/batch", json=sent).json["refused"]
    assert [one["needs"] for one in refused] == ["signature"] * 2
    taken = sven.post("/decisions/batch", json={**sent, "password": PASSWORD}).json["taken"]
    assert [one["decision"]["signed_name"] for one in taken] == ["Sven"] * 2


def test_a_refusal_in_a_page_says_what_it_needs(sven, desk):
    answer = sven.post("/decisions", data=fields(desk), headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert 'class="field is-wrong"><label for="password-defect-1"' in answer.text


def test_without_javascript_a_batch_that_must_be_signed_is_shown_again_with_what_was_typed(app, sven, desk):
    items = ticks(sven.get("/review?past=1", headers=PAGE).text)
    sent = {"item": items, "word": "scrap", "reason": "burr", "next": "/review"}
    refused = sven.post("/decisions/batch", data=sent, headers=PAGE)
    wrong = sven.post("/decisions/batch", data={**sent, "signer": "Edda", "password": "x"}, headers=PAGE)
    assert (refused.status_code, wrong.status_code) == (422, 403)
    assert (ticks(refused.text), ticks(wrong.text)) == (items, items)
    assert 'value="burr"' in refused.text
    assert 'value="Edda"' in wrong.text
    assert "Name, password or code is wrong." in wrong.text
    signed = sven.post("/decisions/batch", data={**sent, "password": PASSWORD}, headers=PAGE)
    assert (signed.status_code, count(app)) == (303, 2)


def test_no_password_reaches_the_log_or_the_store(app, sven, desk, caplog):
    sven.post("/decisions", json=fields(desk, password=PASSWORD))
    assert PASSWORD not in caplog.text
    assert PASSWORD not in str([vars(one) for one in audited(app, "decision")])
