"""Following one table: new rows, rows that come late, and changes in what was seen last.

Rows can commit out of id order, so "everything above the last id" loses rows. Ids that are missing below the
newest one are asked for again for a while, and rows that were first seen a moment ago are read again and
compared.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hmi.plant.database import Session
from hmi.plant.gaps import Gap, Gaps
from hmi.plant.sources import Row, Source

MOST_IN_TAIL = 5_000
MOST_READ_AGAIN = 20_000  # ids below the newest one that are read again after a start
REMEMBERED = 50  # ids by which a restored database is told from a few deleted rows


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
        self.seen = high  # the highest id that was ever there
        self._tail_s = tail_s
        self._missing_s = missing_s
        self._window = window
        self._tail: dict[int, Seen] = {}
        self._gaps = Gaps()
        self._recent: deque[int] = deque(maxlen=REMEMBERED)

    def read(self, session: Session, source: Source, newest: int) -> Found:
        """One query, or none when there is nothing to ask. newest: the table's newest id in this snapshot."""
        asked = tuple(self._tail)
        after = self.high if newest > self.high else None
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
            self._gaps.add(self.high + 1, row_id - 1, now_s)
            self.high = row_id
            self._recent.append(row_id)
        for row_id, row in sorted(by_id.items()):
            self._gaps.fill(row_id)
            self._tail[row_id] = Seen(now_s, fingerprint(row), row)
            news.rows.append(row)
        self.seen = max(self.seen, self.high)
        self._forget(now_s)
        return news

    def lost_all_recent(self, newest: int) -> bool:
        """None of the rows that were read last is there any more."""
        return bool(self._recent) and newest < min(self._recent)

    def position(self) -> dict[str, Any]:
        """Enough to go on from here, JSON-able."""
        lowest = min((self.high + 1, *self._tail, self._gaps.lowest or self.high))
        start = max(lowest - 1, self.high - MOST_READ_AGAIN, 0)
        return {"high": self.seen, "from": min(start, self.high), "recent": min(self._recent, default=None)}

    def resume(self, position: Mapping[str, Any]) -> None:
        """Go on from there. What could still have come late or changed then is read once more."""
        self.high, self.seen = int(position["from"]), int(position["high"])
        if position["recent"] is not None:
            self._recent.append(int(position["recent"]))

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
