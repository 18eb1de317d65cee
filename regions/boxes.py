"""What is judged: the defects of one image as columns, and the image around them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from regions.rules import CameraRules

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Boxes:
    """The defects of one image, one entry each, all of shape (n,).

    `x`, `y` (top-left corner), `width` and `height` are px of the full image, NaN for NULL; `confidence` is
    the vision system's own, of use only to a rule that asks for a least one; `suppressed` marks what the
    vision system suppressed.
    """

    id: Integers
    x: Numbers
    y: Numbers
    width: Numbers
    height: Numbers
    confidence: Numbers
    suppressed: Flags

    def __post_init__(self) -> None:
        count = len(self.id)
        columns = (self.x, self.y, self.width, self.height, self.confidence, self.suppressed)
        if any(len(column) != count for column in columns):
            raise ValueError("boxes: the columns differ in length")

    @classmethod
    def of(
        cls,
        id: Sequence[int],  # noqa: A002 - the column's name
        x: Sequence[float | None],
        y: Sequence[float | None],
        width: Sequence[float | None],
        height: Sequence[float | None],
        confidence: Sequence[float | None] | None = None,
        suppressed: Sequence[bool] | None = None,
    ) -> Self:
        """From plain sequences as a database gives them, None for NULL."""
        count = len(id)
        return cls(
            id=np.asarray(id, dtype=np.int64),
            x=_numbers(x),
            y=_numbers(y),
            width=_numbers(width),
            height=_numbers(height),
            confidence=_numbers([None] * count if confidence is None else confidence),
            suppressed=np.asarray([False] * count if suppressed is None else suppressed, dtype=np.bool_),
        )

    def __len__(self) -> int:
        return len(self.id)

    def taken(self, rows: slice) -> "Boxes":
        """Some of them, as views."""
        return Boxes(*(column[rows] for column in vars(self).values()))


@dataclass(frozen=True, eq=False)
class ImageToJudge:
    """An image, the rules of its camera, and its defects. Width and height in px; None or 0 is unknown."""

    rules: CameraRules
    width: int | None
    height: int | None
    boxes: Boxes


@dataclass(frozen=True, eq=False)
class Batch:
    """Many images as columns: what is judged thousands at a time is laid out once, by whoever reads it.

    Image n has the defects starts[n] to starts[n + 1] of `boxes`, and the rules of `rules` that
    `rules_of_image` names by index. `width` and `height` are px, NaN or 0 where unknown. Shapes: (images,),
    `starts` (images + 1,).
    """

    rules: Sequence[CameraRules]
    rules_of_image: Integers
    width: Numbers
    height: Numbers
    starts: Integers
    boxes: Boxes

    def __len__(self) -> int:
        return len(self.rules_of_image)

    def part(self, first: int, end: int) -> "Batch":
        """The images from `first` up to `end`, as views."""
        starts = self.starts[first : end + 1]
        return Batch(
            self.rules,
            self.rules_of_image[first:end],
            self.width[first:end],
            self.height[first:end],
            starts - starts[0],
            self.boxes.taken(slice(int(starts[0]), int(starts[-1]))),
        )


def _numbers(values: Any) -> Numbers:
    return np.asarray(values, dtype=np.float64)
