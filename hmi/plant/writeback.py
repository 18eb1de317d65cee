"""Writing a decision into one row of "Defects": a single compare-and-set, never more.

Only `disposition`, `dispositioned_at` and the key "hmi" inside `metadata` are touched, and only where the row
is still the one that was decided on.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from hmi.plant.database import PlantDatabase, Session
from hmi.plant.values import as_instant, as_text, own_key

KEY = "hmi"
BOX = ("image", "x", "y", "width", "height")


@dataclass(frozen=True, slots=True)
class Write:
    """What one row is to hold, and what it must hold for that. Boxes in full px, times in UTC."""

    defect: int
    box: Mapping[str, int | None]  # by BOX
    expected: str | None
    disposition: str | None
    dispositioned_at: datetime | None
    mark: str  # names the decision; what else stands under our key is for other readers
    word: str | None = None
    expected_mark: str | None = None  # of the decision that stood there before; "": of none; None: of any


@dataclass(frozen=True, slots=True)
class Outcome:
    """done: the row holds it, and carries `mark`. conflict: it holds something else, `found`. gone: there is
    no such row."""

    state: Literal["done", "conflict", "gone"]
    found: str | None = None
    mark: str | None = None


def write_back(database: PlantDatabase, write: Write) -> Outcome:
    """Write it, or find out why not. Written twice it stands once.

    Raises PlantUnavailable where nothing was written, OutcomeUnknown where that cannot be known: then the
    same call finds out.
    """
    with database.write() as session:
        if session.rows(*_update(session, write)):
            return Outcome("done", mark=write.mark)
        return _why_not(session, write)


def _update(session: Session, write: Write) -> tuple[str, list[Any]]:
    is_postgresql = session.dialect == "postgresql"
    same = "IS NOT DISTINCT FROM" if is_postgresql else "IS"
    where = " AND ".join(f'"{column}" {same} %s{"::bigint" if is_postgresql else ""}' for column in BOX)
    settings = _POSTGRESQL if is_postgresql else _SQLITE
    text = "::text" if is_postgresql else ""
    mark = _MARK_IN_POSTGRESQL if is_postgresql else _MARK_IN_SQLITE
    sql = (
        f'UPDATE "Defects" SET {settings} WHERE "id" = %s AND {where} '  # noqa: S608
        f'AND "disposition" {same} %s{text} AND {mark} RETURNING "id"'
    )
    ours = json.dumps({"decision": write.mark, "word": write.word})
    at = _as_time(write.dispositioned_at, is_postgresql)
    values = [write.disposition, at, ours, ours, write.defect]
    marks = (write.mark, write.expected_mark, write.expected_mark)
    return sql, [*values, *(write.box[column] for column in BOX), write.expected, *marks]


_POSTGRESQL = """"disposition" = %s::text, "dispositioned_at" = %s::timestamptz, "metadata" = CASE
    WHEN "metadata" IS NULL OR jsonb_typeof("metadata") = 'null' THEN jsonb_build_object('hmi', %s::jsonb)
    WHEN jsonb_typeof("metadata") = 'object' THEN "metadata" || jsonb_build_object('hmi', %s::jsonb)
    ELSE "metadata" END"""
_SQLITE = """"disposition" = %s, "dispositioned_at" = %s, "metadata" = CASE
    WHEN "metadata" IS NULL OR json_type("metadata") = 'null' THEN json_object('hmi', json(%s))
    WHEN json_type("metadata") = 'object' THEN json_set("metadata", '$.hmi', json(%s))
    ELSE "metadata" END"""
# Not ours yet, and that of the decision before: a leader that stood still would write what was undone since.
# Or none: the vision system may have written over ours, and metadata that is no object can carry none.
_MARK_IN_POSTGRESQL = """("metadata" -> 'hmi' ->> 'decision') IS DISTINCT FROM %s AND (%s::text IS NULL
    OR coalesce("metadata" -> 'hmi' ->> 'decision', '') IN ('', %s)
    OR jsonb_typeof("metadata") NOT IN ('object', 'null'))"""
_MARK_IN_SQLITE = """json_extract("metadata", '$.hmi.decision') IS NOT %s AND (%s IS NULL
    OR coalesce(json_extract("metadata", '$.hmi.decision'), '') IN ('', %s)
    OR json_type("metadata") NOT IN ('object', 'null'))"""


def _why_not(session: Session, write: Write) -> Outcome:
    columns = ", ".join(f'"{column}"' for column in BOX)
    is_postgresql = session.dialect == "postgresql"
    own = """("metadata" -> 'hmi')::text""" if is_postgresql else """json_extract("metadata", '$.hmi')"""
    sql = f'SELECT "disposition", "dispositioned_at", {own}, {columns} FROM "Defects" WHERE "id" = %s'  # noqa: S608
    rows = session.rows(sql, (write.defect,))
    if not rows:
        return Outcome("gone")
    disposition, at, ours, *box = rows[0]
    found = as_text(disposition)
    mark = (own_key(ours) or {}).get("decision")
    if mark == write.mark and found == write.disposition:
        return Outcome("done", mark=write.mark)
    is_there = found == write.disposition and as_instant(at, session.zone) == write.dispositioned_at
    if is_there and box == [write.box[column] for column in BOX]:
        return Outcome("done", mark=mark if isinstance(mark, str) else None)
    return Outcome("conflict", found)


def _as_time(at: datetime | None, is_postgresql: bool) -> str | None:
    if at is None:
        return None
    in_utc = at.astimezone(UTC)
    return in_utc.isoformat() if is_postgresql else in_utc.strftime("%Y-%m-%d %H:%M:%S.%f")
