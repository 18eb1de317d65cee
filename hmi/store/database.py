"""The store's engine and transactions, alike on SQLite and PostgreSQL."""

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2
from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

log = logging.getLogger(__name__)

BUSY_MS = 5_000
POOL_WAIT_S = 1
STATEMENT_MS = 2_000
STEPS = 20_000  # instructions of the SQLite machine between two looks at the clock
READ_ONLY, QUERY_CANCELED, DISK_FULL = "25006", "57014", "53100"
#: Connection, resources, operator, rollback; a standby that cannot be written; a lock that was not had.
POSTGRES_OUTAGES = ("08", "53", "57", "40", READ_ONLY, "55P03")
#: A dead network is noticed after some seconds, also on Windows.
KEEPALIVE = {
    "keepalives": 1,
    "keepalives_idle": 3,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 5000,
}
SQLITE_OUTAGES = {
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
}


class StoreUnavailable(Exception):
    """The store does not answer; the message is fit for a person and holds no address."""


class StoreReadOnly(StoreUnavailable):
    """It answers, and takes nothing: a standby, or told so."""


class StoreFull(StoreUnavailable):
    """It answers, and has no room: its disk is full."""


class StoreTooSlow(StoreUnavailable):
    """It answers, but not this in time."""


class OutcomeUnknown(StoreUnavailable):
    """The connection ended within the commit: it may stand or not. Only another look can tell."""


class Store:
    """Opens transactions on our own database.

    `url` is `sqlite:///file` or `postgresql://…`. Nothing is connected before it is needed. `audit_key` seals
    the audit; without it nothing can be written there.
    """

    def __init__(self, url: str, pool_size: int = 8, audit_key: bytes | None = None) -> None:
        self.url = _with_driver(make_url(url))
        self.audit_key = audit_key
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(self.url) if self.is_sqlite else _postgres_engine(self.url, pool_size)
        self._reading = self.engine.execution_options(hmi_limited=True)
        self.answered_at: datetime | None = None  # the last time that it gave us all we asked for

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading; nothing that it does is kept. No statement takes longer than 2 s."""
        with translated(), Session(self._reading) as session:
            yield session
            if session.in_transaction():  # else it was asked nothing
                self.answered_at = datetime.now(UTC)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose work is committed whole, or not at all if the block raises.

        On SQLite the transaction takes the writer's lock at its start: one that reads first and then writes
        would fail at once when somebody else wrote in between.
        """
        with translated(), Session(self.engine, expire_on_commit=False) as session:
            session.info["audit_key"] = self.audit_key
            if self.is_sqlite:
                session.connection(execution_options={"hmi_begin": "IMMEDIATE"})
            yield session
            with _committing():
                session.commit()
            self.answered_at = datetime.now(UTC)

    def close(self) -> None:
        self.engine.dispose()


def _with_driver(url: URL) -> URL:
    if url.drivername in {"postgresql", "postgres"}:
        return url.set(drivername="postgresql+psycopg2")
    return url


def _postgres_engine(url: URL, pool_size: int) -> Engine:
    options = f"-c statement_timeout={STATEMENT_MS} -c lock_timeout={STATEMENT_MS} -c timezone=UTC"
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_S,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": 3,
            "application_name": "porosity-hmi store",
            "options": options,
            **KEEPALIVE,
        },
    )


def _sqlite_engine(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_timeout=POOL_WAIT_S,
        connect_args={"timeout": BUSY_MS / 1000, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, below
        cursor = connection.cursor()
        _use_wal(cursor)
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA cache_size=-1000")  # KB, of each connection; the system keeps the file as well
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        kind = connection.get_execution_options().get("hmi_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {kind}")

    @event.listens_for(engine, "before_cursor_execute")
    def _limit(connection: Any, *_: Any) -> None:
        """What PostgreSQL does by statement_timeout."""
        file = connection.connection.driver_connection
        if not connection.get_execution_options().get("hmi_limited"):
            file.set_progress_handler(None, 0)
            return
        until_s = time.monotonic() + STATEMENT_MS / 1000
        file.set_progress_handler(lambda: time.monotonic() > until_s, STEPS)

    return engine


def _use_wal(cursor: sqlite3.Cursor) -> None:
    """The first connection switches the file over. SQLite does not wait here when another one does so now."""
    until = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


@contextmanager
def _committing() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if _is_outage(error) and _is_lost(error):
            raise OutcomeUnknown("the answer was lost: it may be stored or not") from error
        raise


def _is_lost(error: DBAPIError) -> bool:
    """Whether the server cannot have said that it did not commit."""
    code = getattr(error.orig, "pgcode", None)
    return isinstance(error.orig, psycopg2.Error) and (code is None or code.startswith(("08", "57")))


@contextmanager
def translated() -> Iterator[None]:
    """An outage of the database becomes StoreUnavailable; every other error stays what it is."""
    try:
        yield
    except PoolTimeout:
        raise StoreUnavailable("all connections to the store are busy") from None
    except DBAPIError as error:
        if not _is_outage(error):
            raise
        log.debug("store: %s", error.orig)
        raise _named(error) from error


def _named(error: DBAPIError) -> StoreUnavailable:
    code = getattr(error.orig, "pgcode", None)
    lite = getattr(error.orig, "sqlite_errorcode", None)
    if code == READ_ONLY:
        return StoreReadOnly("the store is read-only at the moment")
    if code == DISK_FULL or lite == sqlite3.SQLITE_FULL:
        return StoreFull("the disk of the store is full")
    if code == QUERY_CANCELED or lite == sqlite3.SQLITE_INTERRUPT:
        return StoreTooSlow("the store took too long to answer")
    return StoreUnavailable("the store does not answer")


def _is_outage(error: DBAPIError) -> bool:
    """SQLite says OperationalError of mistakes in a statement too: there only its codes tell."""
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in SQLITE_OUTAGES
    code = getattr(error.orig, "pgcode", None)
    if code is None:
        return isinstance(error.orig, psycopg2.OperationalError | psycopg2.InterfaceError)
    return code.startswith(POSTGRES_OUTAGES)
