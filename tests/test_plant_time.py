"""Shifts and clock times, through both ends of daylight saving time."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hmi.plant_time import UNKNOWN, clock, shift_at
from hmi.settings import PlantTime, Shift

DETROIT = PlantTime(
    zone="America/Detroit",
    shifts=(
        Shift(name="First", start=time(6)),
        Shift(name="Second", start=time(14)),
        Shift(name="Third", start=time(22)),
    ),
)
ODD = PlantTime(
    zone="America/Detroit", shifts=(Shift(name="A", start=time(1, 30)), Shift(name="B", start=time(2, 30)))
)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def test_a_usual_night_shift_is_eight_hours_long():
    span = shift_at(utc(2026, 6, 2, 5), DETROIT)
    assert (span.name, span.end - span.start) == ("Third", timedelta(hours=8))


def test_the_night_on_which_clocks_go_back_is_nine_hours_long():
    span = shift_at(utc(2026, 11, 1, 6), DETROIT)
    assert (span.name, span.end - span.start) == ("Third", timedelta(hours=9))


def test_the_night_on_which_clocks_go_forward_is_seven_hours_long():
    span = shift_at(utc(2026, 3, 8, 6), DETROIT)
    assert (span.name, span.end - span.start) == ("Third", timedelta(hours=7))


@pytest.mark.parametrize("plant_time", [DETROIT, ODD])
@given(now=moments)
def test_every_moment_lies_in_the_shift_that_it_is_said_to_lie_in(plant_time, now):
    span = shift_at(now, plant_time)
    assert span.start <= now < span.end


@given(now=moments)
def test_shifts_follow_each_other_without_gap_or_overlap(now):
    span = shift_at(now, DETROIT)
    assert shift_at(span.end, DETROIT).start == span.end
    assert shift_at(span.start, DETROIT) == span


def test_the_shifts_of_a_long_day_add_up_to_twenty_five_hours():
    span = shift_at(utc(2026, 10, 31, 11), DETROIT)
    total = timedelta()
    for _ in range(3):
        total += span.end - span.start
        span = shift_at(span.end, DETROIT)
    assert total == timedelta(hours=25)


def test_an_hour_that_comes_twice_is_told_apart():
    zone = DETROIT.zone_info
    assert clock(utc(2026, 11, 1, 5, 30), zone) == "01:30:00 EDT"
    assert clock(utc(2026, 11, 1, 6, 30), zone) == "01:30:00 EST"


def test_any_other_hour_is_said_plainly():
    zone = DETROIT.zone_info
    assert clock(utc(2026, 11, 1, 7, 30), zone) == "02:30:00"
    assert clock(utc(2026, 3, 8, 7, 30), zone) == "03:30:00"


def test_no_time_is_said_to_be_unknown():
    assert clock(None, DETROIT.zone_info) == UNKNOWN
