"""Images of many cameras laid out as one set of flat columns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from regions.boxes import Batch, Boxes, Flags, ImageToJudge, Integers, Numbers
from regions.flaws import scale_flaw
from regions.rules import TIE_MM, CameraRules


@dataclass(frozen=True, eq=False)
class Layout:
    """The defects of all images, one after the other; columns of shape (defects,) unless said otherwise.

    `rules` are the different rules of the images, `rules_of_image` (images,) indexes into them, `starts`
    (images + 1,) into the defects. `confidence` is 1 where the vision system gave none. Lengths in px,
    `scale` in px/mm (NaN where it is none).
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
    confidence: Numbers
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


def lay_out(batch: Batch) -> Layout:
    """Lay out at least one image."""
    rules, boxes = batch.rules, batch.boxes
    image = np.repeat(np.arange(len(batch)), np.diff(batch.starts))
    rules_of_defect = batch.rules_of_image[image]

    def of_rules(value: Callable[[CameraRules], Any], dtype: DTypeLike) -> NDArray[Any]:
        return np.array([value(each) for each in rules], dtype=dtype)[rules_of_defect]

    scale = of_rules(_usable_scale, np.float64)
    tie_px = np.nan_to_num(scale * TIE_MM)
    image_width, image_height = _known(batch.width)[image], _known(batch.height)[image]
    return Layout(
        rules=rules,
        rules_of_image=batch.rules_of_image,
        starts=batch.starts,
        image=image,
        ids=boxes.id,
        x=boxes.x,
        y=boxes.y,
        width=boxes.width,
        height=boxes.height,
        confidence=np.where(np.isfinite(boxes.confidence), boxes.confidence, 1.0),
        scale=scale,
        uncertainty_px=of_rules(lambda each: 0 if each.problem else each.uncertainty_px, np.float64),
        judgeable=of_rules(lambda each: each.problem is None, np.bool_),
        suppressed=boxes.suppressed & ~of_rules(lambda each: each.judge_suppressed, np.bool_),
        unusable=~(
            _usable(boxes.x, boxes.width, image_width, tie_px)
            & _usable(boxes.y, boxes.height, image_height, tie_px)
        ),
    )


def batch_of(images: Sequence[ImageToJudge]) -> Batch:
    """At least one image, side by side; equal rules are one."""
    rules, rules_of_image = _different_rules(images)
    counts = np.fromiter((len(image.boxes) for image in images), dtype=np.int64, count=len(images))

    def of_boxes(column: Callable[[Boxes], NDArray[Any]], dtype: DTypeLike) -> NDArray[Any]:
        return np.concatenate([column(each.boxes) for each in images], dtype=dtype, casting="unsafe")

    return Batch(
        rules=rules,
        rules_of_image=rules_of_image,
        width=np.array([each.width or 0 for each in images], dtype=np.float64),
        height=np.array([each.height or 0 for each in images], dtype=np.float64),
        starts=np.concatenate([[0], np.cumsum(counts)]),
        boxes=Boxes(
            id=of_boxes(lambda boxes: boxes.id, np.int64),
            x=of_boxes(lambda boxes: boxes.x, np.float64),
            y=of_boxes(lambda boxes: boxes.y, np.float64),
            width=of_boxes(lambda boxes: boxes.width, np.float64),
            height=of_boxes(lambda boxes: boxes.height, np.float64),
            confidence=of_boxes(lambda boxes: boxes.confidence, np.float64),
            suppressed=of_boxes(lambda boxes: boxes.suppressed, np.bool_),
        ),
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


def _known(lengths: Numbers) -> Numbers:
    """NaN where there is none."""
    return np.where(lengths > 0, lengths, np.nan)
