"""Whole images, decoded once for all the pieces of them that are asked for within a short time.

An image is held in levels: the whole of it, reduced by 1, 2, 4 or 8. A page asks for most of them, so a grey
image is decoded once for all: half of what it costs level by level. A JPEG in colours, which takes four times
the memory, is decoded level by level, as they are asked for, straight in the reduced size.
"""

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from hmi.iiif_settings import Iiif
from hmi.pictures.darkroom import Darkroom
from hmi.pictures.decode import FACTORS, Look, Picture
from hmi.pictures.shelf import Shelf
from hmi.pictures.unavailable import EXPECTED, PictureUnavailable, why_unavailable
from hmi.plant.files import ImageFiles, PathRefused, Stamp
from hmi.plant.files.lanes import Lanes

LARGE = 2  # so many pieces that are larger than a tile are made at a time: each takes some megabytes
FRESH_S = 1.0  # so long a file that was looked at counts as unchanged
MEGABYTE = 1_000_000
MOST_FLIGHTS = 100
_SMALL = 1000  # bytes that a note takes, roughly

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Plate:
    """One content of one image file."""

    path: str
    stamp: Stamp
    look: Look


class Plates:
    """Safe to use from many threads. Calls raise PictureUnavailable, after `wait_s` at the latest."""

    def __init__(self, files: ImageFiles, darkroom: Darkroom, lanes: Lanes, settings: Iiif) -> None:
        self._files = files
        self._darkroom = darkroom
        self._lanes = lanes
        self._shelf = Shelf(int(settings.keep_mb * MEGABYTE), settings.keep_s)
        self._lock = threading.RLock()
        self._developing = threading.Lock()  # one at a time: else each would make room for itself alone
        self.large = threading.BoundedSemaphore(LARGE)
        self._flights: dict[Hashable, Future[object]] = {}

    def at_hand(self, path: str, version: str) -> Plate | None:
        """The plate of this version, or of the file as it is now where that is ''; None: look for it."""
        noted = self._shelf.get(path)
        if noted is None:
            return None
        plate, seen_s = noted
        if version:
            return plate if plate.stamp.text == version else None
        return plate if time.monotonic() - seen_s < FRESH_S else None

    def find(self, path: str, wait_s: float) -> Plate:
        """The plate of the file as it is now."""
        return self._wait(path, ("plate", path), partial(self._find, path), wait_s)

    def level_at_hand(self, plate: Plate, factor: int) -> Picture | None:
        """The picture is shared: never draw on it."""
        found: Picture | None = self._shelf.get((plate.path, plate.stamp, factor))
        return found

    def level(self, plate: Plate, factor: int, wait_s: float) -> Picture:
        """The whole image reduced by one of FACTORS; decoded by the first who asks, shared by all."""
        found = self.level_at_hand(plate, factor)
        if found is not None:
            return found
        key = (plate.path, plate.stamp, factor)
        return self._wait(plate.path, key, partial(self._develop, plate, factor), wait_s)

    def piece(self, plate: Plate, name: Hashable) -> bytes | None:
        """What `keep_piece` was given under this name."""
        found: bytes | None = self._shelf.get((plate.path, plate.stamp, name))
        return found

    def keep_piece(self, plate: Plate, name: Hashable, data: bytes) -> None:
        self._shelf.put((plate.path, plate.stamp, name), data, len(data))

    def close(self) -> None:
        self._shelf.close()

    def _find(self, path: str) -> Plate:
        stamp = self._files.stamp(path)
        noted = self._shelf.get(path)
        if noted is not None and noted[0].stamp == stamp:
            return self._noted(noted[0])
        content = self._files.read(path)
        plate = Plate(path, content.stamp, self._darkroom.look(content.data))
        self._shelf.put((path, content.stamp, "content"), content.data, len(content.data))
        return self._noted(plate)

    def _noted(self, plate: Plate) -> Plate:
        self._shelf.put(plate.path, (plate, time.monotonic()), _SMALL)
        return plate

    def _develop(self, plate: Plate, factor: int) -> Picture:
        found = self.level_at_hand(plate, factor)  # by a flight that landed while this one was begun
        if found is not None:
            return found
        data = self._content(plate)
        with self._developing:
            self._shelf.make_room(plate.look.bytes_of(factor if plate.look.in_steps else 1))
            levels = self._darkroom.levels(data, factor)
            # The finest first, what was asked for last: so they go when there is no room.
            for made in sorted(levels, key=lambda one: (one == factor, one)):
                self._shelf.put((plate.path, plate.stamp, made), levels[made], plate.look.bytes_of(made))
        return levels[factor]

    def _content(self, plate: Plate) -> bytes:
        """The bytes of the file. Raises PictureUnavailable if another content took its place."""
        kept: bytes | None = self._shelf.get((plate.path, plate.stamp, "content"))
        if kept is not None:
            return kept
        content = self._files.read(plate.path)
        if content.stamp != plate.stamp:
            raise PictureUnavailable("waiting", "the file was just replaced")
        return content.data

    def _wait(self, path: str, key: Hashable, call: Callable[[], Result], wait_s: float) -> Result:
        try:
            future = self._flight(path, key, call)
        except PathRefused as error:
            raise why_unavailable(error, path) from None
        try:
            return future.result(wait_s)
        except (TimeoutError, CancelledError):
            raise PictureUnavailable("waiting", "the picture is still being made") from None
        except EXPECTED as error:
            raise why_unavailable(error, path) from None
        finally:
            del future  # else it and its error keep each other alive

    def _flight(self, path: str, key: Hashable, call: Callable[[], Result]) -> Future[Result]:
        """Raises PathRefused, and PictureUnavailable when too much is in the air."""
        lane = self._files.lane(path)
        with self._lock:
            future = self._flights.get(key)
            if future is None:
                if len(self._flights) >= MOST_FLIGHTS:
                    raise PictureUnavailable("waiting", "too many pictures are being made")
                try:
                    future = self._flights[key] = self._lanes.submit(lane, call, urgent=True)
                except CancelledError:
                    raise PictureUnavailable("waiting", "the server is closing") from None
                future.add_done_callback(lambda _: self._flights.pop(key, None))
            return future  # type: ignore[return-value]


def factor_for(scale: float) -> int:
    """The largest of FACTORS whose level is at least as fine as `scale`, out px per full px."""
    return max(factor for factor in FACTORS if factor * scale <= 1.000001 or factor == 1)
