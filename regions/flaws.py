"""What makes a value impossible to judge by. Each function answers what is wrong, or None.

These are the faults that the judge itself cannot live with, wherever the value came from; validation refuses
more than these before anything is saved.
"""

import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

from regions.outlines import distinct

#: No pixel lies further out; beyond it, floating point no longer tells neighbouring pixels apart.
FURTHEST_PX = 1e9

Vertices = Sequence[tuple[float, float]]


def number_flaw(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, Real):
        return "must be a number"
    try:
        finite = math.isfinite(value)
    except OverflowError:
        finite = False
    return None if finite else "must be finite"


def length_flaw(value: Any) -> str | None:
    """A length in any unit: finite and not negative."""
    return number_flaw(value) or ("must not be negative" if value < 0 else None)


def scale_flaw(value: Any) -> str | None:
    if value is None:
        return "is not set"
    return number_flaw(value) or ("must be more than 0" if value <= 0 else None)


def count_flaw(value: Any, least: int = 1) -> str | None:
    flaw = number_flaw(value)
    if flaw:
        return flaw
    if not isinstance(value, Integral):
        return "must be a whole number"
    return f"must be at least {least}" if value < least else None


def polygon_flaw(vertices: Vertices) -> str | None:
    for index, vertex in enumerate(vertices):
        for name, value in zip("xy", vertex, strict=True):
            flaw = number_flaw(value) or ("is too far out" if abs(value) > FURTHEST_PX else None)
            if flaw:
                return f"corner {index + 1}: {name} {flaw}"
    if len(set(distinct(vertices))) < 3:
        return "needs at least 3 distinct vertices"
    return None
