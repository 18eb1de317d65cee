"""Sums by slot become a series by hour, shift, day, week or month, and the totals of each shift's name."""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import numpy as np

from hmi.settings import PlantTime
from hmi.slots import Grain, Span, hours_between, moment, spans_between
from hmi.statistics.asked import Question
from hmi.statistics.values import COLUMNS, Adding, Spell, units_of

#: How coarse the slots may be, by step; finer ones only where they are not whole.
GRAINS: dict[str, tuple[Grain, ...]] = {
    "hour": ("hour",),
    "shift": ("span", "hour"),
    "day": ("day", "span", "hour"),
    "week": ("day", "span", "hour"),
    "month": ("month", "span", "hour"),
}
#: start (s since 1970), and the numbers of COLUMNS
Slot = Sequence[Any]


def by_shift(time: PlantTime, units: Iterable[Any]) -> tuple[Spell, ...]:
    """Each shift of the settings, also one without a part, in their order; they add up to the total.

    `units`: rows with shift, state, first and sums. Shifts that the settings do not know any more come last.
    """
    added = {shift.name: Adding() for shift in time.shifts}
    for row in units:
        adding = added.setdefault(row.shift, Adding())
        adding.add(row.state, row.first, row.number, row.defects, row.failing)
    return tuple(Spell(None, None, name, adding.units) for name, adding in added.items())


def by_step(asked: Question, time: PlantTime, slots: Iterable[Slot]) -> tuple[Spell, ...]:
    """One spell for each step, oldest first, also for one without a part. The ends are cut as asked."""
    steps = _steps(asked, time)
    begins = [start for start, _ in steps]
    cuts = [int(asked.since.timestamp()), *begins[1:], int(asked.until.timestamp())]
    return tuple(
        Spell(start, end, name, units_of(numbers))
        for (_, name), (start, end), numbers in zip(
            steps, pairwise(map(moment, cuts)), _added_up(begins, slots), strict=True
        )
    )


def _added_up(begins: Sequence[int], slots: Iterable[Slot]) -> list[list[int]]:
    """The sums of COLUMNS of each step; `slots` come with the step's start or later ones, in any order."""
    sums = np.zeros((len(begins), len(COLUMNS)), dtype=np.int64)
    numbers = np.array([tuple(slot) for slot in slots], dtype=np.int64).reshape(-1, 1 + len(COLUMNS))
    np.add.at(sums, np.searchsorted(begins, numbers[:, 0], side="right") - 1, numbers[:, 1:])
    return sums.tolist()


def _spans(asked: Question, time: PlantTime) -> tuple[Span, ...]:
    return spans_between(int(asked.since.timestamp()), int(asked.until.timestamp()), time)


def _steps(asked: Question, time: PlantTime) -> list[tuple[int, str]]:
    """The starts of the steps, in order, with their names as the plant's clock shows them."""
    zone = time.zone_info
    if asked.step == "hour":
        hours = hours_between(int(asked.since.timestamp()), int(asked.until.timestamp()), time)
        return [(hour, moment(hour).astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")) for hour in hours]
    of = _OF[asked.step]
    steps, before = [], None
    for span in _spans(asked, time):
        mine = of(span)
        if mine != before:
            steps.append((span.start, _name(span, asked.step, time)))
        before = mine
    return steps


#: Two neighbouring spans are of one step exactly if this is equal.
_OF: dict[str, Callable[[Span], object]] = {
    "shift": lambda span: span.shift_start,
    "day": lambda span: span.day,
    "week": lambda span: span.day.toordinal() - span.day.weekday(),
    "month": lambda span: (span.day.year, span.day.month),
}


def _name(span: Span, step: str, time: PlantTime) -> str:
    if step == "shift":
        began = moment(span.shift_start).astimezone(time.zone_info)
        return f"{began:%Y-%m-%d} {span.shift}"
    if step == "day":
        return span.day.isoformat()
    if step == "week":
        return (span.day - timedelta(days=span.day.weekday())).isoformat()
    return f"{span.day:%Y-%m}"
