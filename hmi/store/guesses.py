"""How often somebody tried to prove who they are: counted in the store, for all processes alike.

Of each user name and each address the times of the last tries are kept. The window slides: within any
`WINDOW_S` seconds no more than the limit are let through, and the wait ends by itself.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from sqlalchemy import Index, Text, delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from hmi.store.columns import Base, Json
from hmi.store.users import key_of_name

WINDOW_S = 600.0


class Guesses(Base):
    """`key` names a user (hashed: people type passwords into the wrong field) or an address."""

    __tablename__ = "hmi_login_attempt"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    times: Mapped[list[float]] = mapped_column(Json)  # seconds since 1970, oldest first
    told_at: Mapped[float | None]  # when it was last written down that the limit was reached
    last_at: Mapped[datetime]

    __table_args__ = (Index(None, "last_at"),)


def key_of_user(name: str) -> str:
    return "user " + sha256(key_of_name(name).encode("utf-8", "surrogatepass")).hexdigest()


def key_of_address(address: str) -> str:
    return f"address {address}"


def locked(session: Session, key: str, now_s: float) -> Guesses:
    """The row of this key, held until the transaction ends, without what has left the window."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    new = insert(Guesses).values(key=key, times=[], told_at=None, last_at=_time(now_s))
    session.execute(new.on_conflict_do_nothing(index_elements=["key"]))
    row = session.get_one(Guesses, key, with_for_update=True, populate_existing=True)
    row.times = [at for at in row.times if now_s - WINDOW_S < at <= now_s + WINDOW_S]
    return row


def wait_s(row: Guesses, limit: int, now_s: float) -> float:
    """Seconds until the next try is let through; 0 if it is now."""
    if len(row.times) < limit:
        return 0.0
    return max(1.0, row.times[-limit] + WINDOW_S - now_s)


def add(row: Guesses, now_s: float) -> None:
    row.times = [*row.times, now_s]
    row.last_at = _time(now_s)


def take_back(session: Session, keys: Sequence[str], at_s: float, now_s: float) -> None:
    """It was no guess: the try at `at_s` does not count."""
    for key in keys:
        row = locked(session, key, now_s)
        times = list(row.times)
        if at_s in times:
            times.remove(at_s)
        row.times = times


def sweep(session: Session, now_s: float) -> None:
    """Remove what counts no more."""
    session.execute(delete(Guesses).where(Guesses.last_at < _time(now_s - 2 * WINDOW_S)))


def _time(at_s: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at_s)
