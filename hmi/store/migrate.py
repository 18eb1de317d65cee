"""Migrations of the store, forward and back."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, inspect, select, text, update

from hmi.store.database import Store, translated
from hmi.store.state import BEGAN, VERSION, State

VERSION_TABLE = "hmi_schema"
HEAD = "head"
EMPTY = "base"
LOCK = 7_202_611  # any number that nobody else takes for an advisory lock


def upgrade(store: Store, revision: str = HEAD) -> None:
    """Bring the store's tables to `revision`. Two processes that try at once take turns.

    Raises NotOurs, and changes nothing, in a database that holds the plant's tables.
    """
    with _turn(store) as connection:
        if inspect(connection).has_table("Triggers"):
            raise NotOurs("store.url: this is the plant database; nothing of ours is ever created there")
        command.upgrade(_config(connection, store.audit_key), revision)
        if revision == HEAD:
            _begin_counting(connection)


def downgrade(store: Store, revision: str) -> None:
    """Bring the store's tables back to `revision`; EMPTY removes them all."""
    with _turn(store) as connection:
        command.downgrade(_config(connection), revision)


class NotOurs(Exception):
    """The database belongs to the vision system."""


class UnknownRevision(ValueError):
    """A revision that this version does not know."""


def move(store: Store, revision: str) -> None:
    """Forward or back to `revision`, whichever way it lies. Raises UnknownRevision."""
    known: list[str | None] = [None, *revisions()]
    wanted = {HEAD: known[-1], EMPTY: None}.get(revision, revision)
    at = current(store)
    if wanted not in known or at not in known:
        raise UnknownRevision(
            f"store: this version knows no revision {wanted if wanted not in known else at}"
        )
    if known.index(wanted) < known.index(at):
        downgrade(store, wanted or EMPTY)
    else:
        upgrade(store, revision)


def current(store: Store) -> str | None:
    """The revision that the store is at; None for an empty database."""
    with translated(), store.engine.connect() as connection:
        return at(connection)


def at(connection: Connection) -> str | None:
    """The same, within a transaction."""
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_revision()


def revisions() -> list[str]:
    """All that this code knows, oldest first."""
    return [script.revision for script in reversed(list(_scripts().walk_revisions()))]


def newest() -> str | None:
    """The revision that this code expects."""
    return _scripts().get_current_head()


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(_folder()))


def _folder() -> Path:
    return Path(__file__).parent / "migrations"


def _config(connection: Connection, audit_key: bytes | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_folder()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["audit_key"] = audit_key
    return config


@contextmanager
def _turn(store: Store) -> Iterator[Connection]:
    """One transaction in which nobody else migrates."""
    with translated(), store.engine.connect() as connection:
        if store.is_sqlite:
            connection = connection.execution_options(hmi_begin="IMMEDIATE")
        with connection.begin():
            if not store.is_sqlite:
                connection.execute(text("SET LOCAL lock_timeout = '5s'"))
                connection.execute(text("SET LOCAL statement_timeout = 0"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            yield connection


def count_on(connection: Connection) -> None:
    """A store that came from elsewhere counts on from the present time: kiosks take no lower number."""
    now_ms = time.time_ns() // 1_000_000
    lower = (State.name == VERSION, State.number < now_ms)
    connection.execute(update(State).where(*lower).values(number=now_ms))


def _begin_counting(connection: Connection) -> None:
    """The version counter starts at the present time, so that a new store never counts below an old one."""
    is_there = connection.execute(select(State.name).where(State.name == VERSION)).first()
    if is_there is None:
        now_ms = time.time_ns() // 1_000_000
        for name in (VERSION, BEGAN):
            connection.execute(insert(State).values(name=name, number=now_ms))
