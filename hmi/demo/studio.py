"""The pictures: the camera's surface with a part's own pores, brightness and position, as JPEG."""

import io
from collections.abc import Iterable

import numpy as np
from PIL import Image, ImageChops

from hmi.demo.pores import Pore
from hmi.demo.views import View

QUALITY = 75
_TILE = 1024


class Studio:
    """Takes pictures `px` wide and high; keeps the lit surface of each scene (1.6 MB for 5120 px)."""

    def __init__(self, px: int, seed: int) -> None:
        self.px = px
        self._seed = seed
        self._surfaces: dict[int, Image.Image] = {}
        self._grain = _grain(px + _TILE, seed)

    def take(self, view: View, pores: Iterable[Pore], seed: Iterable[int]) -> bytes:
        """A JPEG of the part whose pores (px of the picture) are given; the same for the same seed."""
        rng = np.random.default_rng([*seed, view.number])
        surface = view.turned(self._surface(view))
        gain = rng.uniform(0.94, 1.05)
        exposed = surface.point([min(255, round(level * gain)) for level in range(256)])
        left, top = rng.uniform(0, 2, 2)  # up to 8 px of the picture: no part lies exactly like the last
        frame = (left, top, left + surface.width - 2, top + surface.height - 2)
        picture = exposed.resize((self.px, self.px), Image.Resampling.BICUBIC, box=frame)
        at_x, at_y = rng.integers(0, _TILE, 2).tolist()
        grain = self._grain.crop((at_x, at_y, at_x + self.px, at_y + self.px))
        picture = ImageChops.overlay(picture, grain)
        for pore in pores:
            _draw(picture, pore, rng)
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=QUALITY)
        return file.getvalue()

    def _surface(self, view: View) -> Image.Image:
        if view.scene not in self._surfaces:
            self._surfaces[view.scene] = view.surface(max(320, self.px // 4), self._seed)
        return self._surfaces[view.scene]


def _draw(picture: Image.Image, pore: Pore, rng: np.random.Generator) -> None:
    """A dark irregular blob with a soft edge that fills the pore's box."""
    box = (pore.x - 2, pore.y - 2, pore.x + pore.width + 2, pore.y + pore.height + 2)
    x = np.arange(pore.width + 4) - 2 + 0.5 - pore.width / 2
    y = np.arange(pore.height + 4) - 2 + 0.5 - pore.height / 2
    across, down = np.meshgrid(x / (pore.width / 2), y / (pore.height / 2))
    angle = np.arctan2(down, across)
    turns = rng.uniform(0, 6.28, 3)
    edge = 0.97 + sum(0.07 * np.sin((n + 2) * angle + turn) for n, turn in enumerate(turns))
    inside = np.clip((edge - np.hypot(across, down)) * min(pore.width, pore.height) / 2 / 2.6 + 0.35, 0, 1)
    depth = rng.uniform(0.55, 0.85) * rng.uniform(0.85, 1, inside.shape)
    patch = np.asarray(picture.crop(box), np.float32) * (1 - depth * inside)
    picture.paste(Image.fromarray(patch.astype(np.uint8)), box[:2])


def _grain(px: int, seed: int) -> Image.Image:
    """Noise to lay over a picture: fine grain, and the light and dark specks of a cast skin."""
    rng = np.random.default_rng([seed, px])
    coarse = Image.fromarray(rng.standard_normal((_TILE // 3, _TILE // 3), np.float32))
    noise = 6.5 * np.asarray(coarse.resize((_TILE, _TILE), Image.Resampling.BICUBIC))
    noise += 3.0 * rng.standard_normal((_TILE, _TILE), np.float32)
    sparse = Image.fromarray(np.maximum(rng.standard_normal((_TILE // 2, _TILE // 2), np.float32) - 2.2, 0))
    noise += 42 * np.asarray(sparse.resize((_TILE, _TILE), Image.Resampling.BILINEAR))
    tile = np.clip(noise + 127, 0, 255).astype(np.uint8)
    repeats = -(-px // _TILE)
    return Image.fromarray(np.tile(tile, (repeats, repeats))).crop((0, 0, px, px))
