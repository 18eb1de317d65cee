"""Small facts that all processes share: the version counter, the feed's position, the worker's lease."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Text, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from hmi.store.columns import Base, Json

VERSION = "version"
BEGAN = "began"  # ms since 1970


class State(Base):
    """A named number or a named JSON value."""

    __tablename__ = "hmi_state"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[int | None] = mapped_column(BigInteger)
    body: Mapped[Any | None] = mapped_column(Json)


class Lease(Base):
    """Who runs the worker.

    `beat` counts the holder's signs of life, `reads` the successful reads of the plant: whoever watches
    them change needs no clock in common with the holder. `trouble` says why reads fail.
    """

    __tablename__ = "hmi_lease"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    holder: Mapped[str] = mapped_column(Text)
    term: Mapped[int] = mapped_column(BigInteger)
    expires: Mapped[datetime]
    beat: Mapped[int] = mapped_column(BigInteger)
    reads: Mapped[int] = mapped_column(BigInteger)
    trouble: Mapped[str] = mapped_column(Text)


def began_at(session: Session) -> datetime:
    """When this store was made: when the product first looked at the plant."""
    began = session.scalar(select(State.number).where(State.name == BEGAN)) or 0
    return datetime.fromtimestamp(began / 1000, UTC)


def version(session: Session) -> int:
    """Counts what changed that a screen shows; 0 before the first."""
    return session.scalar(select(State.number).where(State.name == VERSION)) or 0


def get(session: Session, name: str) -> Any:
    """The JSON value of that name, or None."""
    return session.scalar(select(State.body).where(State.name == name))


def put(session: Session, name: str, body: Any) -> None:
    session.merge(State(name=name, body=body))


def touch(session: Session) -> None:
    """Say that something changed which a screen shows: the snapshot is rendered anew."""
    session.execute(update(State).where(State.name == VERSION).values(number=State.number + 1))
