"""Values as the plant holds them become values that the program can rely on.

Nothing here raises: what cannot be read as the type that the column should have is None. Columns drift, and
SQLite holds anything anywhere.
"""

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Float, Integer, Numeric

Converter = Callable[[Any], Any]

_YEARS = range(2000, 3000)
_INT32, _INT64 = 2**31, 2**63


def converter_for(column: Column[Any], zone: tzinfo) -> Converter:
    """How to read values of this column; `zone` is what a time without zone means in the plant."""
    kind = column.type
    if isinstance(kind, DateTime):
        return (lambda value: as_instant(value, zone)) if kind.timezone else as_local_time
    if isinstance(kind, Boolean):
        return as_bool
    if isinstance(kind, Integer):
        limit = _INT64 if isinstance(kind, BigInteger) or column.primary_key else _INT32
        return lambda value: as_integer(value, limit)
    if isinstance(kind, Numeric | Float):
        return as_float
    return as_text


def as_text(value: Any) -> str | None:
    """NUL characters, which PostgreSQL cannot store, become U+FFFD."""
    if value is None:
        return None
    if isinstance(value, bytes | memoryview):
        value = bytes(value).decode("utf-8", "replace")
    return str(value).replace("\x00", "\ufffd")


def as_integer(value: Any, limit: int = _INT64) -> int | None:
    if value.__class__ is not int:
        number = as_float(value)
        if number is None or not number.is_integer():
            return None
        value = int(number)
    return value if -limit <= value < limit else None


def as_float(value: Any) -> float | None:
    """NaN and infinite values stay what they are."""
    if value is None or isinstance(value, float):
        return value
    if not isinstance(value, int | str | Decimal):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def as_bool(value: Any) -> bool | None:
    return bool(value) if isinstance(value, int) else None


def as_instant(value: Any, zone: tzinfo) -> datetime | None:
    """A time in UTC; None where it is NULL, infinite, BC or outside the years 2000–2999."""
    moment = _as_datetime(value)
    if moment is None or not 1999 <= moment.year <= 3000:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    moment = moment.astimezone(UTC)
    return moment if moment.year in _YEARS else None


def as_local_time(value: Any) -> datetime | None:
    """A time without zone, as the plant wrote it; None as for as_instant."""
    moment = _as_datetime(value)
    return moment if moment is not None and moment.year in _YEARS else None


def own_key(text: Any) -> Mapping[str, Any] | None:
    """The object in this JSON text, if it is one."""
    if not isinstance(text, str):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def own_key_of_whole(text: Any) -> Mapping[str, Any] | None:
    """The object under "hmi" in this JSON text, if there is one."""
    found = (own_key(as_text(text)) or {}).get("hmi")
    return found if isinstance(found, dict) else None


def for_json(value: Any) -> Any:
    """As JSON can hold it: times as ISO 8601 text, NaN and infinity as None."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _as_datetime(value: Any) -> datetime | None:
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, datetime) else None
