"""Images of many cameras laid out as one set of flat columns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from regions.boxes import Boxes, Flags, ImageToJudge, Integers, Numbers
from regions.flaws import scale_flaw
from regions.rules import TIE_MM, CameraRules


@dataclass(frozen=True, eq=False)
class Layout:
    """The defects of all images, one after the other; columns of shape (defects,) unless said otherwise.

    `rules` are the different rules of the images, `rules_of_image` (images,) indexes into them, `starts`
    (images + 1,) into the defects. Lengths in px, `scale` in px/mm (NaN where it is none).
    `judged` marks what takes part: judgeable rules, not suppressed, usable geometry.
    """

    rules: Sequence[CameraRules]
    rules_of_image: Integers
    starts: Integers
    image: Integers
    ids: Integers
    x: Numbers
    y: Numbers
    width: Numbers
    height: Numbers
    scale: Numbers
    uncertainty_px: Numbers
    judgeable: Flags
    suppressed: Flags
    unusable: Flags

    @cached_property
    def judged(self) -> Flags:
        return self.judgeable & ~self.suppressed & ~self.unusable

    @cached_property
    def size_mm(self) -> Numbers:
        """The longer side; NaN where the geometry or the scale is unusable."""
        return np.where(self.unusable, np.nan, np.maximum(self.width, self.height) / self.scale)


def lay_out(images: Sequence[ImageToJudge]) -> Layout:
    """Lay out at least one image."""
    rules, rules_of_image = _different_rules(images)
    counts = np.fromiter((len(image.boxes) for image in images), dtype=np.int64, count=len(images))
    image = np.repeat(np.arange(len(images)), counts)
    rules_of_defect = rules_of_image[image]

    def of_rules(value: Callable[[CameraRules], Any], dtype: DTypeLike) -> NDArray[Any]:
        return np.array([value(each) for each in rules], dtype=dtype)[rules_of_defect]

    def of_boxes(column: Callable[[Boxes], NDArray[Any]], dtype: DTypeLike) -> NDArray[Any]:
        return np.concatenate([column(each.boxes) for each in images], dtype=dtype, casting="unsafe")

    x, y = of_boxes(lambda boxes: boxes.x, np.float64), of_boxes(lambda boxes: boxes.y, np.float64)
    width = of_boxes(lambda boxes: boxes.width, np.float64)
    height = of_boxes(lambda boxes: boxes.height, np.float64)
    scale = of_rules(_usable_scale, np.float64)
    tie_px = np.nan_to_num(scale * TIE_MM)
    image_width = np.array([_known(each.width) for each in images])[image]
    image_height = np.array([_known(each.height) for each in images])[image]
    return Layout(
        rules=rules,
        rules_of_image=rules_of_image,
        starts=np.concatenate([[0], np.cumsum(counts)]),
        image=image,
        ids=of_boxes(lambda boxes: boxes.id, np.int64),
        x=x,
        y=y,
        width=width,
        height=height,
        scale=scale,
        uncertainty_px=of_rules(lambda each: 0 if each.problem else each.uncertainty_px, np.float64),
        judgeable=of_rules(lambda each: each.problem is None, np.bool_),
        suppressed=of_boxes(lambda boxes: boxes.suppressed, np.bool_)
        & ~of_rules(lambda each: each.judge_suppressed, np.bool_),
        unusable=~(_usable(x, width, image_width, tie_px) & _usable(y, height, image_height, tie_px)),
    )


def _different_rules(images: Sequence[ImageToJudge]) -> tuple[list[CameraRules], Integers]:
    rules: list[CameraRules] = []
    by_identity: dict[int, int] = {}
    by_value: dict[CameraRules, int] = {}
    for image in images:
        if id(image.rules) in by_identity:
            continue
        index = by_value.setdefault(image.rules, len(rules))
        by_identity[id(image.rules)] = index
        if index == len(rules):
            rules.append(image.rules)
    return rules, np.array([by_identity[id(image.rules)] for image in images], dtype=np.int64)


def _usable(start: Numbers, length: Numbers, available: Numbers, tie_px: Numbers) -> Flags:
    """One axis: a real length that reaches into the image, as far as the image's own length is known."""
    real = np.isfinite(start) & np.isfinite(length) & np.isfinite(start + length) & (length > 0)
    begins_beyond = start - available >= -tie_px  # False where the image's length is NaN
    ends_before = start + length <= tie_px
    return real & ~begins_beyond & ~ends_before


def _usable_scale(rules: CameraRules) -> float:
    scale = rules.px_per_mm
    return np.nan if scale is None or scale_flaw(scale) else float(scale)


def _known(length: int | None) -> float:
    return np.nan if length is None or not length > 0 else length
