"""Where a part's pores are and how large, in the proportions of a real line.

About 13 defects a part, 5–25 px with a median of 8 px, three recurring spots. By the default rule (1.5 mm,
3 within 2.0 mm at 11.97 px/mm, 1 px of doubt) one part in ten fails for size, one in ten for density, and
one in twelve is borderline.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hmi.demo.views import View

_SIZES = np.array([5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
_SHARES = np.array([4, 33, 26, 30, 16, 18, 8, 8, 4, 3, 4]) / 154
_CAMERA_WEIGHTS = (39, 19, 28, 29, 36)
_EMPTY_SHARE = 0.035  # images without any defect
_SPOT_SHARE = 0.63  # parts that show a recurring spot
_SPOT_CAMERAS = (2, 4, 4)
_APART = 32  # px between boxes, more than the 2.0 mm that link a cluster


@dataclass(frozen=True)
class Pore:
    """A defect's box, px of the full image, and the recurring spot that it belongs to, if any."""

    x: int
    y: int
    width: int
    height: int
    spot: int | None = None

    def gap_px(self, other: "Pore") -> float:
        across = max(self.x - other.x - other.width, other.x - self.x - self.width, 0)
        down = max(self.y - other.y - other.height, other.y - self.y - self.height, 0)
        return float(np.hypot(across, down))


class Pores:
    """Draws the pores of one part after the other; pictures are `px` wide and high."""

    def __init__(self, views: Sequence[View], px: int, seed: int) -> None:
        self._views = views
        self._px = px
        self._spots = self._find_spots(np.random.default_rng([seed, 3]))

    def of_part(self, rng: np.random.Generator) -> list[tuple[Pore, ...]]:
        """The pores of each camera's image."""
        counts = self._counts(rng)
        found: list[list[Pore]] = [[] for _ in self._views]
        for number, (camera, spot) in enumerate(self._spots):
            if counts[camera] and rng.random() < _SPOT_SHARE:
                shift_x, shift_y = rng.integers(-5, 6, 2).tolist()
                width, height = rng.integers(6, 11, 2).tolist()
                found[camera].append(Pore(spot.x + shift_x, spot.y + shift_y, width, height, spot=number))
        self._add_trouble(found, counts, rng)
        for camera, count in enumerate(counts):
            while len(found[camera]) < count:
                found[camera].append(self._one(camera, found[camera], rng))
        return [tuple(pores) for pores in found]

    def of_image(self, camera: int, count: int, rng: np.random.Generator) -> tuple[Pore, ...]:
        """So many ordinary pores, none of them near another."""
        found: list[Pore] = []
        for _ in range(count):
            found.append(self._one(camera, found, rng))
        return tuple(found)

    def _counts(self, rng: np.random.Generator) -> list[int]:
        cameras = len(self._views)
        wanted = round(float(np.clip(rng.lognormal(2.53, 0.33), 2, 26)) * cameras / 5)
        present = rng.random(cameras) >= _EMPTY_SHARE
        counts = present.astype(int)
        weights = np.array([_CAMERA_WEIGHTS[n % 5] for n in range(cameras)]) * present
        if wanted > counts.sum() and weights.any():
            counts += rng.multinomial(wanted - counts.sum(), weights / weights.sum())
        return [int(count) for count in counts]

    def _add_trouble(self, found: list[list[Pore]], counts: list[int], rng: np.random.Generator) -> None:
        """What makes one part in four interesting: a large pore, a borderline one, a cluster."""
        lot, camera = rng.random(), int(rng.integers(len(found)))
        pores = found[camera]
        if not counts[camera] or lot >= 0.28:
            return
        if lot < 0.10:
            pores.append(self._one(camera, pores, rng, size=int(rng.choice([19, 20, 21, 22, 25]))))
        elif lot < 0.18:
            pores.append(self._one(camera, pores, rng, size=int(rng.choice([17, 18]))))
        else:
            pores.extend(self._cluster(camera, pores, rng))

    def _cluster(self, camera: int, others: Sequence[Pore], rng: np.random.Generator) -> list[Pore]:
        members = [self._one(camera, others, rng, margin=200, size=int(rng.integers(7, 13)))]
        wanted = 3 + int(rng.geometric(0.35)) % 9
        for _ in range(200):
            if len(members) == wanted:
                break
            near = members[int(rng.integers(len(members)))]
            shift_x, shift_y = rng.integers(-26, 27, 2).tolist()
            pore = _sized(near.x + shift_x, near.y + shift_y, int(rng.integers(6, 12)), rng)
            if 3 < min(pore.gap_px(member) for member in members) < 20 and self._fits(pore):
                members.append(pore)
        return members

    def _one(
        self,
        camera: int,
        others: Sequence[Pore],
        rng: np.random.Generator,
        size: int | None = None,
        margin: int = _APART,
    ) -> Pore:
        """A pore on the metal, `margin` px away from the others where that can be had."""
        long_px = size or int(rng.choice(_SIZES, p=_SHARES))
        for _ in range(40):
            x, y = self._views[camera].spot(rng)
            pore = _sized(int(x * self._px / 1000), int(y * self._px / 1000), long_px, rng)
            if self._fits(pore) and all(pore.gap_px(other) > margin for other in others):
                return pore
        inset = self._px - pore.width - 4
        return replace(pore, x=min(max(pore.x, 4), inset), y=min(max(pore.y, 4), inset))

    def _fits(self, pore: Pore) -> bool:
        most = self._px - 4
        return pore.x >= 4 and pore.y >= 4 and pore.x + pore.width <= most and pore.y + pore.height <= most

    def _find_spots(self, rng: np.random.Generator) -> list[tuple[int, Pore]]:
        spots: list[tuple[int, Pore]] = []
        for wanted in _SPOT_CAMERAS:
            camera = wanted % len(self._views)
            others = [spot for other, spot in spots if other == camera]
            spots.append((camera, self._one(camera, others, rng, size=8, margin=self._px // 10)))
        return spots


def _sized(x: int, y: int, long_px: int, rng: np.random.Generator) -> Pore:
    short_px = max(5, long_px - int(rng.integers(0, 4)))
    if rng.random() < 0.5:
        return Pore(x, y, long_px, short_px)
    return Pore(x, y, short_px, long_px)
