"""Series by day and week: of sums that are kept by the day, and of spans where they are not kept yet."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete

from hmi import recounting
from hmi.store import editions, state
from hmi.store.counts import DAYS_OF, Count, CountedKind
from tests.lines import BEGAN, TWO_CAMERAS, Line
from tests.recount import kept, recounted
from tests.test_statistics import ask, count_anew, remove_old_parts, three_parts

MANY_DAYS = {"since": BEGAN - timedelta(days=20, hours=5), "until": BEGAN + timedelta(days=20, hours=3)}


@pytest.fixture
def line(store, settings_of) -> Line:
    """Counted to the end, with three parts."""
    line = Line(settings_of(line={"cameras": TWO_CAMERAS, "settle_s": 5, "grace_s": 20}), store)
    three_parts(line)
    count_anew(line)
    return line


def by_what(line: Line) -> list:
    """The series of every step, of all, of a camera and of a part type."""
    return [
        ask(line, **MANY_DAYS, step=step, **names).series
        for step in ("day", "week", "month")
        for names in ({}, {"cameras": ["A"]}, {"parts": ["39MC"]})
    ]


def is_by_day(line: Line) -> bool:
    with line.store.read() as session:
        return editions.has_days(session, editions.of(session).shown)


def become_old(line: Line) -> None:
    """What is stored is what a release counted that knew nothing of days."""
    days = tuple(DAYS_OF.values())
    with line.store.write() as session:
        session.execute(delete(Count).where(Count.subject.in_(days)))
        session.execute(delete(CountedKind).where(CountedKind.subject.in_(days)))
        state.put(session, editions.BY_DAY, None)
        editions.keep(session, replace(editions.of(session), time="as it was written then"))


def test_series_of_days_are_those_of_the_spans(line):
    assert is_by_day(line)
    of_days = by_what(line)
    assert sum(spell.units.total for spell in of_days[0]) == 3
    with line.store.write() as session:
        state.put(session, editions.BY_DAY, None)
    assert by_what(line) == of_days


def test_after_an_upgrade_the_series_are_whole_before_while_and_after_all_is_counted_anew(line, monkeypatch):
    monkeypatch.setattr(recounting, "AT_ONCE", 1)
    before = by_what(line)
    become_old(line)
    while True:
        assert by_what(line) == before
        with line.store.write() as session:
            if not recounting.is_due(session, line.settings):
                break
            recounting.step(session, line.settings)
    assert is_by_day(line)
    assert kept(line.store) == recounted(line.store, line.settings.time)


def test_after_an_upgrade_parts_that_were_removed_are_in_the_days_too(line):
    before, counted = by_what(line), kept(line.store)
    become_old(line)
    remove_old_parts(line, 1, 3)
    count_anew(line)
    assert is_by_day(line)
    assert (by_what(line), kept(line.store)) == (before, counted)


def test_a_change_during_the_upgrade_is_in_the_days(line, monkeypatch):
    monkeypatch.setattr(recounting, "AT_ONCE", 1)
    become_old(line)
    count_anew(line, steps=2)
    line.read(60, gone_defects=((1, 1),))
    line.read(70)
    count_anew(line)
    assert is_by_day(line)
    assert kept(line.store) == recounted(line.store, line.settings.time)
