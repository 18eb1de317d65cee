"""The side rail: the outer wall of the case beside its milled rail, cables and guard at the dark side."""

from itertools import pairwise

import numpy as np

from hmi.demo.light import Light
from hmi.demo.relief import CAST, Relief
from hmi.demo.shapes import Arc, Bar, Between, Box, Disc, Grown, Union

_RAIL = Union((Box(330, 500, 66, 860, 14), Box(250, 120, 180, 70, 20), Box(250, 880, 180, 70, 20)), 60)
_WALL = Union((Box(560, 500, 420, 720, 30), Box(620, 90, 200, 130, 30), Box(600, 920, 220, 110, 30)), 40)
_CHAIN = (
    (112, 250),
    (150, 300),
    (96, 352),
    (160, 398),
    (118, 452),
    (170, 520),
    (128, 590),
    (92, 660),
    (160, 712),
)
ZONES = (
    (Box(330, 500, 50, 780), 4),  # rail
    (Box(560, 500, 330, 560), 2),  # wall
    (Box(140, 480, 130, 440), 2),  # oil gallery
)


def draw(relief: Relief, rng: np.random.Generator) -> Light:
    _guard(relief, rng)
    _inside(relief)
    _wall(relief)
    relief.face(_RAIL, 44)
    for x, y in ((330, 210), (331, 352), (329, 497), (332, 640), (330, 780), (250, 118), (250, 882)):
        relief.hole(Disc(x, y, 8), tone=0.12)
    for x, y in ((190, 112), (196, 886)):
        relief.hole(Disc(x, y, 15), tone=0.4, rim=3)
    relief.scribble([(470, 640), (470, 700), (500, 640), (500, 672), (482, 676)], 8)
    relief.scribble([(530, 700), (556, 640), (560, 700), (536, 676), (562, 676)], 8)
    return Light(x=0.35, y=-0.35, exposure=1.18, falloff=0.3)


def _guard(relief: Relief, rng: np.random.Generator) -> None:
    """The dark side: wire mesh, a profile, a cable bundle and a valve terminal."""
    relief.fill(Box(500, 500, 1100, 1100), tone=0.05)
    for x in range(792, 1000, 12):
        relief.fill(Bar(x, 0, x + 18, 640, 1.6), tone=0.15, soft=1.5)
    for y in range(0, 640, 12):
        relief.fill(Bar(790, y, 1000, y + 14, 1.6), tone=0.13, soft=1.5)
    for y in (470, 494, 530):
        relief.fill(Box(900, y, 220, 12), tone=0.2)
    relief.fill(Box(776, 500, 30, 1100), tone=0.85)
    relief.fill(Box(764, 500, 4, 1100), tone=0.4)
    for n in range(5):
        bend = rng.uniform(-6, 6)
        relief.fill(Arc(880, 770, 86 + 9 * n, 6, 95 + bend, 300), tone=0.16 + 0.05 * (n % 3), height=4 * n)
    relief.fill(Box(866, 820, 76, 330, 4), tone=0.32, height=8, rough=0.3)
    for y in range(680, 990, 34):
        relief.fill(Box(866, y, 60, 22, 3), tone=0.55 if y % 3 else 0.2, height=12)
    relief.fill(Box(840, 820, 12, 330), tone=0.95, height=12)


def _inside(relief: Relief) -> None:
    """The open case on the left of the rail: cast floor, oil gallery with its chain of bosses."""
    floor = Box(140, 500, 360, 790, 40)
    relief.fill(Box(120, 500, 440, 870, 20), tone=CAST, height=0, rough=1)
    relief.lift(Between(Box(120, 500, 440, 870), Grown(floor, -40)), 30, slope=50)
    relief.lift(Bar(-20, 800, 290, 770, 46), 26, slope=18)
    relief.lift(Bar(236, 200, 250, 720, 22), 18, slope=10)
    for y in (250, 430, 610):
        relief.lift(Box(30, y, 120, 90, 24), -22, slope=18)
    for x, y, width, height in ((232, 330, 36, 120), (48, 520, 52, 150)):
        relief.lift(Box(x, y, width + 18, height + 18, 22), 6, slope=9)
        relief.fill(Box(x, y, width, height, 18), tone=0.22, height=-6, rough=0)
    links = tuple(Bar(*a, *b, 24) for a, b in pairwise(_CHAIN))
    relief.boss(
        Union((*links, *(Disc(x, y, 19) for x, y in _CHAIN)), 8),
        tuple((x, y, 10 if n % 3 else 7) for n, (x, y) in enumerate(_CHAIN)),
    )
    for x, y in ((60, 170), (214, 812), (70, 850)):
        relief.boss(Disc(x, y, 19), ((x, y, 9),))


def _wall(relief: Relief) -> None:
    relief.fill(Grown(_WALL, 3), tone=0.3, height=-6)
    relief.fill(_WALL, tone=CAST * 1.18, height=0, rough=1)
    relief.lift(_WALL, 26, slope=60)
    relief.lift(Bar(432, 190, 428, 810, 26), 20, slope=11)
    relief.lift(Bar(690, 240, 696, 760, 20), 16, slope=9)
    relief.lift(Bar(432, 190, 690, 330, 18), 14, slope=9)
    relief.lift(Bar(428, 810, 690, 680, 18), 14, slope=9)
    relief.lift(Box(560, 520, 150, 190, 22), 8, slope=7)
    relief.emboss("RF-M3P", 545, 490, 19, 5, turn=90)
    relief.emboss("7006", 585, 480, 19, 5, turn=90)
    relief.lift(Disc(560, 578, 26), 7, slope=4)
    relief.lift(Arc(560, 578, 17, 4), 4, slope=2)
    for x, y in ((432, 160), (430, 842), (720, 110), (705, 905)):
        relief.boss(Disc(x, y, 24), ((x, y, 11),))
