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
    the vision system's own and judges nothing; `suppressed` marks what the vision system suppressed.
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


@dataclass(frozen=True, eq=False)
class ImageToJudge:
    """An image, the rules of its camera, and its defects. Width and height in px; None or 0 is unknown."""

    rules: CameraRules
    width: int | None
    height: int | None
    boxes: Boxes


def _numbers(values: Any) -> Numbers:
    return np.asarray(values, dtype=np.float64)
