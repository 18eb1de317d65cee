"""Light on a relief: from heights, tones and roughness to an 8-bit picture."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hmi.demo.relief import Relief
from hmi.demo.shapes import Floats


@dataclass(frozen=True)
class Light:
    """Where the lamp stands (x and y in units of its height, right and down), and how bright all is."""

    x: float = -0.3
    y: float = -0.4
    exposure: float = 1.0
    steepness: float = 0.45  # how strongly heights are seen
    shadow: float = 0.8
    falloff: float = 0.25  # how much darker the corners are
    haze: float = 0.0  # grey that lies over everything, 0–1


def shade(relief: Relief, light: Light, seed: int) -> Image.Image:
    """The picture of the relief, mode L, relief.px wide and high."""
    px = relief.px
    bumps = _bumps(px, seed) * np.float32(px / 1280)
    height = relief.height * np.float32(relief.scale * light.steepness) + bumps * relief.rough
    down, across = np.gradient(height)
    upright = 1 / np.sqrt(1 + across * across + down * down)
    lamp = np.array([light.x, light.y, 1.0], np.float32)
    lamp /= np.linalg.norm(lamp)
    facing = np.clip((lamp[2] - across * lamp[0] - down * lamp[1]) * upright, 0, 1)
    bright = relief.tone * (0.4 * upright * upright + 0.7 * facing)
    bright *= 1 - light.shadow * _occlusion(relief.height)
    bright *= light.exposure * _vignette(px, light.falloff)
    bright *= 1 - (1 - relief.rough) * _milling_marks(px, seed)
    bright += _sheen(px, seed) * 0.10 * relief.tone * relief.rough
    bright = bright * (1 - light.haze) + 0.72 * light.haze
    return Image.fromarray((_film(bright) * 255).astype(np.uint8))


def _film(bright: Floats) -> Floats:
    """Straight up to 0.8, then a short shoulder into white."""
    over = np.maximum(bright - 0.8, 0)
    return np.clip(np.where(bright > 0.8, 0.8 + 0.2 * (1 - np.exp(-over * 4.5)), bright), 0.012, 1)


def _occlusion(height: Floats) -> Floats:
    """0 in the open, towards 1 at the foot of something high."""
    px = height.shape[0]
    small = Image.fromarray(height).resize((px // 4, px // 4), Image.Resampling.BOX)
    flat = np.asarray(small)
    shadow = np.zeros_like(flat)
    for radius in (px // 320, px // 90, px // 28):
        shadow += np.clip((_blur(flat, max(1, radius // 2)) - flat) / 46, 0, 0.32)
    large = Image.fromarray(np.clip(shadow, 0, 1)).resize((px, px), Image.Resampling.BILINEAR)
    return np.asarray(large)


def _blur(values: Floats, radius: int) -> Floats:
    for _ in range(2):
        values = _box(_box(values, radius).T, radius).T
    return values


def _box(values: Floats, radius: int) -> Floats:
    padded = np.pad(values, ((radius + 1, radius), (0, 0)), mode="edge")
    sums = np.cumsum(padded, axis=0, dtype=np.float64)
    return ((sums[2 * radius + 1 :] - sums[: -2 * radius - 1]) / (2 * radius + 1)).astype(np.float32)


@cache
def _vignette(px: int, falloff: float) -> Floats:
    line = np.linspace(-1, 1, px, dtype=np.float32)
    return 1 - falloff * (line[None, :] ** 2 + line[:, None] ** 2) / 2


@cache
def _distances(px: int) -> NDArray[np.int16]:
    """From a point left of the picture, in quarters of a mil."""
    x = np.arange(px, dtype=np.float32)[None, :] * (1000 / px) + 420
    y = np.arange(px, dtype=np.float32)[:, None] * (1000 / px) - 380
    return (np.hypot(x, y) * 4).astype(np.int16)


def _milling_marks(px: int, seed: int) -> Floats:
    """How much light the arcs of the cutter take from a milled face."""
    rng = np.random.default_rng([seed, 5])
    marks = rng.gamma(0.6, 0.022, 8000).astype(np.float32)
    return np.convolve(marks, np.ones(3, np.float32) / 3, "same")[_distances(px)]


def _bumps(px: int, seed: int) -> Floats:
    """Heights of a cast skin in px of 1280: coarse waves and fine grain."""
    return _clouds(px, seed, ((12, 2.0), (40, 0.7), (160, 0.22), (520, 0.16)))


def _sheen(px: int, seed: int) -> Floats:
    return _clouds(px, seed + 1, ((5, 1.0), (14, 0.7), (48, 0.5)))


def _clouds(px: int, seed: int, octaves: tuple[tuple[int, float], ...]) -> Floats:
    rng = np.random.default_rng([seed, px])
    total = np.zeros((px, px), np.float32)
    for cells, weight in octaves:
        coarse = Image.fromarray(rng.standard_normal((cells, cells), np.float32))
        total += np.float32(weight) * np.asarray(coarse.resize((px, px), Image.Resampling.BICUBIC))
    return total
