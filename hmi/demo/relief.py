"""A metal surface as heights and tones, and the light that makes a picture of it.

Everything is drawn in mil (thousandths of the picture's side), whatever the number of pixels.
"""

from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from hmi.demo.shapes import Bar, Disc, Floats, Grown, Shape

CAST = 0.62
MACHINED = 1.02
DARK = 0.05


class Relief:
    """Heights (mil), tones (0 black, 1 white) and roughness (1 cast, 0 machined) of a square surface."""

    def __init__(self, px: int, tone: float = DARK, rough: float = 0.0) -> None:
        self.px = px
        self.scale = px / 1000
        self.height: Floats = np.zeros((px, px), np.float32)
        self.tone: Floats = np.full((px, px), tone, np.float32)
        self.rough: Floats = np.full((px, px), rough, np.float32)

    def fill(
        self,
        shape: Shape,
        tone: float | None = None,
        height: float | None = None,
        rough: float | None = None,
        soft: float = 0.8,
    ) -> None:
        """Set what is given wherever the shape is; `soft` is the width of its edge in mil."""
        window, x, y = self.window(shape, soft)
        cover = _step(-shape.distance(x, y) / soft + 0.5)
        for layer, value in ((self.tone, tone), (self.height, height), (self.rough, rough)):
            if value is not None:
                layer[window] += cover * (value - layer[window])

    def lift(self, shape: Shape, by: float, slope: float = 6, tone: float | None = None) -> None:
        """Raise (or with a negative `by` sink) the shape over a slope inside its outline: cast, rounded."""
        window, x, y = self.window(shape, 1)
        cover = _step(-shape.distance(x, y) / slope)
        self.height[window] += cover * by
        if tone is not None:
            self.tone[window] += cover * (tone - self.tone[window])

    def face(self, shape: Shape, height: float, tone: float = MACHINED) -> None:
        """Mill the shape flat: bright, smooth, with a thin dark edge."""
        self.fill(shape, height=height, tone=tone, rough=0.04, soft=1.2)

    def hole(self, shape: Shape, tone: float = 0.03, rim: float = 1.5) -> None:
        """Drill the shape through: dark, with a chamfer of `rim` mil that catches the light."""
        window, x, y = self.window(shape, rim + 1)
        distance = shape.distance(x, y)
        chamfer = _step(1 - np.abs(distance) / rim)
        inside = _step(-distance / 1.2 + 0.5)
        below = self.tone[window]
        depth = np.clip(-distance / 9, 0, 1)
        below += inside * (tone + 0.16 * (1 - depth) - below)
        below += chamfer * (0.55 - below) * 0.6
        self.rough[window] *= 1 - inside
        self.height[window] -= inside * 4

    def boss(self, outline: Shape, holes: tuple[tuple[float, float, float], ...]) -> None:
        """A cast boss with a milled top and drilled holes (x, y, radius)."""
        self.lift(Grown(outline, 9), 22, slope=11)
        self.face(outline, 34)
        for x, y, radius in holes:
            self.hole(Disc(x, y, radius))

    def turned(
        self, x: float, y: float, radius: float, steps: tuple[tuple[float, float, float], ...], sink: float
    ) -> None:
        """A surface from the lathe: nested steps (share of radius, tone, width of the edge), outside in.

        The centre of inner steps moves down by `sink` of the way inwards, as deeper ones do in perspective.
        """
        window, columns, rows = self.window(Disc(x, y, steps[0][0] * radius), 1)
        across, down = (columns - x) / radius, (rows - y) / radius
        share = np.hypot(across, down)
        lowered = down - np.maximum(0.425 - share, 0) * sink
        share = np.hypot(across, lowered)
        lookup = np.clip(share * 4000, 0, 4000).astype(np.int16)
        tone, cover = _profile(steps)
        sheen = 0.97 + 0.16 * (lowered * lowered - across * across) / np.maximum(share * share, 1e-6)
        solid = cover[lookup]
        self.tone[window] += solid * (tone[lookup] * sheen - self.tone[window])
        self.height[window] += solid * (-20 - self.height[window])
        self.rough[window] += solid * (0.05 - self.rough[window])

    def scribble(self, points: list[tuple[float, float]], width: float = 3, tone: float = 0.06) -> None:
        """A marker line through the points."""
        for start, end in pairwise(points):
            self.fill(Bar(*start, *end, width), tone=tone, soft=1.5)

    def emboss(self, text: str, x: float, y: float, size: float, by: float, turn: float = 0) -> None:
        """Raise letters `by` mil around (x, y), or sink them; `size` is their height in mil."""
        page = Image.new("L", (self.px, self.px))
        font = ImageFont.load_default(max(4, size * self.scale))
        draw = ImageDraw.Draw(page)
        draw.text((x * self.scale, y * self.scale), text, fill=255, font=font, anchor="mm")
        page = page.rotate(-turn, center=(x * self.scale, y * self.scale))
        soft = page.filter(ImageFilter.GaussianBlur(1.2 * self.scale))
        self.height += np.asarray(soft, np.float32) * np.float32(by / 255)

    def window(self, shape: Shape, margin: float) -> tuple[tuple[slice, slice], Floats, Floats]:
        left, top, right, bottom = (edge * self.scale for edge in shape.bounds)
        more = margin * self.scale + 1
        rows = slice(*np.clip([top - more, bottom + more], 0, self.px).astype(int))
        columns = slice(*np.clip([left - more, right + more], 0, self.px).astype(int))
        x = (np.arange(columns.start, columns.stop, dtype=np.float32) + 0.5) / np.float32(self.scale)
        y = (np.arange(rows.start, rows.stop, dtype=np.float32) + 0.5) / np.float32(self.scale)
        return (rows, columns), x[None, :], y[:, None]


def _step(t: Floats) -> Floats:
    """0 below 0, 1 above 1, smooth between."""
    t = np.clip(t, 0, 1)
    return t * t * (3 - 2 * t)


def _profile(steps: tuple[tuple[float, float, float], ...]) -> tuple[Floats, Floats]:
    """Tone and cover for shares 0–1 in steps of 1/4000."""
    share = np.linspace(0, 1, 4001, dtype=np.float32)
    tone = np.full(4001, steps[0][1], np.float32)
    for edge, value, soft in steps:
        tone += _step((edge - share) / soft + 0.5) * (value - tone)
    return tone, _step((steps[0][0] - share) / steps[0][2])
