"""All pictures of images: from the cache, or made once for everyone who asks; and the watch for new files."""

import io
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from cachetools import TTLCache
from PIL import Image

from hmi.iiif_settings import Iiif
from hmi.pictures.arrivals import Arrivals
from hmi.pictures.contents import PictureIncomplete, PictureRefused
from hmi.pictures.darkroom import Darkroom
from hmi.pictures.decode import fitted
from hmi.pictures.disk import DiskCache, Kept
from hmi.pictures.marks import CROP_SIDE_PX
from hmi.pictures.overlay import Marker, View, framed, overlay
from hmi.pictures.plates import Plates
from hmi.pictures.renditions import SMALL_PX, Box, Drawing, Rendition
from hmi.pictures.unavailable import EXPECTED, PictureUnavailable, why_unavailable
from hmi.pictures.watches import FileSeen, Finding, Pace, Watch
from hmi.plant.files import (
    FileAbsent,
    FileBusy,
    FileTooLarge,
    ImageFiles,
    PathRefused,
    PlaceUnreachable,
    Stamp,
)
from hmi.plant.files.lanes import Lanes
from hmi.settings import Storage

__all__ = ["Gallery", "PictureUnavailable"]

log = logging.getLogger(__name__)

MEGABYTE = 1_000_000
MOST_FLIGHTS = 500
STAMPS_REMEMBERED = 5000
RECENT_BYTES, RECENT_S = 8 * MEGABYTE, 20.0  # kept in memory: all kiosks ask for a new picture at once


class _Flight(NamedTuple):
    """A picture that is being made."""

    future: Future[bytes]
    urgent: bool


class Gallery:
    """Safe to use from many threads. Nothing runs before the first picture is asked for or watched.

    `on_seen` is called, on some thread, whenever `seen` has something new.
    """

    def __init__(self, files: ImageFiles, storage: Storage, pace: Pace | None = None) -> None:
        self._files = files
        self._storage = storage
        self._darkroom = Darkroom(files, storage)
        self._cache = DiskCache(
            Path(storage.cache_folder) / "pictures",
            int(storage.cache_size_mb * MEGABYTE) if storage.cache_enabled else 0,
            storage.cache_ttl_seconds,
        )
        self._lanes = Lanes(len(storage.roots), storage.workers, "pictures")
        self._arrivals = Arrivals(self._look, self._lanes, pace or Pace())
        self._lock = threading.RLock()
        self._flights: dict[Rendition, _Flight] = {}
        self._stamps: OrderedDict[str, str] = OrderedDict()
        recent_s = min(RECENT_S, storage.cache_ttl_seconds)
        recent_bytes = RECENT_BYTES if storage.cache_enabled else 0
        self._recent: TTLCache[Rendition, Kept] = TTLCache(recent_bytes, recent_s, getsizeof=_size)
        self._plates: list[Plates] = []

    @property
    def on_seen(self) -> Callable[[], None]:
        return self._arrivals.on_seen

    @on_seen.setter
    def on_seen(self, call: Callable[[], None]) -> None:
        self._arrivals.on_seen = call

    @property
    def cache_trouble(self) -> str:
        """Why nothing can be kept on disk; empty while all is well. Pictures are shown all the same."""
        return self._cache.trouble

    @property
    def cached_at(self) -> datetime | None:
        """When a picture was kept on disk last; None: never since the start."""
        return self._cache.kept_at

    def cached(self, rendition: Rendition) -> bytes | None:
        """The JPEG if it is in the cache and not known to be of an older file. Never waits for a source."""
        with self._lock:
            kept = self._recent.get(rendition)
        if kept is None:
            kept = self._cache.get(str(rendition))
            self._note(rendition, kept)
        if kept is None or self._stamps.get(rendition.image, kept.stamp) != kept.stamp:
            return None
        return kept.data

    def _note(self, rendition: Rendition, kept: Kept | None) -> None:
        if kept is not None and len(kept.data) <= self._recent.maxsize:
            with self._lock:
                self._recent[rendition] = kept

    def render(self, rendition: Rendition, drawing: Drawing, wait_s: float | None = None) -> bytes:
        """The JPEG, of the file as it is now; many who ask for the same share one read and one decode.

        Waits for `wait_s`, by default `storage.deadline_s`; the picture is made even if nobody waits any
        more. Raises PictureUnavailable, and ValueError for a crop without its box or the reverse.
        """
        _check_fit(rendition, drawing)
        try:
            future = self._flight(rendition, drawing, urgent=True)
        except PathRefused as error:
            raise why_unavailable(error, drawing.path) from None
        try:
            return future.result(self._storage.deadline_s if wait_s is None else wait_s)
        except (TimeoutError, CancelledError):
            raise PictureUnavailable("waiting", "the picture is still being made") from None
        except EXPECTED as error:
            hoped_for = self._arrivals.is_hoped_for(rendition.image)
            raise why_unavailable(error, drawing.path, hoped_for) from None
        finally:
            del future  # else it and its error keep each other alive

    def prepare(self, rendition: Rendition, drawing: Drawing) -> None:
        """Make a picture for the cache soon, unless too much is being made already. Returns at once."""
        _check_fit(rendition, drawing)
        try:
            self._flight(rendition, drawing, urgent=False).add_done_callback(_log_the_unexpected)
        except (PathRefused, PictureUnavailable):
            log.debug("%s is not prepared", rendition)

    def watch(self, image: str, path: str) -> None:
        """Look for the file of an image until `unwatch`; `seen` tells what became of it."""
        try:
            lane = self._files.lane(path)
        except PathRefused:
            self._arrivals.remove(image)
            self._arrivals.tell(FileSeen(image, "refused"))
            return
        self._arrivals.add(image, path, lane)

    def unwatch(self, image: str) -> None:
        self._arrivals.remove(image)

    def seen(self) -> list[FileSeen]:
        """What became of watched files since the last call; of each image only the latest."""
        return self._arrivals.news()

    def plates(self, settings: Iiif) -> Plates:
        """Whole images to cut pieces of, by the same threads and limits; closed with the gallery."""
        self._plates.append(Plates(self._files, self._darkroom, self._lanes, settings))
        return self._plates[-1]

    def close(self) -> None:
        self._lanes.close()
        for plates in self._plates:
            plates.close()
        self._arrivals.close()

    def _flight(self, rendition: Rendition, drawing: Drawing, *, urgent: bool) -> Future[bytes]:
        """Raises PathRefused, and PictureUnavailable when too many are in the air or all is closed."""
        lane = self._files.lane(drawing.path)
        with self._lock:
            flight = self._flights.get(rendition)
            if flight is not None and (flight.urgent or not urgent or not flight.future.cancel()):
                return flight.future
            if len(self._flights) >= MOST_FLIGHTS:
                raise PictureUnavailable("waiting", "too many pictures are being made")
            try:
                future = self._lanes.submit(lane, partial(self._make, rendition, drawing), urgent=urgent)
            except CancelledError:
                raise PictureUnavailable("waiting", "the server is closing") from None
            self._flights[rendition] = _Flight(future, urgent)
        future.add_done_callback(partial(self._landed, rendition))
        return future

    def _landed(self, rendition: Rendition, future: Future[bytes]) -> None:
        with self._lock:
            flight = self._flights.get(rendition)
            if flight is not None and flight.future is future:
                del self._flights[rendition]

    def _make(self, rendition: Rendition, drawing: Drawing) -> bytes:
        key = str(rendition)
        kept = self._cache.get(key)
        try:
            stamp = self._files.stamp(drawing.path)
        except PlaceUnreachable:
            if kept is None:
                raise
            return kept.data  # nothing is known that would be newer
        if kept is None or kept.stamp != stamp.text:
            data, stamp = self._draw(rendition, drawing, stamp)
            kept = Kept(data, stamp.text)
            self._cache.put(key, kept)
            self._note(rendition, kept)
        self._remember(rendition.image, stamp)
        return kept.data

    def _draw(self, rendition: Rendition, drawing: Drawing, stamp: Stamp) -> tuple[bytes, Stamp]:
        """The JPEG and the stamp of the content that it shows."""
        if drawing.crop is not None:
            return self._draw_crop(drawing, drawing.crop)
        developed = self._darkroom.small(drawing.path, stamp)
        small = developed.small
        picture = small.picture
        if rendition.name == "small":
            picture = picture.resize(fitted(*picture.size, SMALL_PX), Image.Resampling.HAMMING)
        view = View(0, 0, picture.width / small.width, picture.height / small.height)
        overlaid = overlay(picture, drawing.markers, view, self._storage.overlay_markers)
        return self._encoded(overlaid.picture), developed.stamp

    def _draw_crop(self, drawing: Drawing, box: Box) -> tuple[bytes, Stamp]:
        crop, stamp = self._darkroom.crop(drawing.path, box)
        view = View(crop.window.left, crop.window.top, crop.scale, crop.scale)
        most = self._storage.overlay_markers
        overlaid = overlay(crop.picture, drawing.markers, view, most, CROP_SIDE_PX)
        if overlaid.drawn < 2:
            return self._encoded(overlaid.picture), stamp
        mine = Marker(box.x, box.y, box.width, box.height, state="")
        return self._encoded(framed(overlaid.picture, mine, view, CROP_SIDE_PX)), stamp

    def _encoded(self, drawn: Image.Image) -> bytes:
        target = io.BytesIO()
        drawn.save(target, "JPEG", quality=self._storage.jpeg_quality, subsampling="4:4:4")
        return target.getvalue()

    def _look(self, watch: Watch) -> Finding:
        stamp = None
        try:
            stamp = self._files.stamp(watch.path)
            if watch.whole is not None and watch.whole.stamp == stamp:
                return watch.whole
            is_recent = self._arrivals.is_recent(watch)
            developed = self._darkroom.small(watch.path, stamp, keep=is_recent)
        except FileAbsent:
            return Finding("absent")
        except PlaceUnreachable:
            return Finding("unreachable")
        except FileBusy:
            return Finding("held", stamp)
        except PictureIncomplete:
            return Finding("incomplete", stamp)
        except (PathRefused, FileTooLarge, PictureRefused):
            return Finding("refused", stamp)
        self._remember(watch.image, developed.stamp)
        return Finding("whole", developed.stamp, developed.small.width, developed.small.height)

    def _remember(self, image: str, stamp: Stamp) -> None:
        with self._lock:
            self._stamps[image] = stamp.text
            self._stamps.move_to_end(image)
            if len(self._stamps) > STAMPS_REMEMBERED:
                self._stamps.popitem(last=False)


def _size(kept: Kept) -> int:
    return len(kept.data)


def _check_fit(rendition: Rendition, drawing: Drawing) -> None:
    if rendition.name.startswith("crop-") != (drawing.crop is not None):
        raise ValueError(f"{rendition.name} and its drawing do not fit")


def _log_the_unexpected(future: Future[bytes]) -> None:
    """What is expected is told to the one who asks for the picture."""
    error = None if future.cancelled() else future.exception()
    if error is not None and not isinstance(error, EXPECTED):
        log.error("a picture could not be made", exc_info=error)
