"""Following one table: new rows, rows that come late, and changes in what was seen last.

Rows can commit out of id order, so "everything above the last id" loses rows. Ids that are missing below the
newest one are asked for again for a while, and rows that were first seen a moment ago are read again and
compared.

An id far beyond all others, given by hand, is one row and no more: the stretch below it stays open, and the
ids of the line go on there. Only when more rows follow above it the ids have really jumped.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hmi.plant.database import Session
from hmi.plant.gaps import OPEN, Gap, Gaps
from hmi.plant.sources import Row, Source

MOST_IN_TAIL = 5_000
MOST_READ_AGAIN = 20_000  # ids below the newest one that are read again after a start
REMEMBERED = 50  # ids by which a restored database is told from a few deleted rows
FAR = 100_000  # ids between two rows in a row; more is no number of the line
FOLLOWERS = 5  # rows above such an id that make it one
MOST_OPEN = 8


@dataclass(frozen=True)
class Seen:
    """A row of the tail."""

    since_s: float
    fingerprint: int
    row: Row


@dataclass(frozen=True)
class Found:
    """What one read of one table gave; nothing of it counts before the whole read has succeeded."""

    rows: list[Row]
    asked: tuple[int, ...]  # ids of the tail
    newest: int  # the table's newest id


@dataclass
class News:
    """Rows that are new or changed, and what is gone."""

    rows: list[Row] = field(default_factory=list)
    gone: list[Row] = field(default_factory=list)  # as they were last seen
    more: bool = False  # a window was full


class Followed:
    """What is remembered of one table. All times are watched time (see rows.Batch)."""

    def __init__(self, high: int, *, tail_s: float, missing_s: float, window: int) -> None:
        self.high = high  # everything up to here has been asked for
        self.seen = high  # the highest id of the line that was ever there
        self._above = 0  # rows that came above the newest id that is far beyond
        self._tail_s = tail_s
        self._missing_s = missing_s
        self._window = window
        self._tail: dict[int, Seen] = {}
        self._gaps = Gaps()
        self._recent: deque[int] = deque(maxlen=REMEMBERED)

    def read(self, session: Session, source: Source, newest: int) -> Found:
        """One query, or none when there is nothing to ask. newest: the table's newest id in this snapshot."""
        asked = tuple(self._tail)
        after = self.high if newest > self.high or self.beyond is not None else None
        gaps: list[Gap] = [gap for gap in self._gaps if gap.first <= newest]
        return Found(source.news(session, after, asked, gaps, self._window), asked, newest)

    def take(self, found: Found, now_s: float) -> News:
        """Compare with what is remembered, and remember."""
        if found.newest < self.high:
            # Rows at the end were deleted. Their ids may be used again, so everything above is new.
            self.high = found.newest
            self._gaps.cut(found.newest)
        by_id: dict[int, Row] = {row[0]: row for row in found.rows}
        news = News()
        newer = sorted(row_id for row_id in by_id if row_id > self.high)
        for row_id in found.asked:
            self._compare(row_id, by_id.pop(row_id, None), now_s, news)
        late = len(by_id) - len(newer)
        news.more = len(newer) >= self._window or late >= self._window
        for row_id in newer:
            self._go_up(row_id, now_s)
        for row_id, row in sorted(by_id.items()):
            self._go_on_below(row_id, now_s)
            self._tail[row_id] = Seen(now_s, fingerprint(row), row)
            news.rows.append(row)
        if self.beyond is None:
            self.seen = max(self.seen, self.high)
        self._forget(now_s)
        return news

    @property
    def beyond(self) -> int | None:
        """Ids of the line are below this one; None: nothing lies far beyond them."""
        stretches = self._gaps.open
        return stretches[-1].last + 1 if stretches and self._above < FOLLOWERS else None

    def lost_all_recent(self, newest: int) -> bool:
        """None of the rows that were read last is there any more."""
        return bool(self._recent) and newest < min(self._recent)

    def position(self) -> dict[str, Any]:
        """Enough to go on from here, JSON-able."""
        missing = [gap.first for gap in self._gaps]
        return {
            "high": self.seen,
            "from": self._read_again(0, self.high, missing),
            "recent": min(self._recent, default=None),
            "open": self._stretches(missing),
            "above": self._above,
        }

    def _read_again(self, lowest: int, last: int, missing: list[int]) -> int:
        """Above which id, from `lowest` to `last`, rows may still come late or change."""
        known = [row_id for row_id in (*self._tail, *missing) if lowest < row_id <= last]
        return max(min((last + 1, *known)) - 1, last - MOST_READ_AGAIN, lowest)

    def _stretches(self, missing: list[int]) -> list[list[int]]:
        """What lies open, each from where it must be read again."""
        found, lowest = [], 0
        for first, last, _ in self._gaps.open:
            found.append([self._read_again(lowest, first - 1, missing) + 1, last])
            lowest = last + 1
        return found

    def resume(self, position: Mapping[str, Any]) -> None:
        """Go on from there. What could still have come late or changed then is read once more."""
        self.high, self.seen = int(position["from"]), int(position["high"])
        self._above = int(position.get("above", 0))
        for first, last in position.get("open", ()):
            self._gaps.add(int(first), min(int(last), self.high), OPEN)
        if position["recent"] is not None:
            self._recent.append(int(position["recent"]))

    def _go_up(self, row_id: int, now_s: float) -> None:
        """The newest row of all came."""
        is_far = bool(self.high or self._recent) and row_id - self.high > FAR
        if is_far and len(self._gaps.open) < MOST_OPEN:
            if self.beyond is None:
                self.seen = max(self.seen, self.high)
            self._gaps.add(self.high + 1, row_id - 1, OPEN)
            self._above = 0
        else:
            self._gaps.add(self.high + 1, row_id - 1, now_s)
            self._above += 1
            self._recent.append(row_id)
        self.high = row_id

    def _go_on_below(self, row_id: int, now_s: float) -> None:
        """A row came that is new or was missing; in an open stretch it is one of the line's newest."""
        if any(gap.first <= row_id <= gap.last for gap in self._gaps.open):
            self._recent.append(row_id)
            if self.beyond is not None:
                self.seen = max(self.seen, row_id)
        self._gaps.fill(row_id, now_s)

    def _compare(self, row_id: int, row: Row | None, now_s: float, news: News) -> None:
        seen = self._tail[row_id]
        if row is None:
            del self._tail[row_id]
            if row_id <= self.high:
                self._gaps.add(row_id, row_id, now_s)  # it may come back
            news.gone.append(seen.row)
        elif fingerprint(row) != seen.fingerprint:
            self._tail[row_id] = Seen(seen.since_s, fingerprint(row), row)
            news.rows.append(row)

    def _forget(self, now_s: float) -> None:
        self._gaps.expire(now_s - self._missing_s)
        too_many = len(self._tail) - MOST_IN_TAIL
        oldest_s = now_s - self._tail_s
        leaving = [
            row_id
            for index, (row_id, seen) in enumerate(self._tail.items())
            if index < too_many or seen.since_s < oldest_s
        ]
        for row_id in leaving:
            del self._tail[row_id]


def fingerprint(row: Row) -> int:
    """Equal for equal rows; unlike the row itself it finds NaN equal to NaN."""
    return hash(repr(row))
