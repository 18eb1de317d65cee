"""A control chart as paths in a box of WIDTH × HEIGHT, for the SVG of the page."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, log10

from hmi.statistics.control import ControlChart, Point

WIDTH, HEIGHT = 1000, 240
MOST_DOTS, LABELS, TICKS = 150, 6, 4


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    point: Point


@dataclass(frozen=True, slots=True)
class Plot:
    """`dots` are all points of a short series, of a long one those outside of the limits. `ticks` are height
    and value; `labels` are place and name of some points."""

    values: str
    upper: str
    lower: str
    mean_y: float | None
    dots: tuple[Dot, ...]
    ticks: tuple[tuple[float, float], ...]
    labels: tuple[tuple[float, str], ...]


def plot(chart: ControlChart) -> Plot:
    tick = _round_step(chart.top)
    top = tick * max(1, ceil(chart.top * 1.02 / tick))
    if chart.most is not None:
        top = min(top, chart.most)
    step = WIDTH / max(1, len(chart.points))
    known = [(index, point) for index, point in enumerate(chart.points) if point.value is not None]
    dots = [Dot(round((index + 0.5) * step, 1), _y(point.value, top), point) for index, point in known]
    labelled = range(0, len(chart.points), max(1, -(-len(chart.points) // LABELS)))
    return Plot(
        values=_joined(chart, step, top),
        upper=_stairs(((index, point.upper) for index, point in known), step, top),
        lower=_stairs(((index, point.lower) for index, point in known), step, top),
        mean_y=None if chart.mean is None else _y(chart.mean, top),
        dots=tuple(dot for dot in dots if len(dots) <= MOST_DOTS or dot.point.is_outside),
        ticks=tuple((_y(tick * n, top), tick * n) for n in range(int(top / tick + 1e-9) + 1)),
        labels=tuple((round((n + 0.5) * step, 1), chart.points[n].name) for n in labelled),
    )


def _round_step(top: float) -> float:
    """A step of the scale that people can read, so that at most TICKS + 1 of them reach the top."""
    least = (top or 1.0) / TICKS
    tens: float = 10.0 ** floor(log10(least))
    return next(tens * step for step in (1, 2, 2.5, 5, 10) if tens * step >= least)


def _y(value: float | None, top: float) -> float:
    return round(HEIGHT * (1 - (value or 0.0) / top), 1)


def _joined(chart: ControlChart, step: float, top: float) -> str:
    """A line from point to point; where nothing is known there is none."""
    drawn, is_down = [], False
    for index, point in enumerate(chart.points):
        if point.value is None:
            is_down = False
            continue
        drawn.append(f"{'L' if is_down else 'M'}{(index + 0.5) * step:.1f} {_y(point.value, top)}")
        is_down = True
    return "".join(drawn)


def _stairs(limits: Iterable[tuple[int, float | None]], step: float, top: float) -> str:
    """A limit holds for the whole width of its point."""
    known = list(limits)
    drawn = [f"M{index * step:.1f} {_y(limit, top)}H{(index + 1) * step:.1f}" for index, limit in known[:1]]
    for (before, _), (index, limit) in pairwise(known):
        begin = "" if index == before + 1 else f"M{index * step:.1f} {_y(limit, top)}"
        drawn.append(f"{begin}V{_y(limit, top)}H{(index + 1) * step:.1f}")
    return "".join(drawn)
