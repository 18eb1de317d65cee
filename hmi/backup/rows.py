"""Rows as lines of text, alike from SQLite and PostgreSQL: the text format of PostgreSQL's COPY.

Fields are separated by tabs, `\\N` is NULL; a backslash escapes itself and control characters. Times are UTC
with their offset, truth is t or f, JSON is its text.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, Literal

from sqlalchemy import Boolean, DateTime, Float, Integer, LargeBinary, Numeric
from sqlalchemy.types import JSON, TypeEngine

Kind = Literal["bool", "time", "int", "float", "json", "text"]

_KINDS: tuple[tuple[type, Kind], ...] = (
    (Boolean, "bool"),
    (DateTime, "time"),
    (Integer, "int"),
    (Float, "float"),
    (Numeric, "float"),
    (JSON, "json"),
)
_NULL = r"\N"
_ESCAPES = {"\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\b": r"\b", "\f": r"\f", "\v": r"\v"}
_ESCAPED = re.compile(r"[\\\n\r\t\b\f\v]")
_PLAIN = {escaped[1]: plain for plain, escaped in _ESCAPES.items()}
_ESCAPE = re.compile(r"\\(.)")
_TIME = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.(\d{1,6}))?\+00(?::00)?", re.ASCII)


def kind_of(column: TypeEngine[Any]) -> Kind:
    """Raises TypeError for what a line of text cannot hold."""
    if isinstance(column, LargeBinary):
        raise TypeError(f"a backup cannot hold {column}")
    return next((kind for known, kind in _KINDS if isinstance(column, known)), "text")


def line_of(row: Sequence[Any], kinds: Sequence[Kind]) -> str:
    """A row as SQLite holds it."""
    return "\t".join(_written(value, kind) for value, kind in zip(row, kinds, strict=True)) + "\n"


def row_of(line: str, kinds: Sequence[Kind]) -> list[Any]:
    """A row as SQLite holds it. Raises ValueError for a line that is none."""
    fields = line.rstrip("\n").split("\t")
    return [
        None if field == _NULL else _READ[kind](_unescaped(field))
        for field, kind in zip(fields, kinds, strict=True)
    ]


def _written(value: Any, kind: Kind) -> str:
    if value is None:
        return _NULL
    if kind == "bool":
        return "t" if value else "f"
    if kind == "time":
        return f"{value}+00"
    if isinstance(value, str):
        return _ESCAPED.sub(lambda found: _ESCAPES[found[0]], value)
    return repr(value)


def _unescaped(field: str) -> str:
    if "\\" not in field:
        return field
    return _ESCAPE.sub(lambda found: _PLAIN.get(found[1], found[1]), field)


def _time(text: str) -> str:
    """With six places always: SQLite compares times as text."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"not a time: {text[:40]!r}")
    return f"{found[1]}.{(found[2] or '').ljust(6, '0')}"


_READ: dict[Kind, Callable[[str], Any]] = {
    "bool": lambda text: int(text == "t"),
    "time": _time,
    "int": int,
    "float": float,
    "json": str,
    "text": str,
}
