"""The parameters of an image request of the IIIF Image API 3.0, from text to whole pixels.

Every text is answered with a `Cut` that lies inside the image and its limits, or with an error that says
which status the standard names for it. Nothing is decoded here.
"""

import math
import re
from dataclasses import dataclass

from hmi.pictures.renditions import Window

LONGEST = 80  # characters of one parameter
LARGEST_PX = 2048  # longest side of what is given out

QUALITIES = ("default", "color", "gray", "bitonal", "overlay")
FORMATS = ("jpg", "png")

_PIXELS = re.compile(r"(\d+),(\d+),(\d+),(\d+)", re.ASCII)
_DECIMAL = r"(\d+(?:\.\d*)?|\.\d+)"
_PERCENT = re.compile(rf"pct:{_DECIMAL},{_DECIMAL},{_DECIMAL},{_DECIMAL}", re.ASCII)
_SIZE = re.compile(rf"(\^?)(?:(max)|pct:{_DECIMAL}|(!?)(\d*),(\d*))", re.ASCII)
_ROTATION = re.compile(rf"(!?){_DECIMAL}", re.ASCII)


class NotUnderstood(ValueError):
    """The parameters are wrong, or ask for more than the limits: 400."""


class NotOffered(ValueError):
    """The parameters are right and ask for what this server does not do: 501."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What to make of an image: region, then size, then mirror, then turn, then quality and format."""

    window: Window  # in full px
    width: int  # out px, before the turn
    height: int
    mirrored: bool
    turn: int  # degrees clockwise: 0, 90, 180 or 270
    quality: str
    form: str

    @property
    def scale(self) -> float:
        """out px per full px, of the side that is reduced less."""
        return max(self.width / self.window.width, self.height / self.window.height)


def cut_of(image: tuple[int, int], region: str, size: str, rotation: str, name: str) -> Cut:
    """`image` is the size of the whole image. Raises NotUnderstood and NotOffered."""
    if max(map(len, (region, size, rotation, name))) > LONGEST:
        raise NotUnderstood("a parameter is too long")
    quality, form = _name(name)
    mirrored, turn = _rotation(rotation)
    window = _region(region, *image)
    width, height = _size(size, window)
    return Cut(window, width, height, mirrored, turn, quality, form)


def largest(width: int, height: int) -> tuple[int, int]:
    """The size in which a region of this size is given out at most."""
    scale = min(1.0, LARGEST_PX / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _name(text: str) -> tuple[str, str]:
    quality, _, form = text.rpartition(".")
    if quality not in QUALITIES:
        raise NotUnderstood(f"quality must be one of {', '.join(QUALITIES)}")
    if form not in FORMATS:
        raise NotUnderstood(f"format must be one of {', '.join(FORMATS)}")
    return quality, form


def _rotation(text: str) -> tuple[bool, int]:
    found = _ROTATION.fullmatch(text)
    if found is None:
        raise NotUnderstood("rotation must be a number from 0 to 360, with ! before it to mirror")
    degrees = float(found[2])
    if degrees not in (0, 90, 180, 270, 360):
        raise NotUnderstood("rotation must be 0, 90, 180, 270 or 360")
    return bool(found[1]), int(degrees) % 360


def _region(text: str, width: int, height: int) -> Window:
    if text == "full":
        return Window(0, 0, width, height)
    if text == "square":
        side = min(width, height)
        return Window((width - side) // 2, (height - side) // 2, side, side)
    if found := _PIXELS.fullmatch(text):
        left, top, wide, high = map(int, found.groups())
    elif found := _PERCENT.fullmatch(text):
        shares = [float(number) / 100 for number in found.groups()]
        left, top, wide, high = (
            round(min(share, 1e6) * side)
            for share, side in zip(shares, (width, height, width, height), strict=True)
        )
    else:
        raise NotUnderstood("region must be full, square, x,y,w,h or pct:x,y,w,h")
    if not (wide and high) or left >= width or top >= height:
        raise NotUnderstood("the region is empty or lies outside of the image")
    return Window(left, top, min(wide, width - left), min(high, height - top))


def _size(text: str, window: Window) -> tuple[int, int]:
    found = _SIZE.fullmatch(text)
    if found is None:
        raise NotUnderstood("size must be max, w, or ,h or w,h or !w,h or pct:n")
    may_enlarge, maximum, percent, confined, wide, high = found.groups()
    if maximum:
        width, height = _maximum(window, bool(may_enlarge))
    elif percent:
        scale = min(float(percent), 1e6) / 100
        width, height = _rounded(window.width * scale), _rounded(window.height * scale)
    else:
        width, height = _sides(window, wide, high, bool(confined))
    if not (width and height):
        raise NotUnderstood("the size is less than a pixel")
    if width > window.width or height > window.height:
        if may_enlarge:
            raise NotOffered("images are not enlarged")
        raise NotUnderstood("the size is larger than the region")
    if max(width, height) > LARGEST_PX:
        raise NotUnderstood(f"the size is larger than {LARGEST_PX} px")
    return width, height


def _maximum(window: Window, may_enlarge: bool) -> tuple[int, int]:
    if may_enlarge and max(window.width, window.height) < LARGEST_PX:
        raise NotOffered("images are not enlarged")
    return largest(window.width, window.height)


def _sides(window: Window, wide: str, high: str, confined: bool) -> tuple[int, int]:
    if confined and not (wide and high):
        raise NotUnderstood("size must name both sides after !")
    if wide and high and not confined:
        return int(wide), int(high)
    scales = [int(side) / length for side, length in ((wide, window.width), (high, window.height)) if side]
    if not scales:
        raise NotUnderstood("size must name a side")
    scale = min(min(scales), 1e6)
    if confined and scale <= 1:
        scale = min(scale, LARGEST_PX / max(window.width, window.height))
    return (
        int(wide) if wide and not confined else _rounded(window.width * scale),
        int(high) if high and not confined else _rounded(window.height * scale),
    )


def _rounded(length: float) -> int:
    return math.floor(length + 0.5)
