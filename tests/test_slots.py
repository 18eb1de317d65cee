"""Hours, spans and months of the plant's clock: exact at every cut, also when the clocks change."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hmi.settings import PlantTime, Shift
from hmi.slots import hours_between, moment, next_hour, pieces, slots_of, spans_between
from tests.recount import starts_of


def clock(zone: str = "America/Detroit", **shifts: str) -> PlantTime:
    shifts = shifts or {"First": "06:00", "Second": "14:00", "Third": "22:00"}
    return PlantTime(zone=zone, shifts=tuple(Shift(name=name, start=start) for name, start in shifts.items()))


BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
DETROIT = clock()
ODD = clock("Asia/Kolkata", Early="06:30", Late="14:15", Night="22:45")
BERLIN, LONDON = clock("Europe/Berlin", Day="07:30", Night="19:30"), clock("UTC", One="00:00")
moments = st.integers(0, 3 * 365 * 24 * 60).map(lambda minutes: BEGIN + timedelta(minutes=minutes))
clocks = st.sampled_from([DETROIT, ODD, BERLIN, LONDON])


@given(at=moments, time=clocks)
@example(at=datetime(2026, 11, 1, 5, 30, tzinfo=UTC), time=DETROIT)
@example(at=datetime(2026, 11, 1, 6, 30, tzinfo=UTC), time=DETROIT)
@example(at=datetime(2026, 3, 8, 7, 0, tzinfo=UTC), time=DETROIT)
def test_slots_are_those_that_a_walk_back_in_time_finds(at, time):
    assert slots_of(at, time) == starts_of(at, time)


@given(since=moments, hours=st.integers(1, 24 * 100), time=clocks, middle=st.sampled_from(["span", "day"]))
def test_pieces_cover_the_time_without_gap_or_overlap(since, hours, time, middle):
    start, until = slots_of(since, time).hour, next_hour(since + timedelta(hours=hours), time)
    found = pieces(start, int(until.timestamp()), time, ("month", middle, "hour"))
    edges = [(begin, end) for _, begin, end in found]
    assert [edges[0][0], *(end for _, end in edges)] == [
        *(begin for begin, _ in edges),
        int(until.timestamp()),
    ]
    for grain, begin, _ in found:
        starts = slots_of(moment(begin), time)
        assert begin == starts.starts[grain]


@pytest.mark.parametrize(
    ("at", "hours"), [(datetime(2026, 11, 1, 2, tzinfo=UTC), 9), (datetime(2026, 3, 8, 3, tzinfo=UTC), 7)]
)
def test_the_third_shift_of_the_two_nights_of_the_clock_change_has_nine_and_seven_hours(at, hours):
    third = [
        span
        for span in spans_between(at.timestamp(), at.timestamp() + 10 * 3600, DETROIT)
        if span.shift == "Third"
    ]
    assert sum(span.end - span.start for span in third) == hours * 3600
    assert len({span.shift_start for span in third}) == 1
    assert [span.day for span in third] == [at.date() - timedelta(days=1), at.date()]


def test_both_hours_of_the_night_that_comes_twice_are_their_own():
    start, end = datetime(2026, 11, 1, 4, tzinfo=UTC), datetime(2026, 11, 1, 8, tzinfo=UTC)
    hours = hours_between(int(start.timestamp()), int(end.timestamp()), DETROIT)
    shown = [moment(hour).astimezone(DETROIT.zone_info).strftime("%H:%M %Z") for hour in hours]
    assert shown == ["00:00 EDT", "01:00 EDT", "01:00 EST", "02:00 EST"]


def test_an_hour_is_cut_where_a_shift_begins_within_it():
    time = clock("UTC", Early="06:20", Late="18:20")
    at = datetime(2026, 5, 8, 6, tzinfo=UTC)
    starts = [slots_of(at + timedelta(minutes=minute), time).hour for minute in (0, 19, 20, 59, 60)]
    assert [start - int(at.timestamp()) for start in starts] == [0, 0, 1200, 1200, 3600]
    assert next_hour(at + timedelta(minutes=1), time) == at + timedelta(minutes=20)
