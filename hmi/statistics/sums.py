"""What is read from the counts for one question: months where they are whole, spans and hours at the ends."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, case, cast, func, or_, select
from sqlalchemy.orm import Session

from hmi.settings import PlantTime
from hmi.slots import Grain, moment, pieces
from hmi.statistics.asked import Question
from hmi.statistics.values import PASSED, UNJUDGED, VERDICTS
from hmi.store.counts import DEFECT, HOUR, IMAGE, RUN, UNKNOWN_TIME, Amount, Count, CountedKind

#: PostgreSQL adds whole numbers up to a decimal one
SUMS = tuple(cast(func.sum(getattr(Count, name)), BigInteger).label(name) for name in Amount._fields)
KIND = tuple(
    getattr(CountedKind, name)
    for name in ("part", "camera", "state", "type", "region", "reason", "decision", "first", "shift")
)


def _sum_where(*is_so: ColumnElement[bool]) -> ColumnElement[int]:
    return cast(func.sum(case((and_(*is_so), Count.number), else_=0)), BigInteger)


_IS_FIRST: tuple[ColumnElement[bool], ...] = (CountedKind.first.is_(True), CountedKind.state != UNJUDGED)
_COLUMNS = (
    *(_sum_where(CountedKind.state == verdict) for verdict in VERDICTS),
    *SUMS[1:],
    _sum_where(*_IS_FIRST),
    _sum_where(*_IS_FIRST, CountedKind.state == PASSED),
)


class Sums:
    """Reads sums of one edition within the time, cameras and part types of a question."""

    def __init__(self, session: Session, time: PlantTime, asked: Question, edition: int) -> None:
        self._session = session
        self._time = time
        self._asked = asked
        self._edition = edition

    def by_kind(self, subject: int) -> Sequence[Any]:
        """One row a kind, with its columns and its sums over the whole time."""
        places = self._places(subject, ("month", "day" if subject == DEFECT else "span", "hour"))
        summed = select(Count.kind, *SUMS).where(places).group_by(Count.kind).subquery()
        of_kinds = select(*KIND, *(summed.c[name] for name in Amount._fields))
        chosen = of_kinds.join(summed, summed.c.kind == CountedKind.id).where(*self._names(subject))
        rows: Sequence[Any] = self._session.execute(chosen).all()
        return rows

    def by_start(self, subject: int, grains: Sequence[Grain]) -> Sequence[Any]:
        """One row for each slot: its start, and the numbers of which Units are made, see `values.COLUMNS`."""
        chosen = select(Count.start, *_COLUMNS).join(CountedKind, CountedKind.id == Count.kind)
        places = self._places(subject, grains)
        rows: Sequence[Any] = self._session.execute(
            chosen.where(places, *self._names(subject)).group_by(Count.start)
        ).all()
        return rows

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

    def _places(self, subject: int, grains: Sequence[Grain]) -> ColumnElement[bool]:
        since, until = (int(at.timestamp()) for at in (self._asked.since, self._asked.until))
        found = pieces(since, until, self._time, grains)
        return or_(*(self._at(subject, grain, start, end) for grain, start, end in found))

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


def part_types(session: Session) -> list[str]:
    """All part types that were ever counted."""
    of_runs = select(CountedKind.part).where(CountedKind.subject == RUN, CountedKind.part != "")
    return list(session.scalars(of_runs.distinct().order_by(CountedKind.part).limit(500)))
