"""What is read from the counts for one question: months where they are whole, spans and hours at the ends."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from operator import add
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Select,
    bindparam,
    cast,
    func,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import Session

from hmi.settings import PlantTime
from hmi.slots import Grain, moment, pieces, slots_of
from hmi.statistics.asked import Question
from hmi.statistics.older import Older
from hmi.statistics.values import PASSED, UNJUDGED, VERDICTS
from hmi.store import counts, editions
from hmi.store.counts import DAY, DAYS_OF, DEFECT, HOUR, IMAGE, RUN, UNKNOWN_TIME, Amount, Count, CountedKind

COUNT, KINDS = Count.__table__.c, CountedKind.__table__.c
#: of what the pieces between whole months are
_FINER: dict[int, Grain] = {RUN: "span", IMAGE: "span", DEFECT: "day"}
_PLACE = ("edition", "subject", "grain", "since", "until")
NO_NAMES: Mapping[str, list[str]] = {}
_Read = Callable[[int, int, int, Sequence[Grain]], Sequence[Any]]


def _total(number: ColumnElement[int]) -> ColumnElement[int]:
    """PostgreSQL adds whole numbers up to a decimal one."""
    return cast(func.sum(number), BigInteger)


def _total_where(*is_so: ColumnElement[bool]) -> ColumnElement[int]:
    """A filtered sum looks at fewer rows than the sum of a CASE, in both databases."""
    return cast(func.coalesce(func.sum(COUNT.number).filter(*is_so), 0), BigInteger)


_NAMED = {name: KINDS[name].in_(bindparam(f"{name}s", expanding=True)) for name in ("part", "camera")}
_IS_FIRST = (KINDS.first.is_(True), KINDS.state != UNJUDGED)
#: What is added up; a defect has none of the rest.
_AMOUNTS = {RUN: Amount._fields, IMAGE: Amount._fields, DEFECT: ("number",)}


def _in_piece(number: int) -> list[ColumnElement[bool]]:
    """In one piece of time, by its number."""
    named = {name: bindparam(f"{name}_{number}", type_=BigInteger) for name in _PLACE}
    of_piece = [COUNT[name] == named[name] for name in ("edition", "subject", "grain")]
    return [*of_piece, COUNT.start >= named["since"], COUNT.start < named["until"]]


@cache
def _of_kinds(pieces_: int, subject: int) -> Select[Any]:
    """One row a kind: of all pieces together, as a sum of sums costs another row of each kind and piece.

    Each piece is one range of the key; with OR they would all be sorted.
    """
    columns = [COUNT[name] for name in ("kind", *_AMOUNTS[subject])]
    kind, *amounts = union_all(*(select(*columns).where(*_in_piece(n)) for n in range(pieces_))).subquery().c
    return select(kind, *map(_total, amounts)).group_by(kind)


@cache
def _of_starts(pieces_: int, *named: str) -> CompoundSelect[Any]:
    return union_all(*(_of_starts_in(number, *named) for number in range(pieces_)))


def _of_starts_in(number: int, *named: str) -> Select[Any]:
    """One row a slot, with the numbers that `values.COLUMNS` names.

    `named` are the columns of which only some names are wanted.
    """
    numbers = (
        *(_total_where(KINDS.state == verdict) for verdict in VERDICTS),
        _total(COUNT.defects),
        _total(COUNT.failing),
        _total_where(*_IS_FIRST),
        _total_where(*_IS_FIRST, KINDS.state == PASSED),
    )
    of_slots = select(COUNT.start, *numbers).join(CountedKind.__table__, KINDS.id == COUNT.kind)
    return of_slots.where(*_in_piece(number), *(_NAMED[name] for name in named)).group_by(COUNT.start)


@cache
def _number(*named: str) -> Select[Any]:
    of_all = select(_total(COUNT.number)).join(CountedKind.__table__, KINDS.id == COUNT.kind)
    return of_all.where(*_in_piece(0), *(_NAMED[name] for name in named))


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
    defects: int = 0
    failing: int = 0


class Sums:
    """Reads sums of one edition within the time, cameras and part types of a question.

    The last day of it is read each time; of the days before, what is kept in `older`.
    """

    def __init__(
        self, session: Session, time: PlantTime, asked: Question, edition: int, older: Older | None = None
    ) -> None:
        _in_one_process(session)
        self._session = session
        self._time = time
        self._asked = asked
        self._edition = edition
        self._older = older or Older()
        self._since, self._until = (int(at.timestamp()) for at in (asked.since, asked.until))
        self._cut = max(self._since, slots_of(moment(self._until - 1), time).day)
        self._version = counts.version(session, before=self._cut)

    def by_kind(self, subject: int) -> list[OfKind]:
        """One row a kind, with its columns and its sums over the whole time."""
        sums = _added_up(self._both(self._of_kinds, subject, ("month", _FINER[subject], "hour")))
        kinds, names = counts.kinds_of(self._session, sums), self._names(subject)
        wanted = {
            number: kind
            for number, kind in sorted(kinds.items())
            if all(getattr(kind, column) in some for column, some in names.items())
        }
        return [OfKind(*kind[1:], *sums[number]) for number, kind in wanted.items()]

    def by_start(self, subject: int, grains: Sequence[Grain]) -> Sequence[Any]:
        """One row for each slot: its start, and the numbers of which Units are made, see `values.COLUMNS`."""
        by_day = not self._asked.parts and editions.has_days(self._session, self._edition)
        return self._both(self._of_starts, subject, tuple(g for g in grains if by_day or g != "day"))

    def _both(self, read: _Read, subject: int, grains: tuple[Grain, ...]) -> list[Any]:
        """What is read of the days that are over, and of the last one."""
        asked = (read.__name__, subject, grains, self._asked.cameras, self._asked.parts)
        state = (self._edition, self._since, self._cut, self._version)
        older = self._older.of((asked, state), lambda: read(subject, self._since, self._cut, grains))
        return [*older, *read(subject, self._cut, self._until, grains)]

    def _of_kinds(self, subject: int, since: int, until: int, grains: Sequence[Grain]) -> Sequence[Any]:
        places = pieces(since, until, self._time, grains)
        if not places:
            return []
        return self._rows(_of_kinds(len(places), subject), [(subject, *place) for place in places])

    def _of_starts(self, subject: int, since: int, until: int, grains: Sequence[Grain]) -> Sequence[Any]:
        places = [
            (DAYS_OF[subject] if grain == DAY else subject, grain, *ends)
            for grain, *ends in pieces(since, until, self._time, grains)
        ]
        if not places:
            return []
        names = self._names(subject)
        return self._rows(_of_starts(len(places), *names), places, names)

    def without_time(self, subject: int) -> int:
        of_none = [(subject, HOUR, UNKNOWN_TIME, UNKNOWN_TIME + 1)]
        names = self._names(subject)
        [[number]] = self._rows(_number(*names), of_none, names)
        return number or 0

    def earliest(self) -> datetime | None:
        """The first hour of which anything is counted."""
        of_runs = (Count.edition == self._edition, Count.subject == RUN, Count.grain == HOUR)
        first = self._session.scalar(
            select(Count.start).where(*of_runs, Count.start > UNKNOWN_TIME).order_by(Count.start).limit(1)
        )
        return moment(first) if first is not None else None

    def _names(self, subject: int) -> dict[str, list[str]]:
        """The names that are asked for, by their columns; runs are of all cameras."""
        asked = {"part": self._asked.parts, "camera": self._asked.cameras if subject != RUN else ()}
        return {column: list(names) for column, names in asked.items() if names}

    def _rows(
        self,
        statement: Select[Any] | CompoundSelect[Any],
        places: Sequence[Sequence[int]],
        names: Mapping[str, list[str]] = NO_NAMES,
    ) -> Sequence[Any]:
        """`places`: of each piece of time its subject, its grain, its start and its end."""
        values: dict[str, Any] = _values(names)
        for number, place in enumerate(places):
            named = zip(_PLACE, (self._edition, *place), strict=True)
            values |= {f"{name}_{number}": value for name, value in named}
        return self._session.execute(statement, values).all()


def _in_one_process(session: Session) -> None:
    """For the rest of the transaction: to start further processes costs PostgreSQL more than they save."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL max_parallel_workers_per_gather = 0"))


def _values(names: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """For the parameters of `_NAMED`."""
    return {f"{column}s": wanted for column, wanted in names.items()}


def _added_up(rows: Iterable[Sequence[int]]) -> dict[int, list[int]]:
    """One sum of each column a kind."""
    found: dict[int, list[int]] = {}
    for kind, *amount in rows:
        before = found.get(kind)
        found[kind] = amount if before is None else list(map(add, before, amount))
    return found


def part_types(session: Session) -> list[str]:
    """All part types that were ever counted."""
    of_runs = select(CountedKind.part).where(CountedKind.subject == RUN, CountedKind.part != "")
    return list(session.scalars(of_runs.distinct().order_by(CountedKind.part).limit(500)))
