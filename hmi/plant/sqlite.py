"""An SQLite plant: a demo, a test, a small line. Open only while it is read or written."""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC
from pathlib import Path
from typing import Any

from hmi.plant.deadline import Deadline
from hmi.plant.failures import from_sqlite, unavailable

_STEPS = 10_000  # instructions of the SQLite machine between two looks at the clock


class SqliteSession:
    """One transaction of an SQLite file."""

    dialect = "sqlite"
    zone = UTC  # what a time without zone means

    def __init__(self, connection: sqlite3.Connection, deadline: Deadline, *, writing: bool) -> None:
        self._connection = connection
        self._writing = writing
        connection.set_progress_handler(lambda: deadline.has_passed, _STEPS)
        self.rows("BEGIN IMMEDIATE" if writing else "BEGIN")

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of one statement with %s for parameters. Raises PlantUnavailable."""
        try:
            return self._connection.execute(sql.replace("%s", "?"), tuple(parameters)).fetchall()
        except sqlite3.Error as error:
            raise from_sqlite(error) from None

    def end(self) -> None:
        if self._writing:
            self.rows("COMMIT")
        self._connection.close()


class Sqlite:
    """The way to one SQLite file."""

    def __init__(self, path: str, lock_timeout_ms: int) -> None:
        self._path = Path(path)
        self._lock_timeout_ms = lock_timeout_ms
        self._connection: sqlite3.Connection | None = None

    def begin(self, deadline: Deadline, writing_s: float | None = None) -> SqliteSession:
        """Open the file and a transaction. Raises PlantUnavailable."""
        self.drop()
        try:
            wait_s = min(self._lock_timeout_ms / 1000, deadline.left_s)
            mode = "ro" if writing_s is None else "rw"
            address = f"{self._path.absolute().as_uri()}?mode={mode}"
            # Reads come one at a time, but not always from the same thread.
            self._connection = sqlite3.connect(
                address, uri=True, timeout=wait_s, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            if not self._path.exists():
                raise unavailable("refused", "the file does not exist") from None
            raise from_sqlite(error) from None
        self._connection.text_factory = lambda value: value.decode("utf-8", "replace")
        if writing_s is not None:
            deadline = deadline.or_sooner(writing_s)
        return SqliteSession(self._connection, deadline, writing=writing_s is not None)

    def drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()
