"""Slots of time in which the plant counts: hours, spans, days and months of its clock, exact at every cut.

A span lasts from one cut to the next, and cuts are midnights and the starts of shifts: spans add up to days
and to shifts alike. An hour is one of the plant's clock, cut where a span begins within it. Starts are
seconds since 1970; through both ends of daylight saving time every moment is in exactly one slot of each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple

from hmi.settings import PlantTime
from hmi.store import counts
from hmi.store.counts import HOUR, MONTH, SPAN

DAY = timedelta(days=1)
Grain = Literal["hour", "span", "day", "month"]


class Slots(NamedTuple):
    """The slots that a moment falls into, by their starts, and the name of its shift."""

    hour: int
    span: int
    day: int
    month: int
    shift: str

    @property
    def starts(self) -> dict[int, int]:
        """By grain."""
        return {HOUR: self.hour, SPAN: self.span, counts.DAY: self.day, MONTH: self.month}


@dataclass(frozen=True, slots=True)
class Span:
    """`shift` is the name of the shift, `shift_start` when it began, `day` the date on the plant's clock."""

    start: int
    end: int
    day: date
    shift: str
    shift_start: int


def slots_of(at: datetime, time: PlantTime) -> Slots:
    """Where a moment (with a zone) is counted."""
    local = at.astimezone(time.zone_info)
    today = local.date()
    near = {cut: name for n in (-1, 0, 1) for cut, name in _cuts_of(today + n * DAY, time).items()}
    begun = sorted(cut for cut in near if cut <= _seconds(at))
    hour = max(_seconds(local.replace(minute=0, second=0, microsecond=0)), begun[-1])
    shift = next(name for cut in reversed(begun) if (name := near[cut]) is not None)
    return Slots(hour, begun[-1], midnight(today, time), midnight(today.replace(day=1), time), shift)


@lru_cache(maxsize=64)
def spans_between(start: int, end: int, time: PlantTime) -> tuple[Span, ...]:
    """All spans that overlap the time from `start` to `end` (s), in order."""
    zone = time.zone_info
    first = datetime.fromtimestamp(start, zone).date() - 2 * DAY
    last = datetime.fromtimestamp(end, zone).date() + 2 * DAY
    days = [first + n * DAY for n in range((last - first).days + 1)]
    begins: dict[int, tuple[date | None, str | None]] = {}
    for day in days:
        for cut, name in _cuts_of(day, time).items():
            begins[cut] = (day if cut == midnight(day, time) else None, name)
    found: list[Span] = []
    of_day, shift, shift_start = first, "", 0
    for begin, following in pairwise(sorted(begins)):
        new_day, name = begins[begin]
        of_day = new_day or of_day
        if name is not None:
            shift, shift_start = name, begin
        if following > start and begin < end:
            found.append(Span(begin, following, of_day, shift, shift_start))
    return tuple(found)


def hours_between(start: int, end: int, time: PlantTime) -> list[int]:
    """The starts of all hours from the hour that begins at `start` to before `end` (s)."""
    found = []
    for span in spans_between(start, end, time):
        begin = max(start, span.start)
        while begin < min(end, span.end):
            found.append(begin)
            begin = min(span.end, _clock_hour_after(begin, time))
    return found


def next_hour(at: datetime, time: PlantTime) -> datetime:
    """The first hour that begins at this moment or after it."""
    begin = slots_of(at, time).hour
    return at if begin == at.timestamp() else moment(_hour_after(begin, time))


def pieces(start: int, end: int, time: PlantTime, grains: Sequence[Grain]) -> list[tuple[int, int, int]]:
    """The time from `start` to `end` (s, both the starts of hours) as grain, start and end of each piece:
    the coarsest slots that fit into it, finer ones at both ends. `grains`: coarsest first, "hour" last."""
    if start >= end:
        return []
    coarsest, *finer = grains
    if coarsest == "hour":
        return [(HOUR, start, end)]
    cuts = _CUTS[coarsest](start, end, time)
    if len(cuts) < 2:
        return pieces(start, end, time, finer)
    before, after = pieces(start, cuts[0], time, finer), pieces(cuts[-1], end, time, finer)
    return [*before, (_NUMBERS[coarsest], cuts[0], cuts[-1]), *after]


def _months(start: int, end: int, time: PlantTime) -> list[int]:
    """The starts of months from `start` to `end`."""
    day = datetime.fromtimestamp(start, time.zone_info).date().replace(day=1)
    found = []
    while (begin := midnight(day, time)) <= end:
        if begin >= start:
            found.append(begin)
        day = (day + 32 * DAY).replace(day=1)
    return found


def _days(start: int, end: int, time: PlantTime) -> list[int]:
    """The first and the last midnight from `start` to `end`."""
    zone = time.zone_info
    first, last = (datetime.fromtimestamp(at, zone).date() for at in (start, end))
    begin = midnight(first, time)
    found = (begin if begin >= start else midnight(first + DAY, time), midnight(last, time))
    return list(found) if found[0] < found[1] else []


def _inner_cuts(start: int, end: int, time: PlantTime) -> list[int]:
    """The first and the last cut from `start` to `end`."""
    if start >= end:
        return []
    near_start, near_end = spans_between(start, start + 1, time)[0], spans_between(end, end + 1, time)[0]
    first = start if near_start.start == start else near_start.end
    return [first, near_end.start] if first < near_end.start else []


_CUTS = {"span": _inner_cuts, "day": _days, "month": _months}
_NUMBERS = {"span": SPAN, "day": counts.DAY, "month": MONTH}


def _hour_after(start: int, time: PlantTime) -> int:
    """The hour that follows the one that begins at `start`."""
    return min(_clock_hour_after(start, time), spans_between(start, start + 1, time)[0].end)


def _clock_hour_after(start: int, time: PlantTime) -> int:
    local = moment(start).astimezone(time.zone_info)
    return start + 3600 - local.minute * 60 - local.second


def midnight(day: date, time: PlantTime) -> int:
    """When this date begins, s since 1970."""
    return next(iter(_cuts_of(day, time)))


def moment(start: float) -> datetime:
    return datetime.fromtimestamp(start, UTC)


@lru_cache(maxsize=4096)
def _cuts_of(day: date, time: PlantTime) -> dict[int, str | None]:
    """The cuts of a date, its midnight first: start (s) → the shift that begins there, if one does."""
    zone = time.zone_info
    cuts: dict[int, str | None] = {_seconds(datetime.combine(day, clock_time.min, tzinfo=zone)): None}
    for shift in time.shifts:
        cuts[_seconds(datetime.combine(day, shift.start, tzinfo=zone))] = shift.name
    return cuts


def _seconds(at: datetime) -> int:
    return int(at.timestamp() // 1)
