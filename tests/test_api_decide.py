"""Decisions over the API: the very ones of the pages, whoever asks."""

import json

import pytest
from sqlalchemy import func, select

from hmi.parts import EXTENSION
from hmi.store.audit import AuditEntry
from hmi.store.decisions import Decision
from hmi.store.outbox import Outgoing
from tests.desk import BEN, Desk
from tests.lines import LARGE, QUICK_LINE, Line, defect, image, trigger
from tests.people import PASSWORD, opened, settle_in, signed_in

LARGEST = 300_000


@pytest.fixture
def make(sqlite_store, settings_of):
    return lambda **sections: opened(settings_of(line=QUICK_LINE, **sections))


@pytest.fixture
def app(make):
    with make() as app:
        settle_in(app.extensions[EXTENSION].store)
        yield app


@pytest.fixture
def line(app) -> Line:
    return line_of(app)


def line_of(app) -> Line:
    house = app.extensions[EXTENSION]
    line = Line(house.settings, house.store)
    line.read(0, trigger(), image(1, "A"), image(2, "B"), defect(1, 1, LARGE), defect(2, 1))
    line.files(1, 2)
    line.read(5)
    return line


@pytest.fixture
def sven(app, line):
    return signed_in(app, "Sven")


def wish(browser, number: int = 1, disposition: str = "okay", **changed) -> dict:
    state = browser.get(f"/api/defects/{number}").json["state"]
    return {"disposition": disposition, "state": state, "key": f"key of {number}", **changed}


def count(app, model) -> int:
    with app.extensions[EXTENSION].store.read() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_a_decision_stands_in_verdict_audit_and_outbox_like_one_of_a_page(app, sven):
    answer = sven.patch("/api/defects/1", json=wish(sven, reason="scratch"))
    assert answer.status_code == 201
    said = answer.json["decision"]
    assert (said["word"], said["who"], said["reason"], said["of"]) == ("okay", "Sven", "scratch", "1")
    assert sven.get("/api/defects/1").json["decision"] == "okay"
    assert sven.get("/api/parts/1").json["verdict"] == "accepted"
    assert [one["word"] for one in sven.get("/api/decisions").json["items"]] == ["okay"]
    assert count(app, Outgoing) == 1
    with app.extensions[EXTENSION].store.read() as session:
        assert "decision" in session.scalars(select(AuditEntry.kind)).all()


def test_sent_again_it_is_one_decision(app, sven):
    sent = wish(sven)
    answers = [sven.patch("/api/defects/1", json=sent) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 200, 200]
    assert count(app, Decision) == 1


def test_who_comes_second_is_told_who_was_first(app, sven, line):
    sent = wish(sven, disposition="scrap")
    Desk(line.settings, line.store).defect(1, "okay", BEN)
    answer = sven.patch("/api/defects/1", json=sent)
    assert (answer.status_code, answer.mimetype) == (409, "application/problem+json")
    assert (answer.json["first"]["who"], answer.json["first"]["word"]) == ("ben", "okay")
    again = sven.patch("/api/defects/1", json={**sent, "state": answer.json["state"]})
    assert again.status_code == 201


def test_it_can_be_taken_back(sven):
    sven.patch("/api/defects/1", json=wish(sven))
    answer = sven.patch("/api/defects/1", json=wish(sven, disposition="undo", key="another key"))
    assert answer.status_code == 201
    assert sven.get("/api/defects/1").json["decision"] is None


def test_what_must_be_signed_is_signed_here_too(make):
    with make(review={"signed": ["scrap"]}) as app:
        settle_in(app.extensions[EXTENSION].store)
        line_of(app)
        sven = signed_in(app, "Sven")
        sent = wish(sven, disposition="scrap")
        answer = sven.patch("/api/defects/1", json=sent)
        assert (answer.status_code, answer.json["needs"]) == (422, "signature")
        assert sven.patch("/api/defects/1", json={**sent, "password": "wrong"}).status_code == 403
        answer = sven.patch("/api/defects/1", json={**sent, "password": PASSWORD})
        assert (answer.status_code, answer.json["decision"]["signed_name"]) == (201, "Sven")


UNFIT_FIELDS = [
    {"disposition": "Scrap"},
    {"disposition": None},
    {"disposition": "use_as_is"},
    {"state": 5},
    {"key": "short"},
    {"key": "x" * 101},
    {"reason": "x" * 1001},
    {"reason": "a\0b"},
    {"reason": "\ud800"},
    {"reason": ["x"]},
    {"id": 1},
    {"version": 1},
    {"created_by": "Ada"},
    {"role": "administrator"},
    {"disposition_by": "Ada"},
]


def test_a_field_that_does_not_fit_is_named_and_nothing_is_decided(app, sven, subtests):
    for changed in UNFIT_FIELDS:
        with subtests.test(changed=changed):
            answer = sven.patch("/api/defects/1", json={**wish(sven), **changed})
            assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
            assert answer.json["errors"][0]["field"]
            assert count(app, Decision) == 0


NO_BODIES = [
    (b"", "application/json", 400),
    (b"{", "application/json", 400),
    (b"\xef\xbb\xbf{}", "application/json", 400),
    (b"\xff", "application/json", 400),
    (b'{"key": 1, "key": 2}', "application/json", 400),
    (b"[" * 100_000, "application/json", 400),
    (b'{"state": ' + b"9" * 6000 + b"}", "application/json", 400),
    (b'{"state": NaN, "disposition": 1e999}', "application/json", 422),
    (b"{}", "application/json; charset=latin-1", 415),
    (b"{}", "text/plain", 415),
    (b"{}", "application/x-www-form-urlencoded", 415),
    (b"{}", "", 415),
    (b"null", "application/json", 422),
    (b"[]", "application/json", 422),
    (b'{"reason": "' + b"x" * LARGEST + b'"}', "application/json", 413),
]


def test_a_body_that_is_none_is_refused_by_what_it_is(app, sven, subtests):
    for body, content_type, status in NO_BODIES:
        with subtests.test(body=body, content_type=content_type, status=status):
            answer = sven.patch("/api/defects/1", data=body, content_type=content_type)
            assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
            assert count(app, Decision) == 0


def test_a_defect_that_is_not_there_is_not_found(sven):
    assert sven.patch("/api/defects/77", json=wish(sven)).status_code == 404


def test_who_may_only_see_decides_nothing(app, sven):
    sent = wish(sven)
    assert app.test_client().patch("/api/defects/1", json=sent).status_code == 401
    assert signed_in(app, "Olga").patch("/api/defects/1", json=sent).status_code == 403
    assert count(app, Decision) == 0


def test_a_machine_decides_under_its_own_name(app, sven):
    page = signed_in(app, "Ada").post("/admin/tokens", data={"name": "Ada", "decide": "yes"}).text
    token = page.partition("<code>")[2].partition("</code>")[0]
    headers = {"Authorization": f"Bearer {token}"}
    answer = app.test_client().patch("/api/defects/1", json=wish(sven), headers=headers)
    assert answer.status_code == 201
    assert (answer.json["decision"]["who"], answer.json["decision"]["role"]) == ("Ada (token)", "machine")


def test_json_says_what_the_page_of_the_same_decision_says(app, sven):
    sent = wish(sven)
    by_page = {"subject": "defect", "of": "1", "word": "okay", "state": sent["state"], "key": sent["key"]}
    assert sven.post("/decisions", json=by_page).status_code == 201
    answer = sven.patch("/api/defects/1", json=sent)
    assert (answer.status_code, answer.json["repeated"]) == (200, True)
    assert json.loads(answer.data)["decision"]["id"] == 1


def test_the_statistics_are_no_defect_that_could_be_decided_on(app):
    answer = app.test_client().patch("/api/defects/statistics", json={})
    assert answer.status_code == 405
    assert "PATCH" not in answer.headers["Allow"]
