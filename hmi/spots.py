"""Recurring spots: the same place on part after part is dirt, the fixture or the die, and no pore.

Numbers in, numbers out: nothing but numpy. One rule for the statistics and for whoever draws regions.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

APART_PX = 24.0  # defects nearer than this to the middle are of one place
LEAST_PARTS, LEAST_SHARE = 3, 0.02
LEAST_IN_A_ROW = 3
MOST, MOST_LOOKS = 20, 60

Numbers = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Spot:
    """A place in px of the full image with a defect on `parts` of the parts, on `in_a_row` of them one after
    the other. `own` are its defects, shape (n,), as their places in the columns that were given."""

    x: float
    y: float
    parts: int
    share: float
    in_a_row: int
    own: Integers


def recurring(x: Numbers, y: Numbers, part: Integers, parts: int) -> list[Spot]:
    """Places with a defect on LEAST_PARTS parts and LEAST_SHARE of all, or on LEAST_IN_A_ROW one after the
    other; those on most parts first, at most MOST.

    x, y: (n,) middles of defects, full px; those that are not finite are left out. part: (n,) the place of
    each defect's part in the order of the `parts` parts; those without a defect count: they end a row.
    """
    at = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    x, y, part = x[at], y[at], part[at].astype(np.int64)
    grids = [_squares(x, y, shift) for shift in (0.0, APART_PX / 2)]
    least = max(LEAST_PARTS, math.ceil(LEAST_SHARE * parts))
    left = np.ones(len(at), dtype=np.bool_)
    found: list[Spot] = []
    for _ in range(MOST_LOOKS):
        middle = _fullest(x, y, part, np.flatnonzero(left), grids, parts, least)
        if middle is None or len(found) == MOST:
            break
        own = np.flatnonzero(left & (np.hypot(x - middle[0], y - middle[1]) <= APART_PX))
        left[own] = False
        on = np.unique(part[own])
        row = _longest_row(on)
        if len(on) >= least or row >= LEAST_IN_A_ROW:
            found.append(Spot(*middle, len(on), round(len(on) / parts, 4), row, at[own]))
    return sorted(found, key=lambda spot: (-spot.parts, -spot.in_a_row))


def parts_of(serials: Iterable[str | None]) -> Integers:
    """By image the number of its part, in their order.

    All runs of a serial are one part: its own pores recur. An image without a serial is a part by itself.
    """
    numbers: dict[object, int] = {}
    of_images = [serial if serial is not None else object() for serial in serials]
    return np.array([numbers.setdefault(part, len(numbers)) for part in of_images], dtype=np.int64)


def _squares(x: Numbers, y: Numbers, shift: float) -> Integers:
    """The square of a grid that each place lies in, by number. The grid is laid twice, shifted by half a
    square, so that its lines cut no place in two."""
    columns, rows = np.floor((x + shift) / APART_PX), np.floor((y + shift) / APART_PX)
    return np.unique(columns + 1j * rows, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _fullest(
    x: Numbers, y: Numbers, part: Integers, left: Integers, grids: list[Integers], parts: int, least: int
) -> tuple[float, float] | None:
    """The middle of the defects that are left in the square that has them on most parts."""
    best: tuple[int, tuple[float, float]] | None = None
    for grid in grids:
        candidate = _candidate(grid[left], part[left], parts, least)
        if candidate is None or (best is not None and candidate[0] <= best[0]):
            continue
        inside = left[grid[left] == candidate[1]]
        best = candidate[0], (round(float(x[inside].mean()), 1), round(float(y[inside].mean()), 1))
    return best[1] if best else None


def _candidate(square: Integers, part: Integers, parts: int, least: int) -> tuple[int, int] | None:
    """On how many parts the fullest square has defects, and its number; None where no square can be a spot.

    A quarter of the parts is enough, or two in a row: the lines of both grids may cut the same place.
    """
    if not len(square):
        return None
    pairs = np.unique(square * parts + part)
    of = pairs // parts
    squares, first, on_parts = np.unique(of, return_index=True, return_counts=True)
    follows = np.zeros(len(pairs), dtype=np.bool_)
    follows[1:] = (np.diff(pairs) == 1) & (np.diff(of) == 0)
    is_worth = (on_parts >= max(2, least // 4)) | np.logical_or.reduceat(follows, first)
    if not is_worth.any():
        return None
    top = int(np.where(is_worth, on_parts, 0).argmax())
    return int(on_parts[top]), int(squares[top])


def _longest_row(parts: Integers) -> int:
    """How many of these (in order, each once) follow one another without a gap."""
    breaks = np.flatnonzero(np.diff(parts) != 1)
    ends = np.concatenate((breaks, [len(parts) - 1]))
    return int(np.diff(np.concatenate(([-1], ends))).max())
