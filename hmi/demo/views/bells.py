"""Three views of the bell side: into the bore, the bell from near and the bell from far."""

import numpy as np

from hmi.demo.light import Light
from hmi.demo.relief import CAST, Relief
from hmi.demo.shapes import Arc, Box, Disc
from hmi.demo.views.housing import Bell, draw_bell

_BORE = Bell(505, 492, 800, turn=20)
_NEAR = Bell(478, 395, 432)
_FAR = Bell(540, 640, 330, ribs=20, turn=-12)
BORE_ZONES = (
    (Arc(505, 492, 386, 70), 10),  # ring face
    *((Arc(505, 492, 550, 60, corner - 12, corner + 12), 1) for corner in (45, 135, 225, 315)),  # bell wall
)
NEAR_ZONES = (
    (Arc(478, 395, 330, 90), 3),  # bell wall
    (Arc(478, 395, 208, 36), 3),  # ring face
    (Arc(478, 395, 420, 12, 14, 40), 1),  # flange
)
FAR_ZONES = (
    (Arc(540, 640, 255, 80), 3),  # bell wall
    (Arc(540, 640, 160, 24), 2),  # ring face
)


def draw_bore(relief: Relief, rng: np.random.Generator) -> Light:
    relief.fill(Box(500, 500, 1100, 1100), tone=CAST, rough=1)
    draw_bell(relief, _BORE, rng)
    relief.scribble([(760, 820), (775, 850), (800, 842), (782, 815), (812, 806), (830, 832)], 3.5)
    return Light(x=0.15, y=-0.45, exposure=1.12, falloff=0.3)


def draw_near(relief: Relief, rng: np.random.Generator) -> Light:
    _booth(relief, tone=1.05)
    _fixture(relief)
    draw_bell(relief, _NEAR, rng)
    relief.scribble([(300, 300), (316, 282), (308, 306), (330, 290), (322, 312)], 3)
    relief.scribble([(420, 792), (470, 786), (474, 796), (540, 790)], 4)
    return Light(x=0.2, y=-0.5, exposure=1.2, falloff=0.12)


def draw_far(relief: Relief, rng: np.random.Generator) -> Light:
    _booth(relief, tone=0.98)
    relief.fill(Box(500, 90, 1100, 330), tone=0.92)
    relief.fill(Box(500, 256, 1100, 3), tone=0.6)
    _rails(relief, 780)
    draw_bell(relief, _FAR, rng)
    return Light(x=0.15, y=-0.45, exposure=0.82, falloff=0.25, haze=0.2)


def _booth(relief: Relief, tone: float) -> None:
    """The bright backdrop with its aluminium frame."""
    relief.fill(Box(500, 300, 1100, 800), tone=tone)
    for x, width, share in ((40, 44, 0.7), (62, 5, 0.45), (104, 16, 0.84), (896, 18, 0.84), (950, 48, 0.72)):
        relief.fill(Box(x, 350, width, 720), tone=tone * share)
        relief.fill(Box(x, 350, 3, 720), tone=tone * share * 0.8, soft=2)
    for y, height, share in ((300, 24, 0.8), (315, 4, 0.45), (540, 42, 0.85), (562, 3, 0.5)):
        relief.fill(Box(500, y, 1100, height), tone=tone * share)
    for x in (30, 52, 940, 962):
        for y in (282, 318, 522, 560):
            relief.hole(Disc(x, y, 5))


def _rails(relief: Relief, y: float) -> None:
    for down, height, tone in ((0, 26, 0.8), (22, 14, 0.3), (55, 36, 0.9), (90, 36, 0.08), (115, 14, 0.5)):
        relief.fill(Box(500, y + down, 1100, height), tone=tone)
    relief.fill(Box(500, y + 210, 1100, 180), tone=0.3)
    for x in range(0, 1000, 14):
        relief.fill(Box(x, y + 140, 2, 40), tone=0.16)


def _fixture(relief: Relief) -> None:
    _rails(relief, 600)
    relief.fill(Box(500, 960, 1100, 160), tone=1.0)
    relief.fill(Box(500, 885, 1100, 12), tone=0.5)
    for x in (250, 730):
        relief.fill(Box(x, 730, 44, 150), tone=0.12)
        relief.fill(Box(x - 10, 730, 6, 150), tone=0.4, soft=5)
    relief.fill(Box(490, 815, 820, 70, 8), tone=0.6, height=4, rough=0.7)
    relief.fill(Box(490, 862, 820, 30), tone=0.06)
    relief.fill(Box(490, 788, 520, 46, 8), tone=0.7, height=8, rough=0.2)
