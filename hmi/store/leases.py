"""The worker's lease: of several processes one runs feed, judging and outbox."""

import os
import socket
import time
import uuid
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hmi.store.database import Store
from hmi.store.state import Lease

WORKER = "worker"


class LeaseLost(Exception):
    """Somebody else is the worker now: whatever was being written is not."""


class WorkerLease:
    """Tries to hold the lease; every write of a worker goes through `checked`.

    The lease is taken over when it has expired, or when the holder has given no sign of life (`beat`) for as
    long as a lease lasts by our own monotonic clock: a wall clock that was set back cannot keep it for ever.
    """

    def __init__(self, store: Store, lasts_s: float = 5.0) -> None:
        self._store = store
        self._lasts_s = lasts_s
        self._watched: tuple[int, int] | None = None
        self._watched_since = 0.0
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self.term = 0

    def acquire(self) -> bool:
        """Take the lease if it is free; True if it is ours now."""
        with self._store.write() as session:
            lease = session.scalar(select(Lease).where(Lease.name == WORKER).with_for_update())
            if lease is None:
                lease = Lease(name=WORKER, holder="", term=0, expires=_now(), beat=0, reads=0, trouble="")
                session.add(lease)
            if not self._is_free(lease):
                return False
            lease.holder, lease.term = self.holder, lease.term + 1
            lease.expires = _now() + timedelta(seconds=self._lasts_s)
            self.term = lease.term
        return True

    def checked(self, session: Session, *, read: bool, trouble: str) -> None:
        """Give a sign of life within the caller's transaction. Raises LeaseLost if the lease is not ours.

        `read` says that the plant was just read successfully, `trouble` why not.
        """
        held = (Lease.name == WORKER, Lease.holder == self.holder, Lease.term == self.term)
        done = session.execute(
            update(Lease)
            .where(*held)
            .values(
                beat=Lease.beat + 1,
                reads=Lease.reads + int(read),
                trouble=trouble,
                expires=_now() + timedelta(seconds=self._lasts_s),
            ),
            execution_options={"synchronize_session": False},
        )
        if done.rowcount != 1:  # type: ignore[attr-defined]
            raise LeaseLost(self.holder)

    def release(self) -> None:
        """Let the next one take over at once."""
        with self._store.write() as session:
            held = (Lease.name == WORKER, Lease.holder == self.holder, Lease.term == self.term)
            session.execute(update(Lease).where(*held).values(holder="", expires=_now()))

    def _is_free(self, lease: Lease) -> bool:
        if not lease.holder or lease.holder == self.holder or lease.expires < _now():
            return True
        seen = (lease.term, lease.beat)
        if seen != self._watched:
            self._watched, self._watched_since = seen, time.monotonic()
            return False
        return time.monotonic() - self._watched_since > self._lasts_s


def _now() -> datetime:
    return datetime.now(UTC)
