"""Markers over a picture; how each looks is in `marks`.

Planes: full px are pixels of the full image; out px are pixels of the picture that is drawn on.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from PIL import Image, ImageDraw

from hmi.pictures.marks import BLUE, COLOURED, SIDE_PX, WHITE, look_of, mark, side_px

FRAME_GAP_PX = 5  # between a mark and the frame around it

#: From the most to the least urgent.
URGENCY = {
    look: rank
    for rank, look in enumerate(
        ["fail", "review", "waiting", "accepted", "pass", "unusable", "suppressed", "ignored"]
    )
}


@dataclass(frozen=True, slots=True)
class Marker:
    """A defect to draw: its box in full px, and the word for its state.

    Numbers may be None, NaN or infinite: such a defect cannot be drawn and is passed over.
    """

    x: float | None
    y: float | None
    width: float | None
    height: float | None
    state: str


class View(NamedTuple):
    """Which part of the full image a picture shows: full px of its corner, out px per full px."""

    left: float
    top: float
    scale_x: float
    scale_y: float


class Overlaid(NamedTuple):
    picture: Image.Image  # RGB if a colour was drawn, else as it came
    left_out: int  # markers that lie in the picture and were too many
    drawn: int


class _Placed(NamedTuple):
    urgency: int
    smallness: float
    look: str
    box_px: float
    x: float
    y: float


def overlay(
    picture: Image.Image, markers: Iterable[Marker], view: View, limit: int, least_px: int = SIDE_PX
) -> Overlaid:
    """Draw the `limit` most urgent markers on a copy of `picture` (L or RGB), the most urgent on top."""
    placed = sorted(filter(None, (_place(marker, picture, view) for marker in markers)))
    drawn = placed[:limit]
    in_colour = any(placement.look in COLOURED for placement in drawn)
    result = picture.convert("RGB") if in_colour else picture.copy()
    for placement in reversed(drawn):
        side = side_px(min(placement.box_px, *picture.size), least_px)
        colour, cover = mark(placement.look, side, result.mode)
        corner = (round(placement.x - side / 2), round(placement.y - side / 2))
        result.paste(colour, corner, cover)
    return Overlaid(result, len(placed) - len(drawn), len(drawn))


def framed(picture: Image.Image, marker: Marker, view: View, least_px: int) -> Image.Image:
    """A copy with a frame around the mark of this one, in the colour of what is selected."""
    placed = _place(marker, picture, view)
    if placed is None:
        return picture
    result = picture.convert("RGB")
    half = side_px(min(placed.box_px, *picture.size), least_px) / 2 + FRAME_GAP_PX
    for out_px, colour, width in ((2, WHITE, 6), (0, BLUE, 3)):
        reach = half + out_px
        box = (placed.x - reach, placed.y - reach, placed.x + reach, placed.y + reach)
        ImageDraw.Draw(result).rectangle(box, outline=colour, width=width)
    return result


def _place(marker: Marker, picture: Image.Image, view: View) -> _Placed | None:
    """Where a marker goes: the middle of what the picture shows of its box; None if nothing."""
    if marker.x is None or marker.y is None or marker.width is None or marker.height is None:
        return None
    x = _middle(marker.x, marker.width, view.left, view.scale_x, picture.width)
    y = _middle(marker.y, marker.height, view.top, view.scale_y, picture.height)
    if x is None or y is None:
        return None
    look = look_of(marker.state)
    box_px = max(marker.width * view.scale_x, marker.height * view.scale_y)
    return _Placed(URGENCY[look], -box_px, look, box_px, x, y)


def _middle(first: float, length: float, origin: float, scale: float, out_length: int) -> float | None:
    """In out px, of the visible part of a span; None if none of it is visible or it is no span."""
    low = (first - origin) * scale
    high = (first + length - origin) * scale
    if not (math.isfinite(low) and math.isfinite(high)) or length <= 0 or high <= 0 or low >= out_length:
        return None
    return (max(low, 0) + min(high, out_length)) / 2
