"""Putting a backup into an empty store, whole or not at all."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, text

from hmi.backup.archive import Manifest, NotABackup, Reader, TableRows, opened
from hmi.backup.rows import row_of
from hmi.backup.saving import LEFT_OUT, Told, columns_of, names, quoted
from hmi.store import Store, audit, migrate
from hmi.store.audit import AuditEntry
from hmi.store.database import translated

AUDIT, STATE = "hmi_audit", "hmi_state"
#: What a store that nobody has used yet may hold.
NOT_COUNTED = {STATE, "hmi_rules"}
ROWS = 2_000
BUILT_BESIDE = ".restoring"


class CannotRestore(Exception):
    """Nothing was restored; the message says why."""


def check(path: Path, key: bytes) -> Manifest:
    """Read the whole backup: every checksum, and every entry of its audit with the key that sealed it.

    Raises NotABackup, CannotRestore, OSError.
    """
    with opened(path) as backup:
        _check(backup, key)
        return backup.manifest


def settings_of(path: Path) -> str:
    """The settings in a backup, as YAML. Raises NotABackup, OSError."""
    with opened(path) as backup:
        return backup.settings()


def restore(path: Path, store: Store, key: bytes, told: Told = lambda *_: None) -> Manifest:
    """Put the backup into `store`, which must be empty, and bring it to this version's tables.

    `key` is the one that seals the audit. Raises NotABackup, CannotRestore, StoreUnavailable, OSError.
    """
    with opened(path) as backup:
        _check(backup, key)
        _refuse_what_is_used(store)
        with _built(store) as target:
            migrate.move(target, backup.manifest.revision)
            _load(backup, target, told)
            migrate.upgrade(target)
            with target.read() as session:
                faults = audit.verify(session, key).faults
            if faults:
                raise CannotRestore(f"the audit is not what was saved: {faults[0]}")
        return backup.manifest


def _check(backup: Reader, key: bytes) -> None:
    if backup.manifest.revision not in migrate.revisions():
        raise CannotRestore(f"the backup was made by a later version ({backup.manifest.build})")
    backup.verify()
    entries, state = backup.manifest.table(AUDIT), backup.manifest.table(STATE)
    if entries is None or state is None or "hmac" not in {column.name for column in entries.columns}:
        return  # from before the audit was sealed
    found = audit.verified(_entries(backup, entries), lambda: _head(backup, state), key)
    if len(found.faults) == found.entries > 1 and "another key" in found.faults[0]:
        raise CannotRestore("the audit was sealed with another key: set auth.audit_key as it was")
    if found.faults:
        raise CannotRestore(f"the audit in the backup: {found.faults[0]}")


def _entries(backup: Reader, table: TableRows) -> Iterator[AuditEntry]:
    """In the order of the file, which is that of their ids in every backup."""
    for row in _named(backup, table):
        at = datetime.fromisoformat(row["at"]).replace(tzinfo=UTC)
        yield AuditEntry(**{**row, "at": at, "details": json.loads(row["details"])})


def _head(backup: Reader, table: TableRows) -> tuple[int, str]:
    for row in _named(backup, table):
        if row["name"] == audit.HEAD:
            return row["number"] or 0, json.loads(row["body"])
    return 0, audit.FIRST


def _named(backup: Reader, table: TableRows) -> Iterator[dict[str, Any]]:
    listed = [column.name for column in table.columns]
    with backup.rows(table) as lines:
        for row in _rows(lines, table):
            yield dict(zip(listed, row, strict=True))


def _rows(lines: IO[bytes], table: TableRows) -> Iterator[list[Any]]:
    kinds = [column.kind for column in table.columns]
    for line in io.TextIOWrapper(lines, "utf-8", newline="\n"):
        try:
            yield row_of(line, kinds)
        except ValueError as error:
            raise NotABackup(f"{table.member}: {error}") from None


def _refuse_what_is_used(store: Store) -> None:
    with translated(), store.engine.connect() as connection:
        for name in names(connection):
            if name in NOT_COUNTED:
                continue
            there = f"SELECT 1 FROM {quoted(connection, name)} LIMIT 1"  # noqa: S608 - a table of ours
            if connection.execute(text(there)).first():
                raise CannotRestore(f"the store is not empty ({name}): restore into a new one")


@contextmanager
def _built(store: Store) -> Iterator[Store]:
    """An SQLite store is built beside its place and put there when it is whole."""
    if not store.is_sqlite:
        yield store
        return
    place = Path(store.url.database or "")
    beside = place.with_name(place.name + BUILT_BESIDE)
    beside.unlink(missing_ok=True)
    target = Store(f"sqlite:///{beside}", audit_key=store.audit_key)
    try:
        yield target
        target.close()
        store.close()
        for rest in ("-wal", "-shm"):
            place.with_name(place.name + rest).unlink(missing_ok=True)
        beside.replace(place)
    finally:
        target.close()
        for rest in ("", "-wal", "-shm"):
            beside.with_name(beside.name + rest).unlink(missing_ok=True)


def _load(backup: Reader, store: Store, told: Told) -> None:
    """All rows in one transaction."""
    with translated(), store.engine.connect() as connection:
        if store.is_sqlite:
            connection = connection.execution_options(hmi_begin="IMMEDIATE")
        with connection.begin():
            if not store.is_sqlite:
                connection.execute(text("SET LOCAL statement_timeout = 0"))
            ours = set(names(connection))
            for table in backup.manifest.tables:
                if table.name in LEFT_OUT or table.name not in ours:
                    raise NotABackup(f"the store has no table {table.name[:60]!r} at this revision")
                _load_table(backup, connection, table)
                told(table.name, table.rows)
            migrate.count_on(connection)


def _load_table(backup: Reader, connection: Connection, table: TableRows) -> None:
    there = {column.name: column.kind for column in columns_of(connection, table.name)}
    if {column.name: column.kind for column in table.columns} != there:
        raise NotABackup(f"{table.name} has other columns at this revision")
    name = quoted(connection, table.name)
    listed = quoted(connection, *(column.name for column in table.columns))
    connection.execute(text(f"DELETE FROM {name}"))  # noqa: S608 - a table of ours
    with backup.rows(table) as lines:
        if connection.dialect.name == "postgresql":
            cursor: Any = connection.connection.cursor()
            cursor.copy_expert(f"COPY {name} ({listed}) FROM STDIN (ENCODING 'UTF8')", lines, size=1 << 16)
            cursor.close()
            _number_on(connection, table)
        else:
            _insert(connection, f"{name} ({listed})", _rows(lines, table), len(table.columns))


def _insert(connection: Connection, into: str, rows: Iterator[list[Any]], width: int) -> None:
    places = ", ".join("?" * width)
    while page := list(islice(rows, ROWS)):
        connection.exec_driver_sql(
            f"INSERT INTO {into} VALUES ({places})",  # noqa: S608 - tables and columns of ours
            [tuple(row) for row in page],
        )


def _number_on(connection: Connection, table: TableRows) -> None:
    """Ids that the database gives go on after the largest one."""
    if not any(column.name == "id" for column in table.columns):
        return
    quoted_name = quoted(connection, table.name)
    sequence = connection.execute(
        text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": quoted_name}
    ).scalar()
    if sequence:
        newest = f"SELECT setval(:sequence, COALESCE(MAX(id), 0) + 1, false) FROM {quoted_name}"  # noqa: S608
        connection.execute(text(newest), {"sequence": sequence})
