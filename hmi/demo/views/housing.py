"""The bell housing with its bore, as all views of that side draw it."""

from dataclasses import dataclass

import numpy as np

from hmi.demo.relief import CAST, Relief
from hmi.demo.shapes import Arc, Bar, Box, Disc, Grown, Union, around

#: Angles of the flange's bolts, degrees clockwise from the right.
_BOLTS = (8, 44, 71, 109, 136, 166, 197, 226, 251, 283, 310, 338)
_OIL_HOLES = (*range(222, 262, 7), *range(285, 312, 9), 12, 20, 38, 96, 128, 171)
#: Milled ring and steps of the bore, outside in: share of the radius, tone, width of the edge.
_STEPS = (
    (0.600, 0.62, 0.030), (0.568, 0.16, 0.012), (0.545, 0.86, 0.004), (0.528, 1.08, 0.006),
    (0.503, 0.96, 0.002), (0.501, 1.10, 0.002), (0.480, 0.97, 0.002), (0.478, 1.10, 0.002),
    (0.456, 0.97, 0.002), (0.454, 1.08, 0.002), (0.425, 0.10, 0.004), (0.418, 0.98, 0.006),
    (0.405, 0.30, 0.004), (0.397, 0.62, 0.010), (0.372, 0.95, 0.006), (0.362, 0.22, 0.012),
    (0.345, 0.46, 0.030), (0.322, 0.14, 0.008), (0.314, 0.40, 0.030), (0.286, 0.11, 0.008),
    (0.279, 0.33, 0.040), (0.250, 0.13, 0.020), (0.232, 0.26, 0.030),
)  # fmt: skip
#: Reflections of the lamps in the bore: share, sink, width, from and to (degrees).
_GLINTS = (
    (0.352, 0.018, 0.022, 244, 292), (0.300, 0.032, 0.020, 256, 283), (0.266, 0.042, 0.015, 262, 278),
    (0.335, 0.024, 0.026, 205, 221), (0.292, 0.036, 0.016, 318, 334), (0.300, 0.034, 0.012, 110, 128),
)  # fmt: skip


@dataclass(frozen=True)
class Bell:
    """A bell housing around (x, y); `radius` is that of its flange, mil. Shares are parts of the radius."""

    x: float
    y: float
    radius: float
    ribs: int = 18
    turn: float = 0

    def at(self, share: float, degrees: float) -> tuple[float, float]:
        return around(self.x, self.y, self.radius * share, degrees + self.turn)

    def disc(self, share: float) -> Disc:
        return Disc(self.x, self.y, self.radius * share)


def draw_bell(relief: Relief, bell: Bell, rng: np.random.Generator) -> None:
    if bell.radius < 700:
        _flange(relief, bell)
    _cone(relief, bell, rng)
    relief.turned(bell.x, bell.y, bell.radius, _STEPS, sink=0.32)
    _teeth(relief, bell)
    _seat(relief, bell)
    _floor(relief, bell)
    for share, sink, width, start, end in _GLINTS:
        glint = Arc(bell.x, bell.y + sink * bell.radius, share * bell.radius, width * bell.radius, start, end)
        relief.fill(glint, tone=1.1, soft=bell.radius * 0.013)


def _flange(relief: Relief, bell: Bell) -> None:
    unit = bell.radius / 100
    lugs = tuple(Disc(*bell.at(1.0, angle), 6.5 * unit) for angle in _BOLTS)
    dome = Disc(*bell.at(1.12, 352), 17 * unit)
    body = Union((bell.disc(1.0), dome, *lugs), 7 * unit)
    relief.fill(Grown(body, 1.2 * unit), tone=0.34, height=-4)
    relief.face(body, 10)
    relief.fill(Disc(dome.x, dome.y, 14.5 * unit), tone=CAST, rough=1)
    relief.lift(Disc(dome.x, dome.y, 15 * unit), -18 * unit, slope=14 * unit)
    for start, end in zip(_BOLTS, (*_BOLTS[1:], _BOLTS[0] + 360), strict=True):
        if end - start > 28:
            turn = bell.turn
            slot = Arc(bell.x, bell.y, 96.9 * unit, 3.2 * unit, start + 6 + turn, end - 6 + turn)
            relief.hole(slot, tone=0.10)
    for angle in _BOLTS:
        relief.hole(Disc(*bell.at(1.0, angle), 2.7 * unit), tone=0.12)


def _cone(relief: Relief, bell: Bell, rng: np.random.Generator) -> None:
    unit = bell.radius / 100
    relief.fill(bell.disc(0.94), tone=CAST * 0.9, height=0, rough=1)
    relief.lift(bell.disc(0.94), -22 * unit, slope=36 * unit)
    for n in range(bell.ribs):
        angle = 360 / bell.ribs * (n + 0.35) + rng.uniform(-2, 2)
        inner, outer = bell.at(0.63, angle), bell.at(0.915, angle)
        relief.lift(Bar(*inner, *outer, 4 * unit), 3.6 * unit, slope=2.2 * unit)
        if n % 5 == 2:
            relief.lift(Disc(*bell.at(0.67, angle), 4.4 * unit), 4 * unit, slope=2.2 * unit)
    for n in range(0, bell.ribs, 6):
        angle = 360 / bell.ribs * (n + 0.9)
        relief.emboss("CA7", *bell.at(0.78, angle), 6 * unit, 1.6 * unit, angle + bell.turn + 90)


def _seat(relief: Relief, bell: Bell) -> None:
    """Oil holes and keyways in the milled ring."""
    for angle in _OIL_HOLES:
        relief.hole(Disc(*bell.at(0.482, angle), bell.radius * 0.013))
    for angle in (62, 152, 332):
        x, y = bell.at(0.482, angle)
        turn = angle + bell.turn + 90
        relief.hole(Box(x, y, bell.radius * 0.075, bell.radius * 0.036, 2, turn), tone=0.3)


def _teeth(relief: Relief, bell: Bell, count: int = 72) -> None:
    window, x, y = relief.window(bell.disc(0.41), 1)
    across, down = x - bell.x, y - bell.y - 0.008 * bell.radius
    radius = np.hypot(across, down) / bell.radius
    rows, columns = np.nonzero(np.abs(radius - 0.386) < 0.0135)
    share, angle = radius[rows, columns], np.arctan2(down[rows, 0], across[0, columns])
    tooth = np.clip(np.cos(angle * count) * 2.2 + 0.3 - (0.386 - share) * 60, 0, 1)
    tone = relief.tone[window]
    tone[rows, columns] = 0.16 + (0.5 + 0.2 * np.sin(angle)) * tooth


def _floor(relief: Relief, bell: Bell) -> None:
    unit = bell.radius / 100
    x, y = bell.x, bell.y + 6.2 * unit
    relief.fill(Disc(x, y, 22 * unit), rough=0.5)
    for angle in range(10, 370, 40):
        inner, outer = around(x, y, 12 * unit, angle), around(x, y, 21 * unit, angle)
        relief.lift(Bar(*inner, *outer, 2.6 * unit), 3 * unit, slope=1.5 * unit)
    relief.fill(Disc(x, y, 12.4 * unit), tone=0.36, soft=unit)
    relief.face(Disc(x, y, 10.6 * unit), -14)
    relief.fill(Disc(x + 3 * unit, y - unit, 6.4 * unit), tone=0.8, soft=unit)
    relief.hole(Disc(x + 2 * unit, y + 15 * unit, 1.1 * unit), tone=0.9)
