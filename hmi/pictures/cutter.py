"""Pieces of whole images as files, within the bounds of threads and time."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from hmi.pictures.captions import Caption, captioned
from hmi.pictures.decode import Picture
from hmi.pictures.iiif.cutting import cut_out, encoded
from hmi.pictures.iiif.parameters import Cut
from hmi.pictures.overlay import Marker
from hmi.pictures.plates import Plate, Plates, factor_for
from hmi.pictures.unavailable import PictureUnavailable
from hmi.settings import Settings

PLACE_S, PATIENCE_S = 0.2, 1.0
SMALL_PX = 512 * 512  # a tile; one whose level is at hand is made at once, all else needs a place


class Cutter:
    """Safe to use from many threads. `places` are those for threads that wait: polls need the others."""

    def __init__(self, plates: Plates, places: BoundedSemaphore, settings: Settings) -> None:
        self._plates = plates
        self._places = places
        self._jpeg_quality = settings.iiif.jpeg_quality
        self._most_markers = settings.storage.overlay_markers

    def plate_at_hand(self, path: str, version: str) -> Plate | None:
        """The image in this version of its file ('': as it is now) if that is known without a look at it."""
        return self._plates.at_hand(path, version)

    def plate(self, path: str, version: str) -> Plate:
        """The image as it is in its file now, which may be another version. Raises PictureUnavailable."""
        plate = self._plates.at_hand(path, version)
        if plate is not None:
            return plate
        with _place(self._places, PLACE_S):
            return self._plates.find(path, PATIENCE_S)

    def tile_at_hand(self, plate: Plate, cut: Cut) -> bytes | None:
        """A small piece without markers, if nothing has to be read or decoded for it."""
        if not _is_small(cut):
            return None
        kept = self._plates.piece(plate, cut)
        if kept is None:
            level = self._plates.level_at_hand(plate, factor_for(cut.scale))
            if level is not None:
                kept = self._made(level, cut)
                self._plates.keep_piece(plate, cut, kept)
        return kept

    def tile(self, plate: Plate, cut: Cut) -> bytes:
        """A piece without markers; a small one is kept for the next who asks. Raises PictureUnavailable."""
        found = self.tile_at_hand(plate, cut)
        if found is None:
            found = self.drawn(plate, cut)
            if _is_small(cut):
                self._plates.keep_piece(plate, cut, found)
        return found

    def drawn(
        self, plate: Plate, cut: Cut, markers: Iterable[Marker] = (), caption: Caption | None = None
    ) -> bytes:
        """The piece with its markers, and the caption below it if there is one.

        Raises PictureUnavailable if it cannot be made in time.
        """
        factor = factor_for(cut.scale)
        if not _is_small(cut):
            with _place(self._places, PLACE_S), _place(self._plates.large, PATIENCE_S):
                return self._made(self._plates.level(plate, factor, PATIENCE_S), cut, markers, caption)
        level = self._plates.level_at_hand(plate, factor)
        if level is not None:
            return self._made(level, cut, markers, caption)
        with _place(self._places, PLACE_S):
            return self._made(self._plates.level(plate, factor, PATIENCE_S), cut, markers, caption)

    def _made(
        self, level: Picture, cut: Cut, markers: Iterable[Marker] = (), caption: Caption | None = None
    ) -> bytes:
        piece = cut_out(level, factor_for(cut.scale), cut, markers, self._most_markers)
        if caption is not None:
            piece = captioned(piece, caption)
        return encoded(piece, cut.form, self._jpeg_quality)


def _is_small(cut: Cut) -> bool:
    return cut.width * cut.height <= SMALL_PX


@contextmanager
def _place(places: BoundedSemaphore, wait_s: float) -> Iterator[None]:
    """Only so many at a time."""
    if not places.acquire(timeout=wait_s):
        raise PictureUnavailable("waiting", "too many pictures are being waited for")
    try:
        yield
    finally:
        places.release()
