"""The valve body face: an open case seen from above, its sealing flange, channels, bores and bolt bosses."""

from itertools import pairwise

import numpy as np

from hmi.demo.light import Light
from hmi.demo.relief import CAST, Relief
from hmi.demo.shapes import Bar, Between, Box, Disc, Grown, Shape, Union

LIGHT = Light(x=-0.25, y=-0.4, exposure=1.2)
_FLANGE = 62.0
_OUTER = Box(600, 500, 980, 800, 46)
_OPENING = Box(600, 500, 890, 706, 52)
_BOLTS = (
    *((x, 112) for x in (150, 285, 440, 585, 740, 890)),
    *((x, 888) for x in (150, 300, 470, 612, 770, 925)),
    *((122, y) for y in (240, 372, 505, 640, 770)),
)
_BOSSES = (
    (214, 214, 17), (472, 206, 16), (705, 198, 15), (930, 260, 18), (505, 352, 16), (640, 300, 15),
    (215, 500, 18), (212, 790, 17), (452, 806, 15), (488, 612, 16), (880, 520, 17), (962, 640, 16),
    (780, 806, 18), (930, 800, 15), (392, 500, 14),
)  # fmt: skip
_CHANNELS = (
    ((560, 640), (640, 640), (640, 700)),
    ((560, 690), (598, 690), (598, 745), (690, 745)),
    ((690, 640), (745, 640), (745, 700), (690, 700)),
    ((800, 630), (800, 745), (750, 745)),
    ((560, 745), (560, 720)),
)
ZONES = (
    (Box(131, 500, 30, 640), 3),  # sealing face, left
    (Box(560, 126, 780, 30), 3),  # sealing face, top
    (Box(560, 876, 780, 30), 3),  # sealing face, bottom
    (Box(680, 692, 290, 170), 2),  # channel plate
    (Box(640, 400, 620, 330), 2),  # floor
)


def draw(relief: Relief, rng: np.random.Generator) -> Light:
    _conveyor(relief)
    relief.fill(_OUTER, tone=CAST, height=0, rough=1)
    relief.lift(Between(_OUTER, Grown(_OPENING, -58)), _FLANGE * 0.8, slope=58)
    _floor(relief)
    _slots(relief, rng)
    _ribs(relief)
    _bores(relief)
    for x, y, radius in _BOSSES:
        relief.boss(Disc(x, y, radius), ((x, y, radius * 0.46),))
    _pads(relief)
    _channel_plate(relief)
    _flange(relief)
    relief.scribble([(330, 131), (380, 128), (450, 131), (560, 127), (640, 128)], 3.5)
    relief.scribble([(362, 122), (365, 138)], 4)
    return LIGHT


def _conveyor(relief: Relief) -> None:
    for y, width, tone in ((30, 46, 0.75), (66, 12, 1.0), (935, 40, 0.5), (968, 34, 1.1), (992, 12, 0.8)):
        relief.fill(Box(500, y, 1100, width), tone=tone, height=-6)
    for x in range(8, 1000, 27):
        relief.fill(Box(x, 8, 17, 13, 5), tone=0.3, height=-10)
    relief.fill(Box(40, 500, 34, 740), tone=0.38, height=-20)
    relief.fill(Box(14, 500, 14, 1100), tone=1.05, height=4)
    relief.fill(Box(84, 330, 26, 40, 3), tone=0.5, height=4)
    relief.hole(Disc(84, 330, 6))


def _floor(relief: Relief) -> None:
    _diamonds(relief, Box(690, 415, 560, 300, 60), pitch=40)
    relief.lift(Box(320, 720, 250, 210, 60), 24, slope=40)
    relief.lift(Box(870, 250, 220, 150, 30), -20, slope=20)
    relief.lift(Box(300, 250, 150, 90, 14), 18, slope=10)
    relief.lift(Box(302, 238, 90, 22, 6), -10, slope=5)
    relief.lift(Box(318, 272, 60, 22, 6), -10, slope=5)
    relief.lift(Box(940, 720, 100, 230, 26), -14, slope=22)
    relief.emboss("39 MC", 545, 478, 34, 5)


def _diamonds(relief: Relief, shape: Shape, pitch: float) -> None:
    """A field of crossing ribs, cast into the floor."""
    window, x, y = relief.window(shape, 1)
    inside = np.clip(-shape.distance(x, y) / 14, 0, 1)
    for slant in (x + y, x - y):
        across = np.abs((slant / 1.414) % pitch - pitch / 2)
        relief.height[window] += inside * 6.5 * np.clip(1 - across / 5.5, 0, 1) ** 0.6


def _slots(relief: Relief, rng: np.random.Generator) -> None:
    for x, y, width, height, corner in (
        (600, 412, 76, 120, 37), (722, 412, 76, 120, 37), (850, 412, 96, 84, 38), (590, 222, 130, 46, 22),
    ):  # fmt: skip
        relief.lift(Box(x, y, width + 22, height + 22, corner + 8), 7, slope=11)
        relief.fill(Box(x, y, width, height, corner), tone=0.24, height=-8, rough=0)
        for _ in range(6):
            at = y + (rng.random() - 0.5) * height * 0.8
            relief.fill(Box(x, at, width * 0.8, 1.5), tone=0.33, soft=5)


def _ribs(relief: Relief) -> None:
    relief.lift(Bar(160, 560, 1000, 560, 38), 26, slope=16)
    relief.lift(Bar(472, 206, 505, 352, 18), 24, slope=8)
    relief.lift(Bar(505, 352, 488, 612, 22), 20, slope=10)
    relief.lift(Bar(930, 260, 880, 520, 16), 20, slope=7)
    relief.lift(Bar(640, 300, 705, 198, 16), 18, slope=7)
    relief.lift(Bar(212, 214, 215, 500, 14), 14, slope=7)
    relief.lift(Bar(452, 806, 460, 600, 18), 18, slope=8)


def _bores(relief: Relief) -> None:
    for x, y, radius in ((330, 420, 78), (318, 690, 58)):
        relief.lift(Disc(x, y, radius + 34), 24, slope=16)
        relief.face(Disc(x, y, radius + 16), 40, tone=0.95)
        relief.hole(Disc(x, y, radius), tone=0.07, rim=3)
        for step, tone in ((0.9, 0.34), (0.84, 0.14), (0.62, 0.09)):
            relief.fill(Disc(x + 3, y + 4, radius * step), tone=tone, soft=5)
        relief.fill(Disc(x + 6, y + 8, radius * 0.4), tone=0.3, soft=2)


def _pads(relief: Relief) -> None:
    relief.boss(
        Union((Disc(768, 290, 24), Disc(800, 330, 14), Bar(768, 290, 800, 330, 18)), 6),
        ((768, 290, 12), (800, 330, 6)),
    )
    relief.boss(Box(392, 196, 84, 34, 5), ((366, 196, 7), (418, 196, 7)))
    relief.boss(Box(950, 412, 60, 74, 5), ((950, 390, 8), (950, 434, 8)))


def _channel_plate(relief: Relief) -> None:
    """The milled plate whose sunk channels guide the oil."""
    plate = Union((Box(680, 692, 300, 180, 14), Disc(530, 612, 18), Disc(838, 772, 18)), 10)
    relief.lift(Grown(plate, 10), 20, slope=12)
    relief.face(plate, 34, tone=1.02)
    for corners in _CHANNELS:
        path = Union(tuple(Bar(*a, *b, 22) for a, b in pairwise(corners)), 4)
        relief.fill(path, tone=0.4, height=16, rough=1, soft=1.4)
        relief.fill(Grown(path, -6), tone=0.3, soft=5)
    for x, y in ((530, 612), (838, 772), (660, 720), (715, 670), (620, 770), (770, 660), (825, 620)):
        relief.hole(Disc(x, y, 7))


def _flange(relief: Relief) -> None:
    lugs = Union((_OUTER, *(Disc(x, y, 21) for x, y in _BOLTS)), 16)
    relief.face(Between(lugs, _OPENING), _FLANGE)
    for x, y in _BOLTS:
        relief.hole(Disc(x, y, 8.5), tone=0.12)
