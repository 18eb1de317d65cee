"""Ids that are missing below the newest one: perhaps a transaction that has not committed yet.

A gap that is open never expires: it lies below an id that somebody gave by hand, far beyond all others, and
the ids of the line go on in it.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

MOST_GAPS = 5_000
OPEN = math.inf  # missing since: for ever


class Gap(NamedTuple):
    first: int
    last: int
    since_s: float


class Gaps:
    """Disjoint ranges of missing ids, ascending; only the newest ones are kept where there are too many."""

    def __init__(self, most: int = MOST_GAPS) -> None:
        self._most = most
        self._gaps: list[Gap] = []

    def __len__(self) -> int:
        return len(self._gaps)

    def __iter__(self) -> Iterator[Gap]:
        return iter(self._gaps)

    def __contains__(self, row_id: int) -> bool:
        index = self._index(row_id)
        return index >= 0 and row_id <= self._gaps[index].last

    @property
    def open(self) -> list[Gap]:
        return [gap for gap in self._gaps if gap.since_s == OPEN]

    @property
    def lowest(self) -> int | None:
        return self._gaps[0].first if self._gaps else None

    def add(self, first: int, last: int, now_s: float) -> None:
        """Ids first..last, none of which is in a gap already, are missing since now."""
        if first > last:
            return
        self._gaps.insert(self._index(first) + 1, Gap(first, last, now_s))
        if len(self._gaps) > self._most:
            too_many = len(self._gaps) - self._most
            oldest, rest = self._gaps[:too_many], self._gaps[too_many:]
            self._gaps = [gap for gap in oldest if gap.since_s == OPEN] + rest

    def fill(self, row_id: int, now_s: float) -> None:
        """The row came. What is missing below it in an open gap is missing since now."""
        if row_id not in self:
            return
        index = self._index(row_id)
        first, last, since_s = self._gaps[index]
        rest = [Gap(first, row_id - 1, now_s if since_s == OPEN else since_s), Gap(row_id + 1, last, since_s)]
        self._gaps[index : index + 1] = [gap for gap in rest if gap.first <= gap.last]

    def cut(self, last: int) -> None:
        """Forget what is missing above this id."""
        kept = [gap for gap in self._gaps if gap.first <= last]
        self._gaps = [gap._replace(last=min(gap.last, last)) for gap in kept]

    def expire(self, before_s: float) -> None:
        """Forget what has been missing since before then: it will not come."""
        if any(gap.since_s < before_s for gap in self._gaps):
            self._gaps = [gap for gap in self._gaps if gap.since_s >= before_s]

    def _index(self, row_id: int) -> int:
        """Of the gap that begins at this id or last before it; -1 if there is none."""
        return bisect_right(self._gaps, row_id, key=lambda gap: gap.first) - 1
