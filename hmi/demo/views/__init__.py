"""What the demo's cameras look at: five scenes, each also mirrored and turned for further cameras."""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np
from PIL import Image

from hmi.demo.light import Light, shade
from hmi.demo.relief import Relief
from hmi.demo.shapes import Arc, Box
from hmi.demo.views import bells, face, rail

Draw = Callable[[Relief, np.random.Generator], Light]
Zones = tuple[tuple[Arc | Box, int], ...]  # metal where pores are found, with weights
Turn = Image.Transpose

_SCENES: tuple[tuple[str, Draw, Zones], ...] = (
    ("Valve body face", face.draw, face.ZONES),
    ("Side rail", rail.draw, rail.ZONES),
    ("Bore", bells.draw_bore, bells.BORE_ZONES),
    ("Bell, near", bells.draw_near, bells.NEAR_ZONES),
    ("Bell, far", bells.draw_far, bells.FAR_ZONES),
)
_TURNS = (
    None, Turn.FLIP_LEFT_RIGHT, Turn.ROTATE_180, Turn.FLIP_TOP_BOTTOM,
    Turn.ROTATE_90, Turn.TRANSPOSE, Turn.ROTATE_270, Turn.TRANSVERSE,
)  # fmt: skip


@dataclass(frozen=True)
class View:
    """What one camera sees."""

    number: int  # of the camera, from 1
    name: str
    scene: int  # cameras of one scene see the same surface, turned
    draw: Draw
    zones: Zones
    turn: Turn | None

    def surface(self, px: int, seed: int) -> Image.Image:
        """The flawless surface of the scene, mode L, px wide and high; the same for the same seed."""
        relief = Relief(px)
        light = self.draw(relief, np.random.default_rng([seed, self.scene]))
        return shade(relief, light, seed * 1000 + self.scene)

    def turned(self, surface: Image.Image) -> Image.Image:
        """The scene's surface as this camera sees it."""
        return surface if self.turn is None else surface.transpose(self.turn)

    def spot(self, rng: np.random.Generator) -> tuple[float, float]:
        """A place on the metal, in thousandths of the picture's side."""
        weights = np.array([weight for _, weight in self.zones], float)
        zone = self.zones[rng.choice(len(self.zones), p=weights / weights.sum())][0]
        return _turned(*_point_in(zone, rng), self.turn)


def view_of(number: int) -> View:
    """The view of camera `number` (from 1): five scenes, then their mirrored and turned likes."""
    station, scene = divmod(number - 1, len(_SCENES))
    name, draw, zones = _SCENES[scene]
    turn = _TURNS[station % len(_TURNS)]
    return View(number, f"{name} {station + 1}" if station else name, scene, draw, zones, turn)


def _point_in(zone: Arc | Box, rng: np.random.Generator) -> tuple[float, float]:
    across, along = rng.uniform(-0.5, 0.5, 2)
    if isinstance(zone, Box):
        return zone.x + across * zone.width, zone.y + along * zone.height
    turn = radians(zone.start + (along + 0.5) * (zone.end - zone.start))
    radius = zone.radius + across * zone.width
    return zone.x + radius * cos(turn), zone.y + radius * sin(turn)


def _turned(x: float, y: float, turn: Turn | None) -> tuple[float, float]:
    """Where the point is after Pillow has turned the picture."""
    places = {
        None: (x, y),
        Turn.FLIP_LEFT_RIGHT: (1000 - x, y),
        Turn.ROTATE_180: (1000 - x, 1000 - y),
        Turn.FLIP_TOP_BOTTOM: (x, 1000 - y),
        Turn.ROTATE_90: (y, 1000 - x),
        Turn.TRANSPOSE: (y, x),
        Turn.ROTATE_270: (1000 - y, x),
        Turn.TRANSVERSE: (1000 - y, 1000 - x),
    }
    return places[turn]
