"""How one marker looks: shapes drawn four times as large and reduced, so that their edges are smooth."""

from functools import lru_cache
from typing import NamedTuple

from PIL import Image, ImageDraw

RED, AMBER, VIOLET, BLUE = "#b3001b", "#f5a800", "#5b4b8a", "#0b5cad"
WHITE, GREY, DARK = "#ffffff", "#a8a8a8", "#1c1c1c"

COLOURED = frozenset({"fail", "review", "waiting"})
QUIET = frozenset({"accepted", "pass", "unusable", "suppressed", "ignored"})
#: A tile is shown at three fifths of its size, on a screen of 768 lines at three eighths: 15 px there.
SIDE_PX = 40
#: In a crop at 1:1, where a mark as large would cover the neighbours of a cluster.
CROP_SIDE_PX = 24
LARGEST_PX = 160
_FINE = 4  # fine px per out px


class Mark(NamedTuple):
    """A picture of a marker and where it covers what is below; both square, of the same size."""

    colour: Image.Image
    cover: Image.Image


def look_of(state: str) -> str:
    """The state that a state is drawn as; what is not known is drawn as not judged."""
    return state if state in QUIET or state in COLOURED else "waiting"


def side_px(box_px: float, least_px: int = SIDE_PX) -> int:
    """Side of the mark in out px: fixed, but larger where the defect itself would fill it."""
    if box_px <= least_px - 12:
        return least_px
    return min(4 * round((box_px + 12) / 4), LARGEST_PX)


@lru_cache(maxsize=64)
def mark(look: str, side: int, mode: str) -> Mark:
    """The mark of a look, `side` out px wide, for a picture of mode L or RGB."""
    fine = Image.new("RGBA", (side * _FINE, side * _FINE), (0, 0, 0, 0))
    _SHAPES[look](_Pen(fine))
    drawn = fine.resize((side, side), Image.Resampling.BOX)
    return Mark(drawn.convert(mode), drawn.getchannel("A"))


class _Pen:
    """Draws lines with an edge; all measures in out px, from the outside of the mark inwards."""

    def __init__(self, fine: Image.Image) -> None:
        self._draw = ImageDraw.Draw(fine)
        self.side = fine.width / _FINE

    def square(self, colour: str, edge: str) -> None:
        self._draw.rectangle(self._box(0), outline=edge, width=7 * _FINE)
        self._draw.rectangle(self._box(1.5), outline=colour, width=4 * _FINE)

    def corner(self, colour: str, edge: str) -> None:
        """Fills a corner of the square; the edge is drawn only where it borders on the inside."""
        far, length = self.side - 1.5 - 1 / _FINE, 18
        self._polygon([(far - length, 1.5), (far, 1.5), (far, 1.5 + length)], colour)
        near = far - length
        self._polygon([(near + 3, 5.5), (near + 5, 5.5), (far - 4, length - 4), (far - 4, length - 2)], edge)

    def circle(self, colour: str, edge: str, width: float = 4) -> None:
        self._draw.ellipse(self._box(0), outline=edge, width=round((width + 3) * _FINE))
        self._draw.ellipse(self._box(1.5), outline=colour, width=round(width * _FINE))

    def broken_circle(self, colour: str, edge: str) -> None:
        for start in range(0, 360, 60):
            self._draw.arc(self._box(0), start - 4, start + 40, fill=edge, width=7 * _FINE)
            self._draw.arc(self._box(1.5), start, start + 36, fill=colour, width=4 * _FINE)

    def tick(self, colour: str, edge: str) -> None:
        self._line([(0.3, 0.52), (0.45, 0.67), (0.7, 0.36)], colour, edge)

    def stroke(self, colour: str, edge: str) -> None:
        self._line([(0.28, 0.72), (0.72, 0.28)], colour, edge)

    def _polygon(self, points: list[tuple[float, float]], fill: str) -> None:
        self._draw.polygon([(x * _FINE, y * _FINE) for x, y in points], fill=fill)

    def _line(self, points: list[tuple[float, float]], colour: str, edge: str) -> None:
        fine = [(x * self.side * _FINE, y * self.side * _FINE) for x, y in points]
        self._draw.line(fine, fill=edge, width=round(5 * _FINE), joint="curve")
        self._draw.line(fine, fill=colour, width=round(2.5 * _FINE), joint="curve")

    def _box(self, inset: float) -> tuple[float, float, float, float]:
        low, high = inset * _FINE, (self.side - inset) * _FINE - 1
        return low, low, high, high


def _fail(pen: _Pen) -> None:
    pen.square(RED, WHITE)
    pen.corner(RED, WHITE)


def _accepted(pen: _Pen) -> None:
    pen.circle(WHITE, DARK, 2.5)
    pen.tick(WHITE, DARK)


def _suppressed(pen: _Pen) -> None:
    pen.circle(GREY, DARK, 2.5)
    pen.stroke(GREY, DARK)


_SHAPES = {
    "fail": _fail,
    "review": lambda pen: pen.circle(AMBER, DARK),
    "waiting": lambda pen: pen.broken_circle(VIOLET, WHITE),
    "accepted": _accepted,
    "pass": lambda pen: pen.circle(WHITE, DARK, 2.5),
    "unusable": lambda pen: pen.circle(GREY, DARK, 2.5),
    "suppressed": _suppressed,
    "ignored": lambda pen: pen.circle(GREY, DARK, 2.5),
}
