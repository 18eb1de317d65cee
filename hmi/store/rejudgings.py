"""The past judged again with a version that somebody chose: jobs of the worker, and how far they are."""

from datetime import datetime

from sqlalchemy import BigInteger, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from hmi.store.columns import Base, BigId, JsonOrNull

RUNNING, PAUSED, DONE, CANCELLED = "running", "paused", "done", "cancelled"


class Rejudging(Base):
    """Runs from `since_ms` to `until_ms` (ms since 1970), newest first; `place` is the key of the last one
    that is done: [order_ms, generation, id]. `done`, `total` and `changed` count runs."""

    __tablename__ = "hmi_rejudging"

    number: Mapped[int] = mapped_column(BigId, primary_key=True)
    version: Mapped[int]
    camera: Mapped[str | None] = mapped_column(Text)  # None: all
    since_ms: Mapped[int] = mapped_column(BigInteger)
    until_ms: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(Text)
    done: Mapped[int]
    total: Mapped[int]
    changed: Mapped[int]  # runs whose verdict is another one now
    place: Mapped[list[int] | None] = mapped_column(JsonOrNull)
    who: Mapped[str] = mapped_column(Text)
    why: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


def newest(session: Session, limit: int = 20) -> list[Rejudging]:
    return list(session.scalars(select(Rejudging).order_by(Rejudging.number.desc()).limit(limit)))


def next_to_do(session: Session) -> Rejudging | None:
    """The oldest job that runs; locked until the transaction ends."""
    running = select(Rejudging).where(Rejudging.state == RUNNING).order_by(Rejudging.number).limit(1)
    return session.scalar(running.with_for_update())
