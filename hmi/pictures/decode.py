"""From the bytes of an image file to what is shown of it.

The format is told by content, never by name; the size is checked in the header, before anything is decoded.
What is shown is 8-bit grey or RGB on the raw pixel grid: orientation tags are ignored, since defects are
measured on that grid, and transparency is dropped. Grey of 16 bits is shown by its upper 8 bits in use: a
picture with values up to 1023, 4095 or 65535 counts as one of 10, 12 or 16 bits. No metadata goes further.
"""

import io
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from PIL import BmpImagePlugin, Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin

from hmi.pictures.contents import PictureIncomplete, PictureRefused, format_of
from hmi.pictures.renditions import CROP_PX, Box, Window, window_around
from hmi.settings import Storage

Picture = Image.Image

_PLUGINS = (BmpImagePlugin, JpegImagePlugin, PngImagePlugin, TiffImagePlugin)  # imported to be registered
_SHOWN_AS = dict.fromkeys(["1", "L", "LA"], "L") | dict.fromkeys(
    ["RGB", "RGBA", "RGBX", "P", "PA", "CMYK", "YCbCr", "LAB", "HSV"], "RGB"
)
_DEEP_GREY = frozenset({"I;16", "I;16B", "I;16L", "I;16N"})
_STRIP_ROWS = 256
#: By which whole images are reduced to be cut into pieces.
FACTORS = (1, 2, 4, 8)

warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


@dataclass(frozen=True, slots=True)
class Small:
    """A whole image, reduced to the size of a tile. The picture is shared: never draw on it."""

    picture: Picture
    width: int  # of the full image, px
    height: int


@dataclass(frozen=True, slots=True)
class Crop:
    """A part of an image, each full px as `scale` x `scale` out px."""

    picture: Picture
    window: Window
    scale: int


@dataclass(frozen=True, slots=True)
class Look:
    """What the header of an image says."""

    width: int  # px
    height: int
    is_coloured: bool
    in_steps: bool  # each level is decoded for itself, straight in its size: the whole would take too much

    def size(self, factor: int) -> tuple[int, int]:
        """Of the whole image, reduced by one of FACTORS."""
        return -(-self.width // factor), -(-self.height // factor)

    def bytes_of(self, factor: int) -> int:
        """What a decoded level takes in memory."""
        width, height = self.size(factor)
        return width * height * (4 if self.is_coloured else 1)


class Decoder:
    """All raise PictureIncomplete (another look may find the file whole) or PictureRefused (never shown)."""

    def __init__(self, storage: Storage) -> None:
        self._formats = storage.formats
        self._most_px = storage.max_mpx * 1_000_000
        self._side_px = storage.thumbnail_px
        self._whole = threading.Lock()  # one whole decode at a time: each takes the memory of all pixels

    def small(self, data: bytes) -> Small:
        with self._opened(data) as picture:
            width, height = picture.size
            target = fitted(width, height, self._side_px)
            if picture.draft(picture.mode, target):
                return Small(_bare(_reduced(picture, target)), width, height)
            with self._whole:
                return Small(_bare(_reduced(picture, target)), width, height)

    def crop(self, data: bytes, box: Box) -> Crop:
        """The surroundings of a defect, 1:1; a smaller image is enlarged by a whole number."""
        with self._opened(data) as picture, self._whole:
            window = window_around(box, *picture.size)
            corners = (window.left, window.top, window.left + window.width, window.top + window.height)
            part = _toner(picture)(picture.crop(corners))
        scale = max(1, CROP_PX // max(part.size))
        if scale > 1:
            part = part.resize((part.width * scale, part.height * scale), Image.Resampling.NEAREST)
        return Crop(_bare(part), window, scale)

    def look(self, data: bytes) -> Look:
        with self._opened(data) as picture:
            return _look(picture)

    def levels(self, data: bytes, factor: int) -> dict[int, Picture]:
        """The whole image reduced by `factor`, by that factor; and by others, where they cost nothing more.

        The pixels of a level depend on the file alone, not on what was asked for before.
        """
        with self._opened(data) as picture, self._whole:
            look = _look(picture)
            if look.in_steps:
                return {factor: _bare(_in_steps(picture, look, factor))}
            levels = {1: _bare(_whole(picture))}
        for coarser in FACTORS[1:]:
            levels[coarser] = levels[coarser // 2].reduce(2)
        return levels

    @contextmanager
    def _opened(self, data: bytes) -> Iterator[Picture]:
        form = format_of(data, self._formats)
        with _told_apart(), Image.open(io.BytesIO(data), formats=[form]) as picture:
            if picture.width * picture.height > self._most_px:
                raise PictureRefused(f"too large: {picture.width} × {picture.height} px")
            yield picture


def fitted(width: int, height: int, side_px: int) -> tuple[int, int]:
    """The size of an image when its longer side is at most `side_px`; never larger than it is."""
    scale = min(1.0, side_px / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


@contextmanager
def _told_apart() -> Iterator[None]:
    """Pillow raises whatever comes to hand on a broken file."""
    try:
        yield
    except (PictureIncomplete, PictureRefused, MemoryError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureRefused("too large") from error
    except Exception as error:
        raise PictureIncomplete("the picture is incomplete or broken") from error


def _reduced(picture: Picture, target: tuple[int, int]) -> Picture:
    """`picture` in the size `target`, strip by strip: no second whole copy is ever made."""
    tone = _toner(picture)
    factor = max(1, min(picture.width // target[0], picture.height // target[1]))
    if factor == 1:
        return tone(picture).resize(target, Image.Resampling.HAMMING)
    rows = factor * max(1, _STRIP_ROWS // factor)
    strips = [tone(strip).reduce(factor) for strip in _strips(picture, rows)]
    whole = Image.new(strips[0].mode, (strips[0].width, sum(strip.height for strip in strips)))
    for number, strip in enumerate(strips):
        whole.paste(strip, (0, number * rows // factor))
    return whole.resize(target, Image.Resampling.HAMMING)


def _look(picture: Picture) -> Look:
    is_grey = picture.mode in _DEEP_GREY or _SHOWN_AS.get(picture.mode) == "L"
    return Look(*picture.size, not is_grey, picture.format == "JPEG" and not is_grey)


def _in_steps(picture: Picture, look: Look, factor: int) -> Picture:
    if factor > 1:
        picture.draft(picture.mode, (max(1, look.width // factor), max(1, look.height // factor)))
    whole = _whole(picture)
    if whole.size == look.size(factor):
        return whole
    return whole.resize(look.size(factor), Image.Resampling.BOX)  # an image smaller than one step


def _whole(picture: Picture) -> Picture:
    """All of the picture, as it is shown; no second copy of it is made where it is shown as it is."""
    tone = _toner(picture)
    if picture.mode not in _DEEP_GREY:
        return picture if _SHOWN_AS[picture.mode] == picture.mode else tone(picture)
    whole = Image.new("L", picture.size)
    for number, strip in enumerate(_strips(picture, _STRIP_ROWS)):
        whole.paste(tone(strip), (0, number * _STRIP_ROWS))
    return whole


def _bare(picture: Picture) -> Picture:
    """Without profiles, comments and the like, which Pillow would write into the next file."""
    picture.info = {}
    return picture


def _strips(picture: Picture, rows: int) -> Iterator[Picture]:
    for top in range(0, picture.height, rows):
        yield picture.crop((0, top, picture.width, min(top + rows, picture.height)))


def _toner(picture: Picture) -> Callable[[Picture], Picture]:
    """What turns a part of this picture into 8-bit grey or RGB. Decodes it."""
    picture.load()
    if picture.mode in _DEEP_GREY:
        brightest = max(int(np.asarray(strip).max()) for strip in _strips(picture, _STRIP_ROWS))
        shift = next(bits for bits in (10, 12, 16) if brightest < 1 << bits) - 8
        return lambda part: Image.fromarray((np.asarray(part) >> shift).astype(np.uint8))
    shown_as = _SHOWN_AS.get(picture.mode)
    if shown_as is None:
        raise PictureRefused(f"pixels of the kind {picture.mode} cannot be shown")
    return lambda part: part.convert(shown_as)
