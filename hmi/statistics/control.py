"""Control charts of shares (p) and of counts per unit (u): what is chance, and what is not.

The limits of a point lie three standard deviations around the mean of the whole time that is shown, each for
as many units n as the point has:

    p: mean ± 3 · √(mean · (1 − mean) / n), for the share of failed units
    u: mean ± 3 · √(mean / n),              for defects per unit

(NIST/SEMATECH e-Handbook of Statistical Methods, sections 6.3.3.1 and 6.3.3.2; D. C. Montgomery, Introduction
to Statistical Quality Control, chapter 7.) They are those of Shewhart with binomial and Poisson counts: pores
that come in clusters scatter more than that, so that a point outside of the u limits asks for a look and
proves nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

from hmi.statistics.values import Spell, Units

SIGMAS = 3


@dataclass(frozen=True, slots=True)
class Point:
    """One step. `value` is None where there was no unit; limits are None with it."""

    name: str
    units: int
    events: int
    value: float | None
    lower: float | None
    upper: float | None

    @property
    def is_outside(self) -> bool:
        if self.value is None or self.lower is None or self.upper is None:
            return False
        return not self.lower <= self.value <= self.upper


@dataclass(frozen=True, slots=True)
class ControlChart:
    """`mean` is None where there was no unit at all; `most` is what no value can exceed."""

    points: tuple[Point, ...]
    mean: float | None
    most: float | None = None

    @property
    def top(self) -> float:
        """The largest value or limit, for the scale."""
        return max(
            (value for point in self.points for value in (point.value, point.upper) if value), default=0
        )


def p_chart(series: Sequence[Spell]) -> ControlChart:
    """The share of judged units that fail."""
    counts = [(spell.name, spell.units.judged, spell.units.failed) for spell in series]
    return _chart(counts, lambda mean, units: sqrt(mean * (1 - mean) / units), 1.0)


def u_chart(
    series: Sequence[Spell], counted: Callable[[Units], int], bearing: Callable[[Units], int]
) -> ControlChart:
    """What is counted, defects or those that fail, per unit that can bear one, judged or not."""
    counts = [(spell.name, bearing(spell.units), counted(spell.units)) for spell in series]
    return _chart(counts, lambda mean, units: sqrt(mean / units), None)


def _chart(
    counts: Sequence[tuple[str, int, int]], deviation: Callable[[float, int], float], most: float | None
) -> ControlChart:
    units = sum(number for _, number, _ in counts)
    if not units:
        return ControlChart(tuple(Point(name, 0, 0, None, None, None) for name, *_ in counts), None)
    mean = sum(events for *_, events in counts) / units
    points = []
    for name, number, events in counts:
        if not number:
            points.append(Point(name, 0, events, None, None, None))
            continue
        width = SIGMAS * deviation(mean, number)
        upper = mean + width if most is None else min(most, mean + width)
        points.append(Point(name, number, events, events / number, max(0.0, mean - width), upper))
    return ControlChart(tuple(points), mean, most)
