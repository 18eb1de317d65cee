"""The audit: sealed entry to entry, replayed to the present, and nothing is decided without it."""

import os
import random
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from hmi.deciding import Wish, asks_of, decide, state_of_defect, state_of_part
from hmi.store import Store, StoreUnavailable, audit, decisions
from hmi.store.audit import AuditEntry
from hmi.store.decisions import DEFECT, PART, Decision
from hmi.store.reviews import OpenReview
from hmi.store.runs import Defect, Run
from tests import readme
from tests.conftest import AUDIT_KEY
from tests.desk import ANN, BEN, NOON, Desk
from tests.lines import LARGE, TWO_CAMERAS, Line, defect, image, trigger

DEFECTS = 20


def write(store, count: int = 1, **details) -> None:
    for number in range(count):
        with store.write() as session:
            audit.record(session, "test", "ann", None, f"thing {number}", details)


def run(store, statement: str) -> None:
    with store.write() as session:
        session.execute(text(statement))


def record_and_break_off(store) -> None:
    with store.write() as session:
        audit.record(session, "test", "ann", None, "thing", {})
        raise InterruptedError


def faults(store, key: bytes = AUDIT_KEY) -> tuple[str, ...]:
    with store.read() as session:
        return audit.verify(session, key).faults


def test_an_untouched_audit_verifies(store):
    assert faults(store) == ()
    write(store, 5, text="Ünïcode\x00\ud800", number=1.0, nested={"b": [1, None], "a": 2.5}, odd=float("nan"))
    assert faults(store) == ()


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE hmi_audit SET who = 'ben' WHERE id = 3", "entry 3 was changed"),
        ("UPDATE hmi_audit SET at = '2020-01-01 00:00:00' WHERE id = 3", "entry 3 was changed"),
        ("DELETE FROM hmi_audit WHERE id = 3", "entry 3 is missing"),
        ("DELETE FROM hmi_audit WHERE id BETWEEN 2 AND 4", "entries 2 to 4 are missing"),
        ("DELETE FROM hmi_audit WHERE id > 3", "entries 4 to 5 are missing at the end"),
        ("DELETE FROM hmi_audit", "entries 1 to 5 are missing at the end"),
        ("UPDATE hmi_audit SET hmac = prev_hmac WHERE id = 3", "entry 3 was changed"),
    ],
)
def test_what_was_done_to_an_entry_is_named(store, statement, fault):
    write(store, 5)
    run(store, statement)
    assert any(fault in one for one in faults(store))


def test_two_entries_that_changed_places_are_found(store):
    write(store, 5)
    for before, after in ((2, 99), (3, 2), (99, 3)):
        run(store, f"UPDATE hmi_audit SET id = {after} WHERE id = {before}")
    assert {"entry 2 was changed, or sealed with another key"} <= set(faults(store))


def test_an_entry_deleted_with_the_gap_closed_is_found(store):
    write(store, 5)
    run(store, "DELETE FROM hmi_audit WHERE id = 3")
    run(store, "UPDATE hmi_audit SET id = id - 1 WHERE id = 4")
    run(store, "UPDATE hmi_audit SET id = id - 1 WHERE id = 5")
    assert faults(store)


def test_another_key_verifies_nothing(store):
    write(store, 2)
    assert len(faults(store, b"not the key")) == 2


def test_many_who_append_at_once_make_one_chain(store):
    threads = [threading.Thread(target=write, args=(store, 5)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as session:
        assert audit.verify(session, AUDIT_KEY).entries == 20
    assert faults(store) == ()


def test_an_entry_stands_or_falls_with_what_it_records(store):
    with pytest.raises(InterruptedError):
        record_and_break_off(store)
    write(store)
    with store.read() as session:
        assert session.scalars(select(AuditEntry.id)).all() == [1]


@pytest.fixture
def desk(store, settings_of) -> Desk:
    """One part with twenty defects, half of them failing."""
    line = part_of(Line(settings_of(line={"cameras": TWO_CAMERAS}), store))
    return Desk(line.settings, store)


def part_of(line: Line) -> Line:
    sizes = (LARGE, 8)
    rows = [defect(number, 1, sizes[number % 2]) for number in range(1, DEFECTS + 1)]
    line.read(0, trigger(), image(1, "A"), image(2, "B"), *rows)
    line.files(1, 2)
    line.read(5)
    return line


def test_nothing_is_decided_where_the_audit_cannot_be_written(desk, store):
    if store.is_sqlite:
        refuse = "CREATE TRIGGER refuse BEFORE INSERT ON hmi_audit BEGIN SELECT RAISE(ABORT, 'full'); END"
    else:
        refuse = "ALTER TABLE hmi_audit ADD CONSTRAINT refuse CHECK (id < 0)"
    run(store, refuse)
    with pytest.raises(StoreUnavailable, match="audit"):
        desk.defect(1, "okay")
    assert desk.in_force(DEFECT, 1) is None
    with store.read() as session:
        assert session.scalars(select(Decision)).all() == []


def test_without_a_key_nothing_is_decided(desk, store):
    store.audit_key = None
    with pytest.raises(StoreUnavailable, match="key"):
        desk.defect(1, "okay")


def replayed(store) -> dict[tuple[str, int], str]:
    """What is in force by the audit alone: a stack of words for each subject."""
    stacks: dict[tuple[str, int], list[str]] = {}
    with store.read() as session:
        for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id)):
            said = entry.details
            stack = stacks.setdefault((said["subject"], said["key"][1]), [])
            if said["act"] == "decide":
                stack.append(said["word"])
            elif said["act"] == "undo":
                stack.pop()
    return {subject: stack[-1] for subject, stack in stacks.items() if stack}


def decide_at_random(desk: Desk, chance: random.Random, session: Session) -> None:
    subject = chance.choice([DEFECT, DEFECT, DEFECT, PART])
    key = (1, chance.randint(1, DEFECTS) if subject == DEFECT else 1)
    head = decisions.heads(session, subject, [key]).get(key)
    words = [*decisions.WORDS[subject]] + (["undo"] * 2 if head and head.word_in_force else [])
    if subject == DEFECT:
        state = state_of_defect(session.get_one(Defect, key), head)
    else:
        run = session.get_one(Run, key)
        state = state_of_part(run, head, asks_of(session, [run]))
    wish = Wish(subject, key, chance.choice(words), state, f"{chance.random()}", "a reason")
    decide(session, desk.settings, wish, chance.choice([ANN, BEN]), NOON)


def undecided(present: dict[tuple[str, int], str]) -> list[int]:
    """Every second defect fails."""
    return [number for number in range(2, DEFECTS + 1, 2) if (DEFECT, number) not in present]


def in_queue(store) -> list[int]:
    with store.read() as session:
        return list(session.scalars(select(OpenReview.defect_id).order_by(OpenReview.defect_id)))


@pytest.mark.timeout(600)
def test_random_decisions_replayed_from_the_audit_give_exactly_the_present(desk, store):
    """HMI_TEST_DECISIONS=1000 for more of them."""
    chance = random.Random(7)
    number = int(os.environ.get("HMI_TEST_DECISIONS", "150"))
    for _ in range(number // 50):
        with store.write() as session:
            for _ in range(50):
                decide_at_random(desk, chance, session)
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(AuditEntry)) == number
    subjects = [(DEFECT, number) for number in range(1, DEFECTS + 1)] + [(PART, 1)]
    present = {subject: desk.in_force(*subject) for subject in subjects if desk.in_force(*subject)}
    assert replayed(store) == present
    assert faults(store) == ()
    while desk.in_force(PART, 1):
        desk.part(1, "undo")
    assert in_queue(store) == undecided(present)


@given(tampered=st.integers(1, 6), column=st.sampled_from(["kind", "who", "subject", "station"]))
def test_any_changed_text_is_found(migrated_file, tmp_path_factory, tampered, column):
    file = tmp_path_factory.mktemp("audit") / "store.db"
    file.write_bytes(migrated_file.read_bytes())
    store = Store(f"sqlite:///{file}", audit_key=AUDIT_KEY)
    write(store, 6)
    run(store, f"UPDATE hmi_audit SET {column} = 'x' WHERE id = {tampered}")
    assert any(f"entry {tampered} was changed" in fault for fault in faults(store))
    store.close()


@pytest.mark.postgres
def test_the_role_that_serves_can_decide_and_never_change_what_was_done(
    postgres_server, migrated, settings_of
):
    if not postgres_server.is_ours:
        pytest.skip("makes an account, which belongs to a whole server")
    with postgres_server.database(migrated) as url:
        owner = Store(url, audit_key=AUDIT_KEY)
        served = part_of(Line(settings_of(line={"cameras": TWO_CAMERAS}), owner))
        for grant in readme.grants("hmi_app"):
            run(owner, grant)
        name = url.rsplit("/", 1)[1]
        app = Store(postgres_server.url(name, user="hmi_app", password="secret"), audit_key=AUDIT_KEY)
        desk = Desk(served.settings, app)
        desk.defect(2, "okay")
        desk.defect(2, "undo")
        for statement in (
            "UPDATE hmi_audit SET who = 'x'",
            "DELETE FROM hmi_audit",
            "DELETE FROM hmi_decision",
        ):
            with pytest.raises(ProgrammingError, match="permission denied"):
                run(app, statement)
        app.close()
        run(owner, "DROP OWNED BY hmi_app")
        run(owner, "DROP ROLE hmi_app")
        owner.close()
