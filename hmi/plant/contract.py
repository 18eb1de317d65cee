"""The contract check: does the plant database still have the tables and columns that are read here?

Columns that came on top are nobody's business here. A missing column that can be done without is read as
None and named; without the essential ones nothing could be judged, so the plant counts as unavailable.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Float, Integer, Numeric
from sqlalchemy.types import JSON

from hmi.plant.database import PlantUnavailable, Session
from hmi.plant.tables import PROCESSED_FILES, metadata

#: Without these there is nothing to judge.
ESSENTIAL = {
    "Triggers": ("id", "timestamp", "part_instance"),
    "Images": ("id", "trigger", "camera", "image"),
    "Defects": ("id", "image", "x", "y", "width", "height"),
}
#: These are compared and sorted in the plant database, so they are of use only as whole numbers.
NUMBERED = {
    "Triggers": ("id",),
    "Images": ("id", "trigger"),
    "Defects": ("id", "image"),
    "Suppressed_Defects": ("id", "defect"),
    "HumanInspect": ("id",),
    "Current_Part": ("id",),
    "Part_Information": ("id",),
    "Outflow": ("id",),
}

_UNREAD = PROCESSED_FILES.name  # the vision system's own
_WHOLE_NUMBERS = frozenset({"smallint", "integer", "bigint"})
_NUMBERS = _WHOLE_NUMBERS | {"numeric", "real", "double precision"}
_TEXTS = frozenset({"text", "character varying", "character", '"char"', "name", "citext"})

_COLUMNS_POSTGRESQL = """
SELECT wanted.name, a.attname, format_type(a.atttypid, NULL),
       has_column_privilege(wanted.oid, a.attnum, 'SELECT')
FROM (SELECT name, to_regclass(quote_ident(name))::oid AS oid FROM unnest(%s::text[]) AS name) AS wanted
JOIN pg_attribute AS a ON a.attrelid = wanted.oid AND a.attnum > 0 AND NOT a.attisdropped"""


@dataclass(frozen=True)
class Contract:
    """What was found. `types` holds, by table and column, the type of every column that can be read."""

    types: Mapping[str, Mapping[str, str]]
    absent: tuple[str, ...] = ()  # "Table" or "Table.column"
    remarks: tuple[str, ...] = ()  # sentences for a person: what is missing, forbidden or of another type

    def has(self, table: str, *columns: str) -> bool:
        """Are these columns there (and may they be read)?"""
        return all(column in self.types.get(table, {}) for column in columns)


def check_contract(session: Session) -> Contract:
    """Compare the ten tables with what is there.

    Raises PlantUnavailable (schema or permission) that names the first essential column that is missing.
    """
    readable, forbidden = _found_columns(session)
    _insist(readable, forbidden)
    absent, remarks = _without_odd_numbers(readable, session.dialect)
    for table in metadata.tables.values():
        found = readable.get(table.name, {})
        closed = forbidden.get(table.name, {})
        if not found and not closed:
            absent.append(table.name)
            remarks.append(f"{table.name} is missing")
            continue
        for column in table.columns:
            name = f"{table.name}.{column.name}"
            if name in absent:
                continue
            if column.name not in found:
                absent.append(name)
                remarks.append(f"{name} {'may not be read' if column.name in closed else 'is missing'}")
            elif session.dialect == "postgresql" and found[column.name] not in _fitting(column):
                remarks.append(f"{name} is {found[column.name]}, expected {_name_of(column)}")
    return Contract(readable, tuple(name for name in absent if not name.startswith(_UNREAD)), tuple(remarks))


_Types = dict[str, dict[str, str]]


def _found_columns(session: Session) -> tuple[_Types, _Types]:
    """Types of the columns that may be read, and of those that may not."""
    readable: _Types = {}
    forbidden: _Types = {}
    for table, column, type_name, may_read in _columns(session):
        (readable if may_read else forbidden).setdefault(table, {})[column] = type_name
    return readable, forbidden


def _columns(session: Session) -> Iterable[tuple[str, str, str, bool]]:
    if session.dialect == "postgresql":
        names = "{" + ",".join(metadata.tables) + "}"
        return [(row[0], row[1], row[2], row[3]) for row in session.rows(_COLUMNS_POSTGRESQL, (names,))]
    return [
        (name, row[1], row[2], True)
        for name in metadata.tables
        for row in session.rows(f'PRAGMA table_info("{name}")')
    ]


def _insist(readable: _Types, forbidden: _Types) -> None:
    for table, columns in ESSENTIAL.items():
        found = readable.get(table, {})
        closed = forbidden.get(table, {})
        if not found and not closed:
            raise PlantUnavailable(
                "schema", f"the plant database has no table {table}, or does not show it to us"
            )
        for column in columns:
            if column in closed:
                raise PlantUnavailable(
                    "permission", f"the account may not read {table}.{column} of the plant database"
                )
            if column not in found:
                raise PlantUnavailable("schema", f"the plant database has no column {table}.{column}")


def _without_odd_numbers(readable: _Types, dialect: str) -> tuple[list[str], list[str]]:
    """Take columns out that should be whole numbers and are not. SQLite's types say nothing."""
    absent: list[str] = []
    remarks: list[str] = []
    for table, columns in NUMBERED.items() if dialect == "postgresql" else ():
        for column in columns:
            found = readable.get(table, {}).get(column, "bigint")
            if found in _WHOLE_NUMBERS:
                continue
            remark = f"{table}.{column} is {found}, expected bigint"
            if table in ESSENTIAL:
                raise PlantUnavailable("schema", f"the plant database has changed: {remark}")
            del readable[table][column]
            absent.append(f"{table}.{column}")
            remarks.append(remark)
    return absent, remarks


def _fitting(column: Column[object]) -> frozenset[str]:
    kind = column.type
    if isinstance(kind, DateTime):
        return frozenset({f"timestamp {'with' if kind.timezone else 'without'} time zone"})
    if isinstance(kind, Boolean):
        return frozenset({"boolean"})
    if isinstance(kind, Integer):
        return _WHOLE_NUMBERS
    if isinstance(kind, Numeric | Float):
        return _NUMBERS
    if isinstance(kind, JSON):
        return frozenset({"jsonb", "json"})
    return _TEXTS


def _name_of(column: Column[object]) -> str:
    kind = column.type
    if isinstance(kind, DateTime):
        return f"timestamp {'with' if kind.timezone else 'without'} time zone"
    if isinstance(kind, BigInteger):
        return "bigint"
    return str(kind).lower()
