"""Clocks that differ and a standby that is behind: said on every screen, and never a reason to look fresh."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hmi.condition import NAME, Condition, signed
from hmi.plant.rows import Batch
from hmi.plant.server_facts import Lag, Publication, ServerFacts, Slot
from hmi.store import state
from tests.lines import trigger

NOW = datetime(2026, 5, 8, 14, 0, tzinfo=UTC)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds by the monotonic clock, to be set."""
    seconds = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: seconds[0])
    return seconds


@contextmanager
def said(caplog: Any) -> Iterator[Callable[[], list[str]]]:
    with caplog.at_level(logging.INFO, logger="hmi.condition"):
        yield lambda: [record.getMessage() for record in caplog.records]


def part(condition: Condition, number: int, skew_s: float | None, at: datetime = NOW, **batch: Any) -> None:
    """A part comes, stamped by a clock that is ahead by skew_s; before it the plant was read in vain."""
    condition.heard(Batch(began_s=0), (), at)
    stamp = None if skew_s is None else at + timedelta(seconds=skew_s)
    row = trigger(number, timestamp=stamp)
    condition.heard(Batch(began_s=0, triggers=(row,), **batch), {(1, number)}, at)


@pytest.mark.parametrize(
    ("skew_s", "text"),
    [
        (600, "Clock skew +10:00: the clock of the vision system is ahead of this server's"),
        (-600, "Clock skew −10:00: the clock of the vision system is behind this server's"),
        (-59, ""),
        (59, ""),
        (None, ""),
    ],
)
def test_a_part_that_comes_stamped_by_another_clock_tells_of_it(skew_s, text):
    condition = Condition()
    part(condition, 1, skew_s)
    assert condition.skew == text


def test_the_skew_is_over_with_the_next_part_of_a_right_clock_and_each_edge_is_logged_once(caplog):
    condition = Condition()
    with said(caplog) as lines:
        for number, skew_s in enumerate((600, 600.4, 601, 0.2, 0.1)):
            part(condition, number, skew_s)
    assert lines() == [
        "Clock skew +10:00: the clock of the vision system is ahead of this server's",
        "the clocks agree again",
    ]


def test_a_part_that_came_while_nobody_looked_tells_nothing_of_clocks(clock):
    condition = Condition()
    condition.heard(Batch(began_s=0), (), NOW)
    clock[0] += 600
    late = trigger(1, timestamp=NOW - timedelta(seconds=500))
    condition.heard(Batch(began_s=0, triggers=(late,)), {(1, 1)}, NOW)
    assert condition.skew == ""
    part(condition, 2, -500, more=True)
    assert condition.skew == ""


def test_a_changed_row_of_an_older_part_tells_nothing_of_clocks():
    condition = Condition()
    condition.heard(Batch(began_s=0), (), NOW)
    old = trigger(1, timestamp=NOW - timedelta(hours=3))
    condition.heard(Batch(began_s=0, triggers=(old,)), (), NOW)
    assert condition.skew == ""


def test_the_clock_of_the_database_is_compared_as_well():
    condition = Condition()
    condition.heard(Batch(began_s=0, clock_skew_s=-3600), (), NOW)
    assert condition.skew == "Clock skew −1:00:00: the clock of the plant database is behind this server's"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "+0:00"),
        (-0.4, "+0:00"),
        (-5, "−0:05"),
        (3599.6, "+1:00:00"),
        (86_399, "+23:59:59"),
        (-864_000, "−10 days"),
    ],
)
def test_a_skew_is_shown_as_a_signed_clock(seconds, text):
    assert signed(seconds) == text


def test_what_a_lagging_standby_shows_is_not_fresh():
    condition = Condition()
    for lag_s, text in (
        (None, ""),
        (4.9, ""),
        (30.2, "the plant database is a standby that is 30 s behind"),
        (0.0, ""),
    ):
        condition.heard(Batch(began_s=0, lag_s=lag_s), (), NOW)
        assert condition.trouble == text


def test_it_is_noted_in_the_store_now_and_then(store, clock):
    condition = Condition()
    server = ServerFacts(
        "PostgreSQL 16.4", "plant", (Publication("all", True),), (Slot("mes", "logical", True),)
    )
    part(condition, 1, 600, server=server)
    with store.write() as session:
        condition.note(session, "")
        condition.note(session, "too soon")
    clock[0] += 6
    with store.write() as session:
        noted = state.get(session, NAME)
        condition.note(session, "later")
        assert state.get(session, NAME)["trouble"] == "later"
    assert (noted["trouble"], noted["vision_skew_s"]) == ("", 600)
    assert noted["server"]["slots"] == [{"name": "mes", "kind": "logical", "active": True}]
    assert noted["read_at"] == noted["part_at"] == NOW.isoformat()


def test_a_new_version_and_slots_that_come_and_go_are_logged_once(caplog):
    condition = Condition()
    before = ServerFacts("PostgreSQL 16.4", "plant")
    after = ServerFacts("PostgreSQL 16.4", "plant", (), (Slot("mes", "logical", False),))
    with said(caplog) as lines:
        for server in (before, before, after, after, None):
            condition.heard(Batch(began_s=0, server=server), (), NOW)
    assert lines() == [
        "plant database: PostgreSQL 16.4",
        "plant database: publications now: none; slots: mes (not active)",
    ]


def test_a_server_that_is_no_standby_has_no_lag():
    assert Lag().seconds(False, None, None, None, None) is None


def test_a_standby_that_shows_all_it_was_sent_has_no_lag_however_long_nobody_wrote(clock):
    lag = Lag()
    assert lag.seconds(True, 100.0, 100.0, True, 3600.0) == 0
    clock[0] += 3600
    assert lag.seconds(True, 100.0, 100.0, True, 7200.0) == 0


def test_the_lag_of_a_standby_is_the_age_of_the_oldest_bytes_that_it_does_not_show(clock):
    lag = Lag()
    lag.seconds(True, 100.0, 100.0, True, 3600.0)
    found = []
    for received, replayed in (
        (200.0, 100.0),
        (300.0, 100.0),
        (300.0, 200.0),
        (300.0, 300.0),
        (400.0, 300.0),
    ):
        clock[0] += 10
        found.append(lag.seconds(True, float(received), float(replayed), True, 3600.0))
    assert found == [0, 10, 10, 0, 0]


def test_a_lag_that_nobody_saw_begin_or_that_cannot_be_known_is_taken_for_the_worst(clock):
    assert Lag().seconds(True, 200.0, 100.0, True, 45.0) == 45
    assert Lag().seconds(True, 200.0, 200.0, False, 45.0) == 45
    assert Lag().seconds(True, None, 200.0, True, 45.0) == 45
