"""What is old goes in small steps; what people decided on, or have still to, stays whole, and the audit."""

from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from hmi import retention
from hmi.settings import SettingsError
from hmi.store import audit, reviews, state
from hmi.store.decisions import Decision
from hmi.store.runs import Defect, Image, Run, Suppression
from hmi.store.verdicts import Verdict
from tests.conftest import AUDIT_KEY
from tests.desk import Desk
from tests.lines import BEGAN, LARGE, TWO_CAMERAS, Line, defect, image, suppression, trigger
from tests.people import opened

DAYS = 30
#: So many days after all that was written here.
LATER = BEGAN + timedelta(days=DAYS + 2)


def passing(line: Line, *numbers: int) -> None:
    """Parts that passed, each with two images of two small defects."""
    for number in numbers:
        first, second = 10 * number, 10 * number + 1
        line.read(
            100 * number,
            trigger(number),
            image(first, "A", number),
            image(second, "B", number),
            *(defect(20 * number + k, first + k % 2) for k in range(4)),
            suppression(number, 20 * number),
        )
        line.files(first, second, at_s=100 * number)
        line.read(100 * number + 5)
        line.read(100 * number + 10)


def count(store, table) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(table))


def unit(store, now=LATER) -> bool:
    with store.write() as session:
        return retention.remove_old(session, DAYS, now)


def all_units(store, now=LATER) -> int:
    """How many it took."""
    for number in range(1, 1000):
        if unit(store, now):
            return number
    raise AssertionError("it does not end")


def runs(store) -> list[int]:
    with store.read() as session:
        return list(session.scalars(select(Run.id).order_by(Run.id)))


def test_old_parts_go_with_all_that_belongs_to_them(store, line):
    passing(line, 1, 2, 3)
    assert count(store, Suppression) == 3
    all_units(store)
    assert [count(store, table) for table in (Run, Image, Defect, Verdict, Suppression)] == [0] * 5


def test_younger_parts_stay(store, line):
    passing(line, 1)
    all_units(store, BEGAN + timedelta(days=DAYS - 1))
    assert runs(store) == [1]


def test_the_past_that_came_in_yesterday_stays_however_old_it_is(store, line):
    passing(line, 1)
    with store.write() as session:
        session.get(Run, (1, 1)).first_seen = LATER - timedelta(days=1)
    all_units(store)
    assert runs(store) == [1]


def test_what_people_decided_on_stays_whole_and_so_does_the_audit(store, line):
    passing(line, 1, 2)
    line.read(900, trigger(3), image(30, "A", 3), image(31, "B", 3), defect(61, 30, LARGE), defect(62, 31))
    line.files(30, 31, at_s=900)
    line.read(905)
    line.read(910)
    desk = Desk(line.settings, store)
    desk.defect(61, "okay")
    desk.part(2, "use_as_is", reason="seen")
    with store.write() as session:
        session.get(Run, (1, 3)).review_open = False
    all_units(store)
    assert runs(store) == [2, 3]
    assert count(store, Decision) == 2
    with store.read() as session:
        assert set(session.scalars(select(Defect.id))) == {40, 41, 42, 43, 61, 62}
        assert audit.verify(session, AUDIT_KEY).faults == ()
        assert audit.head(session)[0] == 2


def test_a_decision_that_was_taken_back_keeps_its_part_too(store, line):
    passing(line, 1)
    desk = Desk(line.settings, store)
    desk.part(1, "hold", reason="seen")
    desk.part(1, "undo")
    all_units(store)
    assert runs(store) == [1]


def test_what_still_waits_for_people_stays_until_they_are_done(store, line):
    line.read(0, trigger(1), image(10, "A", 1), image(11, "B", 1), defect(21, 10, LARGE))
    line.files(10, 11)
    line.read(5)
    line.read(10)
    all_units(store)
    assert runs(store) == [1]
    with store.write() as session:
        session.get(Run, (1, 1)).review_open = False
        reviews.close_runs(session, [(1, 1)])
    assert unit(store)  # today's walk is past it
    assert runs(store) == [1]
    all_units(store, LATER + timedelta(days=1))
    assert runs(store) == []


def test_a_unit_removes_at_most_five_hundred_rows_and_shows_no_half_part(store, line):
    """An image with 1,200 defects takes three units; from the first one on nothing of its part is shown."""
    line.read(0, trigger(1), image(10, "A", 1), image(11, "B", 1), *(defect(n, 10) for n in range(100, 1300)))
    line.files(10, 11)
    line.read(5)
    line.read(10)
    with store.write() as session:
        session.get(Run, (1, 1)).review_open = False
    removed: list[int] = []

    def note(_connection, _cursor, statement, _parameters, _context, _many) -> None:
        if statement.startswith("DELETE"):
            removed.append(_cursor.rowcount)

    event.listen(store.engine, "after_cursor_execute", note)
    while True:
        removed.clear()
        before = count(store, Defect)
        is_done = unit(store)
        assert sum(removed) <= retention.ROWS
        if is_done:
            break
        with store.read() as session:
            run = session.get(Run, (1, 1))
            assert run is None or run.gone
        assert before == 0 or count(store, Defect) < before
    event.remove(store.engine, "after_cursor_execute", note)
    assert [count(store, table) for table in (Run, Image, Defect, Verdict)] == [0] * 4


def test_a_thousand_parts_are_walked_through_in_units(store, line):
    with store.write() as session:
        session.add_all(
            Run(generation=1, id=n, order_ms=n, at=None, first_seen=BEGAN, past=False, review_open=n % 2 == 0)
            for n in range(1, 301)
        )
    assert all_units(store) >= 300 // retention.RUNS
    assert len(runs(store)) == 150


def test_pages_say_since_when_data_are_here(sqlite_store, settings_of, tmp_path):
    settings = settings_of(line={"cameras": TWO_CAMERAS, "settle_s": 5, "grace_s": 20})
    line = Line(settings, sqlite_store)
    with sqlite_store.read() as session:
        assert retention.told(session, settings.time.zone_info) == ""
    passing(line, 1, 2)
    with opened(settings) as app:
        browser = app.test_client()
        day = "2026-05-08"
        assert f"Data here since {day}." in browser.get("/search?q=none").get_data(as_text=True)
        assert f"Data here since {day}." in browser.get("/cameras/A/history").get_data(as_text=True)
        all_units(sqlite_store)
        said = f"Parts up to {day} were removed because of their age"
        assert said in browser.get("/search?q=38A").get_data(as_text=True)
        assert browser.get("/?run=1", headers={"Accept": "text/html"}).status_code == 404


def test_the_leader_does_it_when_it_is_set_and_only_then(store, line, settings_of):
    passing(line, 1)
    checked = []
    retention.Retention(line.settings, store, checked.append).step()
    assert (runs(store), checked) == ([1], [])
    forever_ago = settings_of(retention={"days": 7})
    leader = retention.Retention(forever_ago, store, checked.append)
    leader.step()
    leader.step()  # not due yet
    assert (runs(store), len(checked)) == ([], 1)


def test_too_short_a_time_is_refused(settings_of):
    with pytest.raises(SettingsError, match=r"retention\.days: must be 0"):
        settings_of(retention={"days": 3})


def test_what_is_remembered_is_small(store, line):
    passing(line, 1)
    all_units(store)
    with store.read() as session:
        said = state.get(session, retention.NAME)
    assert set(said) == {"day", "place", "removed_before"}
