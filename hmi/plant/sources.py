"""One table of the plant as it can be read now: SQL by primary key, and rows as they come out of it.

Every read is by primary key, because the plant has no other index: the newest ids, a list of ids, ranges of
ids. None of them depends on the size of the table.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Any

from sqlalchemy import Column

from hmi.plant.contract import Contract
from hmi.plant.database import Session
from hmi.plant.gaps import Gap
from hmi.plant.tables import metadata
from hmi.plant.values import Converter, as_bool, converter_for, for_json, own_key, own_key_of_whole

Row = tuple[Any, ...]
_Query = tuple[str, Sequence[Any]]
_AMONG = "SELECT value FROM json_each(%s)"  # SQLite has no arrays

SUPPRESSIONS = "Suppressed_Defects"

#: What the feed follows, and the columns that it takes, the id first.
COLUMNS = {
    "Triggers": ("id", "timestamp", "label", "part_instance", "belt", "part"),
    "Images": ("id", "trigger", "camera", "media_id", "image"),
    "Defects": (
        *("id", "image", "x", "y", "width", "height", "confidence", "type"),
        *("disposition", "dispositioned_at", "supression_timestamp", "metadata"),
    ),
    SUPPRESSIONS: ("id", "defect"),
}


class Source:
    """A table of one key column, `id` in all but one, as far as the contract found it.

    Columns that are not there are read as NULL. Rows come as tuples in the order of `columns`, raw; `values`
    makes reliable values of them.
    """

    def __init__(self, table: str, contract: Contract, zone: tzinfo, dialect: str) -> None:
        self.table = table
        described = metadata.tables[table]
        self.columns = COLUMNS.get(table) or tuple(column.name for column in described.columns)
        key = next(iter(described.primary_key.columns)).name
        self.is_there = contract.has(table, *(self.columns if table == SUPPRESSIONS else (key,)))
        found = contract.types.get(table, {})
        expressions = ", ".join(_expression(table, name, found.get(name), dialect) for name in self.columns)
        self._key = f'"{table}"."{key}"'
        self._rows = f'SELECT {expressions} FROM "{table}"'  # noqa: S608 - names of ours
        self._converters = [
            _converter(described.columns[name], found, zone, dialect) for name in self.columns
        ]
        self._dialect = dialect

    def values(self, row: Row) -> list[Any]:
        return [convert(value) for convert, value in zip(self._converters, row, strict=True)]

    def newest(self, session: Session, limit: int, below: int | None = None) -> list[Row]:
        """The newest rows, newest first; below: only those with a smaller id."""
        if below is None:
            return session.rows(f"{self._rows} ORDER BY {self._key} DESC LIMIT %s", (limit,))
        return session.rows(
            f"{self._rows} WHERE {self._key} < %s ORDER BY {self._key} DESC LIMIT %s", (below, limit)
        )

    def between(self, session: Session, after: int, last: int, limit: int) -> list[Row]:
        """Rows with after < id <= last, oldest first."""
        where = f"WHERE {self._key} > %s AND {self._key} <= %s ORDER BY {self._key} LIMIT %s"
        return session.rows(f"{self._rows} {where}", (after, last, limit))

    def children(self, session: Session, after: int, last: int, parents: Iterable[int]) -> list[Row]:
        """Rows with after < id <= last whose parent, the second column, is one of these."""
        listed = ",".join(map(str, parents))
        parent = f'"{self.table}"."{self.columns[1]}"'
        where = f"{self._rows} WHERE {self._key} > %s AND {self._key} <= %s AND {parent}"
        if self._dialect == "postgresql":
            return session.rows(f"{where} = ANY (%s::bigint[])", (after, last, f"{{{listed}}}"))
        return session.rows(f"{where} IN ({_AMONG})", (after, last, f"[{listed}]"))

    def by_ids(self, session: Session, ids: Iterable[int]) -> list[Row]:
        sql, parameters = self._by_ids(ids)
        return session.rows(sql, parameters)

    def news(
        self, session: Session, after: int | None, ids: Sequence[int], gaps: Sequence[Gap], limit: int
    ) -> list[Row]:
        """In one query: rows above `after` (at most limit; None: not asked), rows by id, and rows in gaps
        (at most limit)."""
        parts: list[_Query] = []
        if after is not None:
            newer = f"{self._rows} WHERE {self._key} > %s ORDER BY {self._key} LIMIT %s"
            parts.append((_wrapped(newer, "newer"), (after, limit)))
        if ids:
            parts.append(self._by_ids(ids))
        if gaps:
            parts.append(self._in_gaps(gaps, limit))
        if not parts:
            return []
        sql = " UNION ALL ".join(sql for sql, _ in parts)
        return session.rows(sql, [parameter for _, parameters in parts for parameter in parameters])

    def _by_ids(self, ids: Iterable[int]) -> _Query:
        listed = ",".join(map(str, ids))
        if self._dialect == "postgresql":
            return f"{self._rows} WHERE {self._key} = ANY (%s::bigint[])", (f"{{{listed}}}",)
        return f"{self._rows} WHERE {self._key} IN ({_AMONG})", (f"[{listed}]",)

    def _in_gaps(self, gaps: Sequence[Gap], limit: int) -> _Query:
        # Ordered and limited for each gap, so that each is one short walk along the primary key.
        if self._dialect == "postgresql":
            firsts = ",".join(str(gap.first) for gap in gaps)
            lasts = ",".join(str(gap.last) for gap in gaps)
            inside = f"WHERE {self._key} BETWEEN gap.first AND gap.last ORDER BY {self._key} LIMIT {limit}"
            ranges = "unnest(%s::bigint[], %s::bigint[]) AS gap (first, last)"
            late = f"FROM {ranges} CROSS JOIN LATERAL ({self._rows} {inside}) AS found LIMIT {limit}"
            return f"(SELECT found.* {late})", (f"{{{firsts}}}", f"{{{lasts}}}")
        bounds = "json_extract(gap.value, '$[0]') AND json_extract(gap.value, '$[1]')"
        inside = f'json_each(%s) AS gap CROSS JOIN "{self.table}" AS inside WHERE inside.id BETWEEN {bounds}'
        late = f"{self._rows} WHERE {self._key} IN (SELECT inside.id FROM {inside} LIMIT {limit})"  # noqa: S608
        return late, (json.dumps([[gap.first, gap.last] for gap in gaps]),)


def sources(
    contract: Contract, session: Session, tables: Iterable[str] = tuple(COLUMNS)
) -> dict[str, Source]:
    """The tables that can be read, by name."""
    made = (Source(table, contract, session.zone, session.dialect) for table in tables)
    return {source.table: source for source in made if source.is_there}


def as_mappings(source: Source, rows: Iterable[Row]) -> Iterator[dict[str, Any]]:
    """Rows by column name, with values that JSON can hold."""
    for row in rows:
        yield dict(zip(source.columns, map(for_json, source.values(row)), strict=True))


def _wrapped(sql: str, name: str) -> str:
    return f"SELECT * FROM ({sql}) AS {name}"  # noqa: S608


def _expression(table: str, column: str, found: str | None, dialect: str) -> str:
    if found is None:
        return f'NULL AS "{column}"'
    # Named with its table: SQLite takes a mere "name" that is no column for a text.
    place = f'"{table}"."{column}"'
    if column == "supression_timestamp":
        return f'{place} IS NOT NULL AS "{column}"'
    if column == "metadata" and found in ("json", "jsonb") and dialect == "postgresql":
        return f"({place} -> 'hmi')::text AS \"{column}\""
    if column == "metadata" and dialect == "postgresql":
        return f'{place}::text AS "{column}"'
    return place


def _converter(column: Column[Any], found: Mapping[str, str], zone: tzinfo, dialect: str) -> Converter:
    if column.name == "supression_timestamp":
        return as_bool
    if column.name == "metadata":
        return (
            own_key
            if dialect == "postgresql" and found.get("metadata") in ("json", "jsonb")
            else own_key_of_whole
        )
    return converter_for(column, zone)
