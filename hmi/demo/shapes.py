"""Flat shapes as signed distances: negative inside, positive outside.

Lengths are thousandths of the picture's side (mil), origin top-left, y down. `x` is a row and `y` a column,
so that numpy spreads them over the part of the picture that `bounds` names.
"""

from dataclasses import dataclass
from math import cos, hypot, pi, radians, sin
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Bounds = tuple[float, float, float, float]  # left, top, right, bottom


class Shape(Protocol):
    @property
    def bounds(self) -> Bounds: ...

    def distance(self, x: Floats, y: Floats) -> Floats: ...


@dataclass(frozen=True)
class Disc:
    x: float
    y: float
    radius: float

    @property
    def bounds(self) -> Bounds:
        return self.x - self.radius, self.y - self.radius, self.x + self.radius, self.y + self.radius

    def distance(self, x: Floats, y: Floats) -> Floats:
        return np.hypot(x - self.x, y - self.y) - self.radius


@dataclass(frozen=True)
class Arc:
    """A band along a circle, round at its ends; angles in degrees, 0 = right, clockwise."""

    x: float
    y: float
    radius: float
    width: float
    start: float = 0
    end: float = 360

    @property
    def bounds(self) -> Bounds:
        reach = self.radius + self.width / 2
        if self.end - self.start >= 360:
            return self.x - reach, self.y - reach, self.x + reach, self.y + reach
        angles = np.linspace(self.start, self.end, 33)
        points = [around(self.x, self.y, self.radius, angle) for angle in angles]
        xs, ys = [point[0] for point in points], [point[1] for point in points]
        half = self.width / 2 + 1
        return min(xs) - half, min(ys) - half, max(xs) + half, max(ys) + half

    def distance(self, x: Floats, y: Floats) -> Floats:
        across, down = x - self.x, y - self.y
        half = self.width / 2
        ring = np.abs(np.hypot(across, down) - self.radius) - half
        if self.end - self.start >= 360:
            return ring
        middle = radians((self.start + self.end) / 2)
        off = np.abs((np.arctan2(down, across) - middle + pi) % (2 * pi) - pi)
        ends = [self._distance_to_end(across, down, angle) for angle in (self.start, self.end)]
        inside = off <= (radians(self.end - self.start) / 2)
        return np.where(inside, ring, np.minimum(*ends) - half)

    def _distance_to_end(self, across: Floats, down: Floats, angle: float) -> Floats:
        turn = radians(angle)
        return np.hypot(across - self.radius * cos(turn), down - self.radius * sin(turn))


@dataclass(frozen=True)
class Box:
    """A rectangle with rounded corners, turned clockwise by `turn` degrees around its centre."""

    x: float
    y: float
    width: float
    height: float
    corner: float = 0
    turn: float = 0

    @property
    def bounds(self) -> Bounds:
        if not self.turn:
            half_width, half_height = self.width / 2, self.height / 2
            return self.x - half_width, self.y - half_height, self.x + half_width, self.y + half_height
        reach = hypot(self.width, self.height) / 2
        return self.x - reach, self.y - reach, self.x + reach, self.y + reach

    def distance(self, x: Floats, y: Floats) -> Floats:
        across, down = x - self.x, y - self.y
        if self.turn:
            c, s = cos(radians(self.turn)), sin(radians(self.turn))
            across, down = across * c + down * s, down * c - across * s
        over_x = np.abs(across) - (self.width / 2 - self.corner)
        over_y = np.abs(down) - (self.height / 2 - self.corner)
        outside = np.hypot(np.maximum(over_x, 0), np.maximum(over_y, 0))
        return outside + np.minimum(np.maximum(over_x, over_y), 0) - self.corner


@dataclass(frozen=True)
class Bar:
    """A straight band between two points, round at its ends."""

    x0: float
    y0: float
    x1: float
    y1: float
    width: float

    @property
    def bounds(self) -> Bounds:
        half = self.width / 2
        left, right = sorted((self.x0, self.x1))
        top, bottom = sorted((self.y0, self.y1))
        return left - half, top - half, right + half, bottom + half

    def distance(self, x: Floats, y: Floats) -> Floats:
        run, fall = self.x1 - self.x0, self.y1 - self.y0
        length = max(run * run + fall * fall, 1e-9)
        along = np.clip(((x - self.x0) * run + (y - self.y0) * fall) / length, 0, 1)
        return np.hypot(x - self.x0 - along * run, y - self.y0 - along * fall) - self.width / 2


@dataclass(frozen=True)
class Union:
    """Shapes grown together; `blend` is the radius of the fillet where they meet."""

    parts: tuple[Shape, ...]
    blend: float = 0.01

    @property
    def bounds(self) -> Bounds:
        lefts, tops, rights, bottoms = zip(*(part.bounds for part in self.parts), strict=True)
        return min(lefts), min(tops), max(rights), max(bottoms)

    def distance(self, x: Floats, y: Floats) -> Floats:
        joined = self.parts[0].distance(x, y)
        for part in self.parts[1:]:
            other = part.distance(x, y)
            near = np.maximum(self.blend - np.abs(joined - other), 0)
            joined = np.minimum(joined, other) - near * near / (4 * self.blend)
        return joined


@dataclass(frozen=True)
class Grown:
    """The shape with `by` more on every side (less when negative)."""

    shape: Shape
    by: float

    @property
    def bounds(self) -> Bounds:
        left, top, right, bottom = self.shape.bounds
        return left - self.by, top - self.by, right + self.by, bottom + self.by

    def distance(self, x: Floats, y: Floats) -> Floats:
        return self.shape.distance(x, y) - self.by


@dataclass(frozen=True)
class Between:
    """Inside the outer shape and outside the inner one."""

    outer: Shape
    inner: Shape

    @property
    def bounds(self) -> Bounds:
        return self.outer.bounds

    def distance(self, x: Floats, y: Floats) -> Floats:
        return np.maximum(self.outer.distance(x, y), -self.inner.distance(x, y))


def around(x: float, y: float, radius: float, degrees: float) -> tuple[float, float]:
    """The point at an angle (0 = right, clockwise) on a circle."""
    turn = degrees * pi / 180
    return x + radius * cos(turn), y + radius * sin(turn)
