"""What pictures of an image there are, and their names.

Planes: full px are pixels of the full image; out px are pixels of the picture that is made.
"""

import re
from dataclasses import dataclass

from hmi.pictures.overlay import Marker

SMALL_PX = 280  # longest side of a picture for a small tile
CROP_PX = 320  # side of a 1:1 crop, unless its defect is larger
LARGEST_CROP_PX = 960

_WORD = r"[0-9a-z_-]+(?:\.[0-9a-z_-]+)*"
_IMAGE = re.compile(_WORD, re.ASCII)
_NAME = re.compile(rf"tile|small|crop-{_WORD}", re.ASCII)
_VERSION = re.compile(rf"(?:{_WORD})?", re.ASCII)
_LONGEST = 64


@dataclass(frozen=True, slots=True)
class Rendition:
    """One picture of one image: `tile`, `small` or `crop-<defect>`, in one version of its content.

    Raises ValueError for anything that is not small letters, digits, `-`, `_` and single dots: the one
    canonical form is also a file name, on every system.
    """

    image: str
    name: str
    version: str

    def __post_init__(self) -> None:
        for text, form in ((self.image, _IMAGE), (self.name, _NAME), (self.version, _VERSION)):
            if len(text) > _LONGEST or not form.fullmatch(text):
                raise ValueError(f"not a rendition: {text[:_LONGEST]!r}")

    def __str__(self) -> str:
        return f"{self.name}~{self.image}~{self.version}"


@dataclass(frozen=True, slots=True)
class Box:
    """A defect's box, in full px."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a rendition is made of: the plant's path of the image, its markers and, for a crop, the defect."""

    path: str
    markers: tuple[Marker, ...] = ()
    crop: Box | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the full image, in full px, wholly inside it."""

    left: int
    top: int
    width: int
    height: int


def window_around(box: Box, width: int, height: int) -> Window:
    """The part of an image of this size to show for a defect: its middle, shifted to stay inside."""
    side = round(min(max(CROP_PX, 1.25 * max(box.width, box.height)), LARGEST_CROP_PX))
    left, window_width = _span(box.x + box.width / 2, side, width)
    top, window_height = _span(box.y + box.height / 2, side, height)
    return Window(left, top, window_width, window_height)


def _span(middle: float, side: int, length: int) -> tuple[int, int]:
    side = min(side, length)
    first = middle - side / 2
    return int(min(max(first, 0), length - side)), side
