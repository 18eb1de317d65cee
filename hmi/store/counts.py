"""Counts: how many runs, images and defects of each kind fell into each hour, span or day, and month.

What a run adds to them is kept beside them (`CountedRun`), so that a change of the run writes the difference
between what it added before and what it adds now. All rows carry an edition: counting anew fills the next
edition while the one that is shown is kept up, and the old one is swept away afterwards.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import sha256
from threading import Lock
from typing import Any, NamedTuple, Self

from cachetools import LRUCache
from sqlalchemy import BigInteger, Text, delete, func, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from hmi.store.columns import Base, BigId
from hmi.store.runs import Key

RUN, IMAGE, DEFECT, RUN_DAY, IMAGE_DAY = 1, 2, 3, 4, 5  # subjects
HOUR, SPAN, DAY, MONTH = 1, 2, 3, 4  # grains: see hmi.slots
#: Series are of runs and images: defects need no spans, and days of them are fewer rows.
GRAINS = {RUN: (HOUR, SPAN, MONTH), IMAGE: (HOUR, SPAN, MONTH), DEFECT: (HOUR, DAY, MONTH)}
#: What runs and images are counted as once more by the day, for series of years: see `by_day`.
DAYS_OF = {RUN: RUN_DAY, IMAGE: IMAGE_DAY}
UNKNOWN_TIME = 0  # the start of whatever has no usable time
CHUNK, MOST_KINDS = 400, 20_000


class Kind(NamedTuple):
    """What is counted together. An empty text is unknown or does not apply.

    `state` is the verdict of a run or an image, and of a defect what the rules say of it.
    """

    subject: int
    part: str = ""
    camera: str = ""
    state: str = ""
    type: str = ""
    region: str = ""
    reason: str = ""
    decision: str = ""
    first: bool = False  # of a run: the first one of its serial
    shift: str = ""  # of a run or an image: by name

    @property
    def id(self) -> int:
        """The same in every process and store: the subject in the upper bits, below it a digest."""
        return _id_of(self)


@lru_cache(maxsize=4096)
def _id_of(kind: Kind) -> int:
    digest = sha256(json.dumps(kind).encode()).digest()
    return kind.subject << 60 | int.from_bytes(digest[:8]) >> 4


def by_day(kind: Kind) -> Kind | None:
    """A kind of runs or images without what a series over all part types does not tell apart; else None."""
    subject = DAYS_OF.get(kind.subject)
    if subject is None:
        return None
    return Kind(subject, camera=kind.camera, state=kind.state, first=kind.first)


_KINDS: LRUCache[int, Kind] = LRUCache(MOST_KINDS)
_LOCK = Lock()


def subject_of(kind_id: int) -> int:
    return kind_id >> 60


class Amount(NamedTuple):
    """`number` of runs, images or defects; of runs and images also the defects on them."""

    number: int = 0
    defects: int = 0
    failing: int = 0

    def plus(self, other: Self, sign: int = 1) -> "Amount":
        return Amount(*(mine + sign * theirs for mine, theirs in zip(self, other, strict=True)))


Tally = Mapping[Kind, Amount]
Place = tuple[int, int, int]  # grain, start (s since 1970), kind


class CountedKind(Base):
    """A kind by its number."""

    __tablename__ = "hmi_count_kind"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    subject: Mapped[int]
    part: Mapped[str] = mapped_column(Text)
    camera: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(Text)
    region: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    decision: Mapped[str] = mapped_column(Text)
    first: Mapped[bool]
    shift: Mapped[str] = mapped_column(Text)

    @property
    def kind(self) -> Kind:
        return Kind(*(getattr(self, name) for name in Kind._fields))


class Count(Base):
    """How many of one kind fell into one slot of time."""

    __tablename__ = "hmi_count"

    edition: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[int] = mapped_column(primary_key=True)
    grain: Mapped[int] = mapped_column(primary_key=True)
    start: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)
    defects: Mapped[int] = mapped_column(BigInteger)
    failing: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = ({"sqlite_with_rowid": False},)


class CountedRun(Base):
    """What one run has added to an edition, and where."""

    __tablename__ = "hmi_counted_run"

    edition: Mapped[int] = mapped_column(primary_key=True)
    generation: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    serial: Mapped[str | None] = mapped_column(Text)
    order_ms: Mapped[int] = mapped_column(BigInteger)
    hour: Mapped[int] = mapped_column(BigInteger)  # s since 1970: the starts of its slots
    span: Mapped[int] = mapped_column(BigInteger)
    day: Mapped[int] = mapped_column(BigInteger)
    month: Mapped[int] = mapped_column(BigInteger)
    first: Mapped[bool]
    added: Mapped[str] = mapped_column(Text)  # see `written`

    __table_args__ = ({"sqlite_with_rowid": False},)

    @property
    def key(self) -> Key:
        return self.generation, self.id

    @property
    def starts(self) -> dict[int, int]:
        """By grain."""
        return {HOUR: self.hour, SPAN: self.span, DAY: self.day, MONTH: self.month}

    @property
    def amounts(self) -> dict[int, Amount]:
        entries = (entry.split(".") for entry in self.added.split())
        return {int(kind, 16): Amount(*map(int, amount)) for kind, *amount in entries}

    def copy(self, edition: int) -> "CountedRun":
        """The same in another edition."""
        values = {column.key: getattr(self, column.key) for column in CountedRun.__table__.columns}
        return CountedRun(**{**values, "edition": edition})


def written(amounts: Mapping[int, Amount]) -> str:
    """`kind.number.defects.failing` for each kind, the kind in hexadecimal."""
    return " ".join(
        f"{kind:x}.{amount.number}.{amount.defects}.{amount.failing}"
        for kind, amount in sorted(amounts.items())
    )


class CountedDay(Base):
    """How often the counts of a day changed, in whatever edition."""

    __tablename__ = "hmi_count_day"

    start: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    changes: Mapped[int] = mapped_column(BigInteger)


class Difference:
    """What is to be added to the counts of one edition; written in one go."""

    def __init__(self) -> None:
        self._amounts: dict[Place, Amount] = defaultdict(Amount)
        self._of_days: dict[tuple[int, int], Amount] = defaultdict(Amount)  # start of the day, kind
        self._days: set[int] = set()

    def __bool__(self) -> bool:
        return bool(self._amounts)

    def add(self, starts: Mapping[int, int], amounts: Mapping[int, Amount], sign: int = 1) -> None:
        """`starts` of the slots, by grain."""
        self._days.add(starts[DAY])
        for kind, amount in amounts.items():
            for grain in GRAINS[subject_of(kind)]:
                place = (grain, starts[grain], kind)
                self._amounts[place] = self._amounts[place].plus(amount, sign)
            if subject_of(kind) in DAYS_OF:
                of_day = (starts[DAY], kind)
                self._of_days[of_day] = self._of_days[of_day].plus(amount, sign)

    def write(self, session: Session, edition: int) -> None:
        """The caller has the turn, and noted the kinds. Nothing is left where nothing is counted."""
        amounts = {**self._amounts, **self._by_day(session)}
        changed = {place: amount for place, amount in sorted(amounts.items()) if any(amount)}
        if not changed:
            return
        rows = [
            {
                "edition": edition,
                "subject": subject_of(kind),
                "grain": grain,
                "start": start,
                "kind": kind,
                **amount._asdict(),
            }
            for (grain, start, kind), amount in changed.items()
        ]
        session.execute(_adding(session), rows)
        session.execute(_rising(session), [{"start": day, "changes": 1} for day in sorted(self._days)])
        fewer = {place[:2] for place, amount in changed.items() if amount.number < 0}
        for grain, start in sorted(fewer):
            empty = (Count.edition == edition, Count.grain == grain, Count.start == start, Count.number == 0)
            session.execute(delete(Count).where(*empty, Count.subject.in_((*GRAINS, *DAYS_OF.values()))))

    def _by_day(self, session: Session) -> Mapping[Place, Amount]:
        kinds = kinds_of(session, {kind for _, kind in self._of_days})
        found: dict[Place, Amount] = defaultdict(Amount)
        for (start, number), amount in self._of_days.items():
            if kind := by_day(kinds[number]):
                place = (DAY, start, kind.id)
                found[place] = found[place].plus(amount)
        return found


def _adding(session: Session) -> Any:
    new = _insert(session)(Count)
    sums = {name: getattr(Count, name) + new.excluded[name] for name in Amount._fields}
    return new.on_conflict_do_update(index_elements=list(Count.__table__.primary_key), set_=sums)


def version(session: Session, before: int | None = None) -> int:
    """Rises with all that is counted, in whatever edition. `before`: of days that begin earlier (s)."""
    rises = select(func.sum(CountedDay.changes))
    if before is not None:
        rises = rises.where(CountedDay.start < before)
    return int(session.scalar(rises) or 0)


def _rising(session: Session) -> Any:
    new = _insert(session)(CountedDay)
    return new.on_conflict_do_update(
        index_elements=["start"], set_={"changes": CountedDay.changes + new.excluded.changes}
    )


def note_kinds(session: Session, kinds: Iterable[Kind]) -> None:
    """Their numbers get their meaning, and those of the kinds that they are by the day."""
    named = set(kinds)
    wanted = {kind.id: kind for kind in (*named, *map(by_day, named)) if kind}
    numbers = sorted(wanted)
    for start in range(0, len(numbers), CHUNK):
        chosen = select(CountedKind.id).where(CountedKind.id.in_(numbers[start : start + CHUNK]))
        for known in session.scalars(chosen):
            del wanted[known]
    if wanted:
        rows = [{"id": number, **kind._asdict()} for number, kind in sorted(wanted.items())]
        session.execute(_insert(session)(CountedKind).on_conflict_do_nothing(index_elements=["id"]), rows)


def kinds_of(session: Session, numbers: Iterable[int]) -> dict[int, Kind]:
    """What these numbers mean: what was read once is kept, as a number means the same everywhere."""
    wanted = list(numbers)
    with _LOCK:
        found = {number: kind for number in wanted if (kind := _KINDS.get(number)) is not None}
    unknown = [number for number in wanted if number not in found]
    for start in range(0, len(unknown), CHUNK):
        chosen = select(CountedKind).where(CountedKind.id.in_(unknown[start : start + CHUNK]))
        read = {row.id: row.kind for row in session.scalars(chosen)}
        found |= read
        with _LOCK:
            _KINDS.update(read)
    return found


def counted(session: Session, edition: int, runs: Iterable[Key]) -> dict[Key, CountedRun]:
    """What these runs have added, of those that were counted."""
    wanted = sorted(set(runs))
    found: dict[Key, CountedRun] = {}
    for start in range(0, len(wanted), CHUNK):
        keys = wanted[start : start + CHUNK]
        chosen = select(CountedRun).where(
            CountedRun.edition == edition,
            CountedRun.generation.in_({key[0] for key in keys}),
            CountedRun.id.in_([key[1] for key in keys]),
        )
        rows = session.scalars(chosen, execution_options={"populate_existing": True})
        found |= {row.key: row for row in rows if row.key in set(keys)}
    return found


def turn(session: Session, row: CountedRun, is_first: bool, change: Difference) -> Kind:
    """This run is the first of its serial now, or no more; the kind that it is of then."""
    amounts = row.amounts
    change.add(row.starts, amounts, sign=-1)
    of_run = next(kind for kind in amounts if subject_of(kind) == RUN)
    turned = kinds_of(session, [of_run])[of_run]._replace(first=is_first)
    amounts[turned.id] = amounts.pop(of_run)
    row.first, row.added = is_first, written(amounts)
    change.add(row.starts, amounts)
    return turned


def sweep(session: Session, below: int, most: int) -> int:
    """Remove up to `most` rows each of earlier editions; returns how many."""
    removed = 0
    for table in (Count, CountedRun):
        key = list(table.__table__.primary_key)
        old = select(*key).where(table.edition < below).limit(most)
        gone = session.execute(
            delete(table).where(tuple_(*key).in_(old)), execution_options={"synchronize_session": False}
        )
        removed += gone.rowcount  # type: ignore[attr-defined]
    return removed


def _insert(session: Session) -> Any:
    return postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
