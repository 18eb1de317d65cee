"""The plant database: one short transaction at a time, bounded in every direction."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import tzinfo
from typing import Any, Protocol, Self

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from hmi.plant.deadline import Deadline
from hmi.plant.failures import Kind, OutcomeUnknown, PlantUnavailable, unavailable
from hmi.plant.postgres import Postgres
from hmi.plant.sqlite import Sqlite
from hmi.settings import Database as DatabaseSettings

__all__ = ["Kind", "OutcomeUnknown", "PlantDatabase", "PlantUnavailable", "Session"]

WRITE_S = 1.0  # a write is given up after so long, its row is free again for others


class Session(Protocol):
    """What can be done in one transaction: SELECT, and UPDATE in one that was begun for writing."""

    @property
    def dialect(self) -> str:
        """postgresql or sqlite."""

    @property
    def zone(self) -> tzinfo:
        """What a time without zone means there."""

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of one statement with %s for parameters. Raises PlantUnavailable."""


class PlantDatabase:
    """Reaches PostgreSQL (`postgresql://`) or SQLite (`sqlite:///file`).

    connect_timeout_s: seconds for making a connection, the look-up of the name included.
    deadline_s: seconds for one whole read, the connection included; holds against a frozen server and a
    pulled cable.
    lock_timeout_ms: how long a read waits for somebody else's lock.
    One connection at most; safe to share between threads, which then read one after the other.
    Raises ValueError for an address that is none; its text repeats nothing of the address.
    """

    def __init__(self, url: str, connect_timeout_s: float, deadline_s: float, lock_timeout_ms: int) -> None:
        address = _address(url)
        self.deadline_s = deadline_s
        self._one_at_a_time = threading.Lock()
        self._way: Postgres | Sqlite
        if address.get_backend_name() == "sqlite":
            self._way = Sqlite(address.database or "", lock_timeout_ms)
        else:
            self._way = Postgres(address, connect_timeout_s, lock_timeout_ms)

    @classmethod
    def of(cls, settings: DatabaseSettings) -> Self:
        """The database of the settings."""
        return cls(
            settings.address, settings.connect_timeout_s, settings.deadline_s, settings.lock_timeout_ms
        )

    @contextmanager
    def read(self, within_s: float | None = None) -> Iterator[Session]:
        """One read-only transaction, given up after `within_s` (default: deadline_s).

        Raises PlantUnavailable, at the start or from any statement; the connection is then given up.
        """
        deadline = Deadline(self.deadline_s if within_s is None else within_s)
        with self._turn(deadline):
            session = self._way.begin(deadline)
            yield session
            session.end()

    @contextmanager
    def write(self, within_s: float = WRITE_S) -> Iterator[Session]:
        """One transaction that may UPDATE, committed at the end of the block, rolled back if that raises.

        Raises PlantUnavailable: nothing was written; and OutcomeUnknown, where the server was lost while it
        was to commit. A connection that is made for it may take its own time.
        """
        deadline = Deadline(self.deadline_s)
        with self._turn(deadline):
            session = self._way.begin(deadline, writing_s=within_s)
            yield session
            session.end()

    @contextmanager
    def _turn(self, deadline: Deadline) -> Iterator[None]:
        if not self._one_at_a_time.acquire(timeout=deadline.left_s):
            raise unavailable("timeout", "another one is still under way")
        try:
            yield
        except BaseException:
            self._way.drop()
            raise
        finally:
            self._one_at_a_time.release()

    def close(self) -> None:
        """Give the connection back; the next read opens a new one."""
        with self._one_at_a_time:
            self._way.drop()


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError("database.url is not an address of a database") from None
    if address.get_backend_name() not in ("postgresql", "sqlite", "postgres"):
        raise ValueError("database.url must begin with postgresql:// or sqlite:///")
    return address
