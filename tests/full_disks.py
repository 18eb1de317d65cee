"""An SQLite store on a disk that has no room left."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event


@contextmanager
def full(engine: Engine) -> Iterator[None]:
    """Nothing more fits into the file while the block lasts; what is there can be read."""

    def fill(connection: sqlite3.Connection, _record: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        connection.execute("PRAGMA temp_store = MEMORY")

    event.listen(engine, "connect", fill)
    engine.dispose()
    try:
        yield
    finally:
        event.remove(engine, "connect", fill)
        engine.dispose()
