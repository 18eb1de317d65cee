"""From a decoded level of an image to the bytes of the piece that was asked for."""

import io
from collections.abc import Iterable

from PIL import Image

from hmi.pictures.decode import Picture
from hmi.pictures.iiif.parameters import Cut
from hmi.pictures.overlay import Marker, View, overlay
from hmi.pictures.renditions import Window

_TURNS = {
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}
_BLACK_BELOW = 128


def cut_out(level: Picture, factor: int, cut: Cut, markers: Iterable[Marker], most_markers: int) -> Picture:
    """`level` is the whole image, reduced by `factor`. The result shares nothing with it."""
    piece = _scaled(level, factor, cut.window, (cut.width, cut.height))
    if cut.quality == "overlay":
        window = cut.window
        view = View(window.left, window.top, cut.width / window.width, cut.height / window.height)
        piece = overlay(piece, markers, view, most_markers).picture
    if cut.mirrored:
        piece = piece.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if cut.turn:
        piece = piece.transpose(_TURNS[cut.turn])
    if cut.quality in ("gray", "bitonal"):
        piece = piece.convert("L")
    if cut.quality == "bitonal":
        piece = piece.point([0] * _BLACK_BELOW + [255] * (256 - _BLACK_BELOW))
    return piece


def encoded(picture: Picture, form: str, jpeg_quality: int) -> bytes:
    target = io.BytesIO()
    if form == "png":
        picture.save(target, "PNG", compress_level=1)
    else:
        picture.save(target, "JPEG", quality=jpeg_quality, subsampling="4:4:4")
    return target.getvalue()


def _scaled(level: Picture, factor: int, window: Window, size: tuple[int, int]) -> Picture:
    left, top = window.left / factor, window.top / factor
    right = min((window.left + window.width) / factor, level.width)
    bottom = min((window.top + window.height) / factor, level.height)
    if _is_as_it_stands(factor, window, size):
        corner = (window.left // factor, window.top // factor)
        return level.crop((*corner, corner[0] + size[0], corner[1] + size[1]))
    return level.resize(size, Image.Resampling.HAMMING, box=(left, top, right, bottom), reducing_gap=2.0)


def _is_as_it_stands(factor: int, window: Window, size: tuple[int, int]) -> bool:
    """Whether the piece is made of whole pixels of the level: every tile that the information names is."""
    begins_whole = not (window.left % factor or window.top % factor)
    return begins_whole and size == (-(-window.width // factor), -(-window.height // factor))
