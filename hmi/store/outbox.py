"""What is still to be written to the plant database, and what became of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import BigInteger, Index, Text, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from hmi.store.columns import Base, BigId
from hmi.store.decisions import CHUNK
from hmi.store.runs import Key

PENDING, UNKNOWN, DONE, CONFLICT, GONE = "pending", "unknown", "done", "conflict", "gone"
OPEN = (PENDING, UNKNOWN)
LOOKED_AT = 500


class Outgoing(Base):
    """One write to a row of the plant's "Defects", in the order of `id` for each defect.

    It is made only where the row still has this box, the disposition `expected` and the mark of the decision
    before: what was written and undone since looks the same but for the mark.
    """

    __tablename__ = "hmi_outbox"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    decision_id: Mapped[int] = mapped_column(BigInteger)
    mark: Mapped[str] = mapped_column(Text)
    word: Mapped[str | None] = mapped_column(Text)  # what is in force then; None: nothing of ours
    generation: Mapped[int]
    defect_id: Mapped[int] = mapped_column(BigInteger)
    image: Mapped[int | None] = mapped_column(BigInteger)
    x: Mapped[int | None]
    y: Mapped[int | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    expected: Mapped[str | None] = mapped_column(Text)
    expected_at: Mapped[datetime | None]
    expected_mark: Mapped[str | None] = mapped_column(Text)  # "": none; None: from before this was kept
    disposition: Mapped[str | None] = mapped_column(Text)
    dispositioned_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(Text, default=PENDING)
    queued_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    found: Mapped[str | None] = mapped_column(Text)  # a conflict: the disposition that stands there instead
    trouble: Mapped[str] = mapped_column(Text, default="")  # why it could not be written yet

    __table_args__ = (
        UniqueConstraint("decision_id"),
        UniqueConstraint("mark"),
        Index(None, "defect_id", "generation"),
        Index(None, "state", "id"),
    )

    @property
    def defect_key(self) -> Key:
        return self.generation, self.defect_id

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


def next_open(session: Session, limit: int) -> list[Outgoing]:
    """The oldest open entry of each defect, oldest first; later ones of a defect wait for it."""
    found: dict[Key, Outgoing] = {}
    is_open = select(Outgoing).where(Outgoing.state.in_(OPEN)).order_by(Outgoing.id).limit(limit)
    for entry in session.scalars(is_open):
        found.setdefault(entry.defect_key, entry)
    return list(found.values())


def last_written(session: Session) -> datetime | None:
    """When a row of the plant's was last written as it should be; None: never. They may end in any order,
    so it is the latest of the newest ones.
    """
    done = select(Outgoing.ended_at).where(Outgoing.state == DONE)
    newest = done.order_by(Outgoing.id.desc()).limit(LOOKED_AT).subquery()
    return session.scalar(select(func.max(newest.c.ended_at)))


def newest_of(session: Session, defects: Iterable[Key]) -> dict[Key, Outgoing]:
    """The newest entry of each defect, of those that have one."""
    wanted: Sequence[Key] = list(defects)
    found: dict[Key, Outgoing] = {}
    for start in range(0, len(wanted), CHUNK):
        ids = [key[1] for key in wanted[start : start + CHUNK]]
        for entry in session.scalars(
            select(Outgoing).where(Outgoing.defect_id.in_(ids)).order_by(Outgoing.id)
        ):
            found[entry.defect_key] = entry
    return {key: found[key] for key in wanted if key in found}


def of_decision(session: Session, decision_id: int) -> Outgoing | None:
    return session.scalar(select(Outgoing).where(Outgoing.decision_id == decision_id))


def with_marks(session: Session, marks: Iterable[str]) -> dict[str, Outgoing]:
    """Entries by their mark: whether what the plant holds came from us."""
    wanted = list(marks)
    found: dict[str, Outgoing] = {}
    for start in range(0, len(wanted), CHUNK):
        chosen = select(Outgoing).where(Outgoing.mark.in_(wanted[start : start + CHUNK]))
        found |= {entry.mark: entry for entry in session.scalars(chosen)}
    return found
