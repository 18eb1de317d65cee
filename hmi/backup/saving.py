"""Making a backup: everything as it stood at one moment, while the server goes on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text

from hmi.backup.archive import MANIFEST, SETTINGS, Column, Manifest, Member, TableRows, Writer, written
from hmi.backup.rows import kind_of, line_of
from hmi.backup.without_secrets import without_secrets
from hmi.build import build_id
from hmi.settings import Settings
from hmi.store import Store, migrate
from hmi.store.database import translated

#: What belongs to running processes: after a restore people sign in again, and a worker takes a new lease.
LEFT_OUT = {"hmi_session", "hmi_lease", migrate.VERSION_TABLE}
#: SQLite keeps the search in tables of its own making; they are filled by triggers.
MADE_BY_ITSELF = "hmi_search"
IN_ORDER = "hmi_audit"  # whoever checks a backup reads its entries one after the other
ROWS = 2_000
Told = Callable[[str, int], None]


class NothingToSave(Exception):
    """The store has no tables yet."""


def save(path: Path, settings: Settings, store: Store, told: Told = lambda *_: None) -> Manifest:
    """Write the backup to `path`; it appears there when it is whole. `told` hears of each table and its rows.

    Writers are not kept from writing meanwhile. Raises OSError, StoreUnavailable, NothingToSave.
    """
    with translated(), _one_moment(store) as connection, written(path) as archive:
        revision = migrate.at(connection)
        if revision is None:
            raise NothingToSave("the store is empty: there is nothing to save")
        texts = without_secrets(settings).encode()
        with archive.member(SETTINGS) as member:
            member.write(texts)
        tables = []
        for name in names(connection):
            tables.append(_save_table(connection, archive, name))
            told(name, tables[-1].rows)
        manifest = Manifest(
            format=1,
            build=build_id(),
            revision=revision,
            made_at=datetime.now(UTC),
            settings_sha256=sha256(texts).hexdigest(),
            tables=tuple(tables),
        )
        with archive.member(MANIFEST) as member:
            member.write(manifest.model_dump_json(indent=1).encode())
    return manifest


def names(connection: Connection) -> list[str]:
    """The tables of the store that a backup holds, those first to which others refer."""
    ordered = [name for name, _ in inspect(connection).get_sorted_table_and_fkc_names() if name]
    return [
        name
        for name in ordered
        if (name.startswith("hmi_") or name == "Regions")
        and name not in LEFT_OUT
        and not name.startswith(MADE_BY_ITSELF)
    ]


def columns_of(connection: Connection, name: str) -> tuple[Column, ...]:
    found = inspect(connection).get_columns(name)
    return tuple(Column(name=column["name"], kind=kind_of(column["type"])) for column in found)


def quoted(connection: Connection, *identifiers: str) -> str:
    quote = connection.dialect.identifier_preparer.quote_identifier
    return ", ".join(quote(identifier) for identifier in identifiers)


@contextmanager
def _one_moment(store: Store) -> Iterator[Connection]:
    """A transaction that sees the store as it was at its start, for however long it takes."""
    with store.engine.connect() as connection:
        if store.is_sqlite:
            with connection.begin():
                yield connection
            return
        connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SET LOCAL datestyle = 'ISO'"))
            yield connection


def _save_table(connection: Connection, archive: Writer, name: str) -> TableRows:
    columns = columns_of(connection, name)
    listed = quoted(connection, *(column.name for column in columns))
    chosen = f"SELECT {listed} FROM {quoted(connection, name)}"  # noqa: S608 - names of our own tables
    if name == IN_ORDER:
        chosen += " ORDER BY id"
    cursor: Any = connection.connection.cursor()
    with archive.member(f"tables/{name}.copy") as member:
        if connection.dialect.name == "postgresql":
            cursor.copy_expert(f"COPY ({chosen}) TO STDOUT (ENCODING 'UTF8')", member, size=1 << 16)
        else:
            _write_rows(cursor, chosen, columns, member)
    cursor.close()
    return TableRows(name=name, columns=columns, rows=member.lines, sha256=member.sha256)


def _write_rows(cursor: Any, chosen: str, columns: tuple[Column, ...], member: Member) -> None:
    kinds = [column.kind for column in columns]
    cursor.execute(chosen)
    while rows := cursor.fetchmany(ROWS):
        member.write("".join(line_of(row, kinds) for row in rows).encode("utf-8"))
