"""What is read from the counts for one question: months where they are whole, spans and hours at the ends."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Self

from sqlalchemy import BigInteger, ColumnElement, and_, case, cast, false, func, or_, select
from sqlalchemy.orm import Session

from hmi.settings import PlantTime
from hmi.slots import Grain, moment, pieces, slots_of
from hmi.statistics.asked import Question
from hmi.statistics.older import Older
from hmi.statistics.values import PASSED, UNJUDGED, VERDICTS
from hmi.store import counts
from hmi.store.counts import DEFECT, HOUR, IMAGE, RUN, UNKNOWN_TIME, Amount, Count, CountedKind

#: PostgreSQL adds whole numbers up to a decimal one
SUMS = tuple(cast(func.sum(getattr(Count, name)), BigInteger).label(name) for name in Amount._fields)
NAMES = ("part", "camera", "state", "type", "region", "reason", "decision", "first", "shift")
KIND = tuple(getattr(CountedKind, name) for name in NAMES)


def _sum_where(*is_so: ColumnElement[bool]) -> ColumnElement[int]:
    return cast(func.sum(case((and_(*is_so), Count.number), else_=0)), BigInteger)


_IS_FIRST: tuple[ColumnElement[bool], ...] = (CountedKind.first.is_(True), CountedKind.state != UNJUDGED)
_COLUMNS = (
    *(_sum_where(CountedKind.state == verdict) for verdict in VERDICTS),
    *SUMS[1:],
    _sum_where(*_IS_FIRST),
    _sum_where(*_IS_FIRST, CountedKind.state == PASSED),
)


#: of what the pieces between whole months are
_FINER: dict[int, Grain] = {RUN: "span", IMAGE: "span", DEFECT: "day"}
_Read = Callable[[int, int, int, Sequence[Grain]], Sequence[Any]]


class OfKind(NamedTuple):
    """One kind and its sums."""

    part: str
    camera: str
    state: str
    type: str
    region: str
    reason: str
    decision: str
    first: bool
    shift: str
    number: int
    defects: int
    failing: int

    def plus(self, other: Self) -> Self:
        """Both of the same kind."""
        number, defects = self.number + other.number, self.defects + other.defects
        return self._replace(number=number, defects=defects, failing=self.failing + other.failing)


class Sums:
    """Reads sums of one edition within the time, cameras and part types of a question.

    The last day of it is read each time; of the days before, what is kept in `older`.
    """

    def __init__(
        self, session: Session, time: PlantTime, asked: Question, edition: int, older: Older | None = None
    ) -> None:
        self._session = session
        self._time = time
        self._asked = asked
        self._edition = edition
        self._older = older or Older()
        self._since, self._until = (int(at.timestamp()) for at in (asked.since, asked.until))
        self._cut = max(self._since, slots_of(moment(self._until - 1), time).day)
        self._version = counts.version(session, before=self._cut)

    def by_kind(self, subject: int) -> Sequence[Any]:
        """One row a kind, with its columns and its sums over the whole time."""
        return _added_up(self._both(self._of_kinds, subject, ("month", _FINER[subject], "hour")))

    def by_start(self, subject: int, grains: Sequence[Grain]) -> Sequence[Any]:
        """One row for each slot: its start, and the numbers of which Units are made, see `values.COLUMNS`."""
        return self._both(self._of_starts, subject, tuple(grains))

    def _both(self, read: _Read, subject: int, grains: tuple[Grain, ...]) -> list[Any]:
        """What is read of the days that are over, and of the last one."""
        asked = (read.__name__, subject, grains, self._asked.cameras, self._asked.parts)
        state = (self._edition, self._since, self._cut, self._version)
        older = self._older.of((asked, state), lambda: read(subject, self._since, self._cut, grains))
        return [*older, *read(subject, self._cut, self._until, grains)]

    def _of_kinds(self, subject: int, since: int, until: int, grains: Sequence[Grain]) -> Sequence[Any]:
        places = self._places(subject, since, until, grains)
        summed = select(Count.kind, *SUMS).where(places).group_by(Count.kind).subquery()
        of_kinds = select(*KIND, *(summed.c[name] for name in Amount._fields))
        chosen = of_kinds.join(summed, summed.c.kind == CountedKind.id).where(*self._names(subject))
        return [OfKind(*row) for row in self._session.execute(chosen)]

    def _of_starts(self, subject: int, since: int, until: int, grains: Sequence[Grain]) -> Sequence[Any]:
        chosen = select(Count.start, *_COLUMNS).join(CountedKind, CountedKind.id == Count.kind)
        places = self._places(subject, since, until, grains)
        of_slots = chosen.where(places, *self._names(subject)).group_by(Count.start)
        return [tuple(row) for row in self._session.execute(of_slots)]

    def without_time(self, subject: int) -> int:
        at = self._at(subject, HOUR, UNKNOWN_TIME, UNKNOWN_TIME + 1)
        chosen = select(cast(func.sum(Count.number), BigInteger)).join(
            CountedKind, CountedKind.id == Count.kind
        )
        number: int | None = self._session.scalar(chosen.where(at, *self._names(subject)))
        return number or 0

    def earliest(self) -> datetime | None:
        """The first hour of which anything is counted."""
        of_runs = (Count.edition == self._edition, Count.subject == RUN, Count.grain == HOUR)
        first = self._session.scalar(
            select(Count.start).where(*of_runs, Count.start > UNKNOWN_TIME).order_by(Count.start).limit(1)
        )
        return moment(first) if first is not None else None

    def _places(self, subject: int, since: int, until: int, grains: Sequence[Grain]) -> ColumnElement[bool]:
        found = pieces(since, until, self._time, grains)
        return or_(false(), *(self._at(subject, grain, start, end) for grain, start, end in found))

    def _at(self, subject: int, grain: int, start: int, end: int) -> ColumnElement[bool]:
        of_grain = (Count.edition == self._edition, Count.subject == subject, Count.grain == grain)
        return and_(*of_grain, Count.start >= start, Count.start < end)

    def _names(self, subject: int) -> list[ColumnElement[bool]]:
        wanted: list[ColumnElement[bool]] = []
        if self._asked.parts:
            wanted.append(CountedKind.part.in_(self._asked.parts))
        if self._asked.cameras and subject >= IMAGE:
            wanted.append(CountedKind.camera.in_(self._asked.cameras))
        return wanted


def _added_up(rows: Iterable[OfKind]) -> Sequence[OfKind]:
    """One row a kind."""
    found: dict[tuple[Any, ...], OfKind] = {}
    for row in rows:
        kind = row[: len(NAMES)]
        found[kind] = row.plus(found[kind]) if kind in found else row
    return list(found.values())


def part_types(session: Session) -> list[str]:
    """All part types that were ever counted."""
    of_runs = select(CountedKind.part).where(CountedKind.subject == RUN, CountedKind.part != "")
    return list(session.scalars(of_runs.distinct().order_by(CountedKind.part).limit(500)))
