"""Tables for spreadsheets (RFC 4180). A cell that a spreadsheet would run as a formula is marked as text."""

import csv
import io
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def line(cells: Iterable[Any]) -> str:
    """One line with its end, of cells as `cell` writes them."""
    written = io.StringIO()
    csv.writer(written).writerow([cell(one) for one in cells])
    return written.getvalue()


def cell(value: Any) -> Any:
    """Numbers as they are, times in ISO 8601, lists and objects as JSON, text guarded."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    text = str(value)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text
