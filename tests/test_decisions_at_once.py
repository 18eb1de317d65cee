"""Many decisions in one request; decisions while the store fails; two processes on one store."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session

from hmi.parts import EXTENSION
from hmi.review import left
from hmi.store.decisions import DEFECT, Decision
from tests.desk import Desk
from tests.full_disks import full
from tests.lines import LARGE, QUICK_LINE, Line, defect, image, trigger
from tests.people import number_of, opened, settle_in, signed_in, store_of
from tests.proxy import Proxy

JSON = {"Accept": "application/json"}
MANY = range(1, 41)
LINE = QUICK_LINE


def part_with_defects(app: Flask) -> Desk:
    """A part that fails forty times on camera A."""
    settle_in(store_of(app))
    line = Line(app.extensions[EXTENSION].settings, store_of(app))
    rows = [defect(number, 1, LARGE, x=100 * number) for number in MANY]
    line.read(0, trigger(), image(1, "A"), image(2, "B"), *rows)
    line.files(1, 2)
    line.read(5)
    return Desk(line.settings, line.store)


@pytest.fixture
def app(sqlite_store, settings_of) -> Iterator[Flask]:
    with opened(settings_of(line=LINE)) as app:
        yield app


@pytest.fixture
def desk(app) -> Desk:
    return part_with_defects(app)


@pytest.fixture
def sven(app, desk):
    return signed_in(app, "Sven")


def item(desk: Desk, number: int, **changed: str) -> dict:
    state = desk.state(DEFECT, (1, number))
    return {"of": str(number), "state": state, "key": f"one of many {number}", **changed}


def fields(desk: Desk, number: int = 1, **changed: str) -> dict:
    return {**item(desk, number), "subject": "defect", "word": "okay", **changed}


def count(store) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(Decision)) or 0


def verdict(app: Flask) -> str:
    with store_of(app).read() as session:
        return session.scalar(text("SELECT verdict FROM hmi_run"))


def test_many_defects_are_decided_at_once(app, sven, desk):
    answer = sven.post("/decisions/batch", json={"word": "okay", "items": [item(desk, one) for one in MANY]})
    assert (answer.status_code, len(answer.json["taken"]), answer.json["refused"]) == (200, len(MANY), [])
    assert verdict(app) == "accepted"
    with store_of(app).read() as session:
        assert left(session, desk.settings).defects == 0


def test_what_cannot_be_taken_is_refused_by_itself_and_the_others_stand(app, sven, desk):
    desk.defect(2, "scrap")
    items = [item(desk, 1), item(desk, 2, state="0-stale"), item(desk, 3), item(desk, 3, of="99")]
    answer = sven.post("/decisions/batch", json={"word": "okay", "items": items})
    assert [one["decision"]["of"] for one in answer.json["taken"]] == ["1", "3"]
    first, second = answer.json["refused"]
    assert (first["of"], first["status"], first["first"]["who"]) == ("2", 409, "ann")
    assert (second["of"], second["status"]) == ("99", 422)  # its key was used for another decision
    assert [desk.in_force(DEFECT, number) for number in (1, 2, 3, 4)] == ["okay", "scrap", "okay", None]


def test_many_sent_twice_are_taken_once(app, sven, desk):
    sent = {"word": "okay", "items": [item(desk, one) for one in MANY]}
    sven.post("/decisions/batch", json=sent)
    again = sven.post("/decisions/batch", json=sent)
    assert [one["repeated"] for one in again.json["taken"]] == [True] * len(MANY)
    assert count(store_of(app)) == len(MANY)


def test_many_are_taken_back_at_once(app, sven, desk):
    sven.post("/decisions/batch", json={"word": "okay", "items": [item(desk, one) for one in MANY]})
    back = [item(desk, one, key=f"taken back {one}") for one in MANY]
    sven.post("/decisions/batch", json={"word": "undo", "items": back})
    assert verdict(app) == "fail"


BAD_BATCHES = [
    {"word": "okay"},
    {"word": "okay", "items": []},
    {"word": "okay", "items": [{}]},
    {"word": "okay", "items": [{"of": "1", "state": "x", "key": "12345678", "who": "Ada"}]},
    {"word": "okay", "items": [{"of": "1", "state": "x", "key": "12345678"}] * 201},
    {"word": "okay", "items": "1"},
]


def test_bad_batches_change_nothing(app, sven, subtests):
    for sent in BAD_BATCHES:
        with subtests.test(sent=sent):
            assert sven.post("/decisions/batch", json=sent, headers=JSON).status_code == 422
            assert count(store_of(app)) == 0


def test_by_its_key_one_learns_whether_it_was_taken(sven, desk):
    sent = fields(desk, key="a key of its own")
    assert sven.get("/decisions/keys/a key of its own", headers=JSON).status_code == 404
    sven.post("/decisions", json=sent)
    found = sven.get("/decisions/keys/a key of its own", headers=JSON)
    assert (found.status_code, found.json["decision"]["who"]) == (200, "Sven")


def test_two_processes_take_one_decision_once(app, sven, desk, settings_of):
    sent = fields(desk)
    with opened(settings_of(line=LINE)) as other:
        browsers = [sven, signed_in(other, "Sven")]
        with ThreadPoolExecutor(2) as racers:
            answers = list(
                racers.map(lambda one: one.post("/decisions", json=sent).status_code, browsers * 4)
            )
    assert sorted(set(answers)) == [200, 201]
    assert count(store_of(app)) == 1


def test_whose_role_was_taken_away_decides_nothing_any_more(app, sven, desk):
    path = f"/admin/users/{number_of(app, 'Sven')}/role"
    signed_in(app, "Ada").post(path, data={"role": "operator"})
    assert sven.post("/decisions", json=fields(desk), headers=JSON).status_code == 403
    assert count(store_of(app)) == 0


@pytest.fixture
def proxied(postgres_server, migrated, settings_of) -> Iterator[tuple[Flask, Proxy]]:
    """An application whose store is reached through a cable that can be pulled."""
    with postgres_server.database(migrated) as url, Proxy(postgres_server.port) as proxy:
        through = url.replace(f":{postgres_server.port}/", f":{proxy.port}/")
        with opened(settings_of(line=LINE, store={"url": through})) as app:
            yield app, proxy


@pytest.mark.postgres
def test_a_connection_lost_in_the_commit_is_never_called_saved_and_is_found_out(proxied):
    app, proxy = proxied
    desk = part_with_defects(app)
    sven, sent = signed_in(app, "Sven"), fields(desk)

    def pull(session: Session) -> None:
        if not session.in_nested_transaction():
            proxy.cut()

    event.listen(Session, "before_commit", pull)
    try:
        answer = sven.post("/decisions", json=sent, headers=JSON)
    finally:
        event.remove(Session, "before_commit", pull)
    assert (answer.status_code, answer.json["outcome"]) == (503, "unknown")
    proxy.pass_on()
    was_taken = sven.get(f"/decisions/keys/{sent['key']}", headers=JSON).status_code
    assert was_taken == 404
    assert sven.post("/decisions", json=sent, headers=JSON).status_code == 201
    assert count(store_of(app)) == 1


@pytest.mark.postgres
def test_a_store_that_is_read_only_says_so_and_takes_it_later(postgres_server, migrated, settings_of):
    with postgres_server.database(migrated) as url, opened(settings_of(line=LINE, store={"url": url})) as app:
        desk = part_with_defects(app)
        sven, sent = signed_in(app, "Sven"), fields(desk)
        name = url.rsplit("/", 1)[1].split("?")[0]
        postgres_server.run(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        store_of(app).engine.dispose()
        answer = sven.post("/decisions", json=sent, headers=JSON)
        assert (answer.status_code, "read-only" in answer.json["error"]) == (503, True)
        assert answer.headers["Retry-After"] == "1"
        postgres_server.run(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
        store_of(app).engine.dispose()
        assert sven.post("/decisions", json=sent, headers=JSON).status_code == 201


def test_on_a_full_disk_nothing_is_decided_and_the_grid_goes_on(app, sven, desk):
    sent = {**fields(desk), "reason": "x" * 1000}
    with full(store_of(app).engine):
        answers = [
            sven.post("/decisions", json={**sent, "key": f"until it is full {one}"}, headers=JSON)
            for one in range(3)
        ]
        assert 503 in {answer.status_code for answer in answers}
        assert sven.get("/", headers={"Accept": "text/html"}).status_code == 200
    with store_of(app).read() as session:
        decided = session.scalar(select(func.count()).select_from(Decision))
        assert session.scalar(text("SELECT count(*) FROM hmi_audit WHERE kind = 'decision'")) == decided
