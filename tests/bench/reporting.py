"""What the benches found: rows of name, value, unit and target, as a table and as JSON."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from math import isfinite
from typing import Any

_AT_MOST = re.compile(r"(?:≤|<=)\s*(-?[\d.,]+)")
_AT_LEAST = re.compile(r"(?:≥|>=)\s*(-?[\d.,]+)")
_WITHIN = re.compile(r"within ±\s*([\d.,]+)")
HEAD = ("", "value", "unit", "target", "ok?")


class CannotRun(Exception):
    """A bench needs something that this machine lacks; the message says what."""


@dataclass(frozen=True)
class Row:
    """One measured value, or why there is none."""

    bench: str
    name: str
    value: float | None
    unit: str
    target: str
    ok: bool | None  # None: there is no target, or nothing was measured
    note: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        if self.note:
            return self.name, self.note, "", "", ""
        mark = {True: "yes", False: "NO", None: ""}[self.ok]
        return self.name, shown(self.value or 0.0), self.unit, self.target, mark


class Report:
    """Called with each measured value while `bench` runs."""

    def __init__(self) -> None:
        self.bench = ""
        self.rows: list[Row] = []

    def __call__(self, name: str, value: float, unit: str, target: str) -> None:
        """Targets: "≤ 5 ms", "≥ 2000", "within ±20 %", or none. Raises ValueError for any other."""
        self.rows.append(Row(self.bench, name, value, unit, target, meets(value, target)))

    def not_run(self, reason: str) -> None:
        self.rows.append(Row(self.bench, self.bench, None, "", "", None, f"not run: {reason}"))

    def failed(self, reason: str) -> None:
        self.rows.append(Row(self.bench, self.bench, None, "", "", False, f"failed: {reason}"))

    def of(self, bench: str) -> list[Row]:
        return [row for row in self.rows if row.bench == bench]

    @property
    def missed(self) -> list[Row]:
        return [row for row in self.rows if row.ok is False]

    def as_json(self) -> list[dict[str, Any]]:
        """JSON knows no infinity: what never happened has no value there."""
        finite = (row if isfinite(row.value or 0) else replace(row, value=None) for row in self.rows)
        return [asdict(row) for row in finite]


def meets(value: float, target: str) -> bool | None:
    """Whether the value is as the target asks; None without a target."""
    if not target:
        return None
    if found := _AT_MOST.search(target):
        return value <= _number(found[1])
    if found := _AT_LEAST.search(target):
        return value >= _number(found[1])
    if found := _WITHIN.search(target):
        return abs(value) <= _number(found[1])
    raise ValueError(f"a target that cannot be read: {target}")


def table(rows: Sequence[Row]) -> str:
    lines = [HEAD, *(row.cells for row in rows)]
    # What stands in place of a value may run on to the right.
    measured = [HEAD, *(row.cells for row in rows if not row.note)]
    widths = [max(len(cells[column]) for cells in measured) for column in range(len(HEAD))]
    widths[0] = max(len(cells[0]) for cells in lines)
    return "\n".join(_line(cells, widths) for cells in lines)


def shown(value: float) -> str:
    if not isfinite(value):
        return "never"
    if value == round(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    name, value, *others = cells
    middle = value.rjust(widths[1]) if any(others) else value
    rest = (cell.ljust(width) for cell, width in zip(others, widths[2:], strict=True))
    return "  ".join((name.ljust(widths[0]), middle, *rest)).rstrip()


def _number(text: str) -> float:
    return float(text.rstrip(".,").replace(",", ""))
