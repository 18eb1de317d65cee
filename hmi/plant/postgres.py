"""Reading and writing PostgreSQL without ever hanging.

Connections are asynchronous ones of the driver: every wait is a `select` of ours that ends at the deadline,
whether the server is frozen, the cable is pulled or the query is slow. Nothing of this is global to the
process, so other users of the driver are not touched.
"""

import selectors
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import psycopg2
from psycopg2.extensions import POLL_OK, POLL_READ, new_type, register_type
from sqlalchemy import URL

from hmi.plant.addresses import Addresses
from hmi.plant.deadline import Deadline
from hmi.plant.failures import Kind, OutcomeUnknown, PlantUnavailable, from_postgresql, unavailable

APPLICATION = "porosity-hmi feed"
TRANSACTION_S = 0.9  # a read holds its snapshot and its locks no longer than this
IDLE_SESSION_S = 60  # the server itself ends a session that a pulled cable left behind

_TIME_TYPES = (1184, 1114)  # timestamptz, timestamp
_TEXT_TYPES = (25, 1043, 1042, 19, 18)  # text, varchar, char(n), name, "char"

#: Times stay text here: the driver's own reading of them fails on years that PostgreSQL knows.
_TIME_AS_TEXT = new_type(_TIME_TYPES, "PLANT_TIME", lambda text, _: text)
_BYTES_AS_TEXT = new_type(_TEXT_TYPES, "PLANT_TEXT", lambda text, _: _decoded(text))

_BEGIN = """BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL lock_timeout = %s;
SET LOCAL idle_in_transaction_session_timeout = 5000;
SET LOCAL enable_seqscan = off;
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL jit = off"""
#: READ COMMITTED: an UPDATE that waited for somebody else's looks at the row again, as it is then. A server
#: that is told to write nothing is not overruled.
_BEGIN_WRITING = """BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL lock_timeout = %s;
SET LOCAL idle_in_transaction_session_timeout = %s;
SET LOCAL jit = off"""
_IDLE = "SELECT set_config(name, %s, false) FROM pg_settings WHERE name = 'idle_session_timeout'"


class PostgresSession:
    """One short transaction: a consistent snapshot that is only read, or one that may write."""

    dialect = "postgresql"

    def __init__(
        self, connection: Any, deadline: Deadline, lock_timeout_ms: int, writing_s: float | None = None
    ) -> None:
        self._connection = connection
        self._is_writing = writing_s is not None
        self._deadline = deadline if writing_s is None else deadline.or_sooner(writing_s)
        self._budget = Deadline(TRANSACTION_S if writing_s is None else writing_s)
        self.zone = _zone(connection)
        if writing_s is None:
            self._run(_BEGIN, (lock_timeout_ms,))
        else:
            self._run(_BEGIN_WRITING, (lock_timeout_ms, max(1, int(writing_s * 1000))))

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of one statement with %s for parameters. Raises PlantUnavailable."""
        left_s = min(self._budget.left_s, self._deadline.left_s)
        if left_s <= 0:
            raise unavailable("timeout")
        timeout_ms = max(1, int(left_s * 1000))
        return self._run(f"SET LOCAL statement_timeout = {timeout_ms}; {sql}", parameters)

    def end(self) -> None:
        """Commit. A commit of what was written that brings no answer raises OutcomeUnknown."""
        try:
            self._run("COMMIT", ())
        except PlantUnavailable as error:
            if self._is_writing:
                raise OutcomeUnknown(error.kind, error.because) from None
            raise

    def _run(self, sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        try:
            return _query(self._connection, sql, parameters, self._deadline)
        except psycopg2.Error as error:
            raise from_postgresql(error) from None


class Postgres:
    """The way to one PostgreSQL database; keeps at most one connection."""

    def __init__(self, url: URL, connect_timeout_s: float, lock_timeout_ms: int) -> None:
        options = {**url.query, **url.translate_connect_args(username="user", database="dbname")}
        options = {
            name: value if isinstance(value, str | int) else ",".join(value)
            for name, value in options.items()
        }
        self._options = {"gssencmode": "disable", **options, "application_name": APPLICATION}
        self._secret = url.password or ""
        self._connect_timeout_s = connect_timeout_s
        self._lock_timeout_ms = lock_timeout_ms
        self._addresses = Addresses(str(options.get("host", "")))
        self._encoding = "UTF8"
        self._connection: Any = None

    def begin(self, deadline: Deadline, writing_s: float | None = None) -> PostgresSession:
        """Open a transaction, on a new connection if there is none. Raises PlantUnavailable."""
        if self._connection is None:
            self._connection = self._open(deadline.or_sooner(self._connect_timeout_s))
        return PostgresSession(self._connection, deadline, self._lock_timeout_ms, writing_s)

    def drop(self) -> None:
        """Give the connection up; never waits for the server."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg2.Error):
                connection.close()

    def _open(self, deadline: Deadline) -> Any:
        connection = self._connect(deadline)
        if self._encoding == "UTF8" and connection.info.parameter_status("server_encoding") == "SQL_ASCII":
            # Such a database holds bytes of any kind: take them one by one and decode them here.
            connection.close()
            self._encoding = "LATIN1"
            connection = self._connect(deadline)
        register_type(_TIME_AS_TEXT, connection)
        if self._encoding == "LATIN1":
            register_type(_BYTES_AS_TEXT, connection)
        return connection

    def _connect(self, deadline: Deadline) -> Any:
        options = {**self._options, "client_encoding": self._encoding}
        found = self._addresses.find(deadline)
        if found:
            options |= {"host": ",".join([str(options["host"])] * len(found)), "hostaddr": ",".join(found)}
        connection = None
        try:
            connection = psycopg2.connect(**options, async_=1)
            _wait(connection, deadline, "timeout")
            _query(connection, _IDLE, (str(IDLE_SESSION_S * 1000),), deadline)
        except BaseException as error:
            if connection is not None:
                connection.close()
            if isinstance(error, psycopg2.Error):
                raise from_postgresql(error, self._secret) from None
            raise
        return connection


def _query(connection: Any, sql: str, parameters: Sequence[Any], deadline: Deadline) -> list[tuple[Any, ...]]:
    cursor = connection.cursor()  # the driver gives the result up when nobody holds it
    cursor.execute(sql, tuple(parameters))
    _wait(connection, deadline, "frozen")
    return cursor.fetchall() if cursor.description else []


def _wait(connection: Any, deadline: Deadline, kind: Kind) -> None:
    """Wait until the connection has done what it was told. Past the deadline PlantUnavailable(kind)."""
    while (state := connection.poll()) != POLL_OK:
        if deadline.has_passed:
            raise unavailable(kind)
        awaited = selectors.EVENT_READ if state == POLL_READ else selectors.EVENT_WRITE
        with selectors.DefaultSelector() as selector:
            selector.register(connection.fileno(), awaited)
            selector.select(deadline.left_s)


def _zone(connection: Any) -> tzinfo:
    """The server's time zone: what a time without zone means there."""
    try:
        return ZoneInfo(connection.info.parameter_status("TimeZone") or "UTC")
    except (KeyError, ValueError, OSError):  # a zone that this machine does not know
        return UTC


def _decoded(text: Any) -> str | None:
    return None if text is None else text.encode("latin-1").decode("utf-8", "replace")
