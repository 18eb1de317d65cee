"""Image files read and decoded, once for everyone who wants them at the same time; small ones are kept."""

import threading
from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass

from hmi.pictures.decode import Crop, Decoder, Look, Picture, Small
from hmi.pictures.memory import give_back_large_blocks
from hmi.pictures.renditions import Box
from hmi.plant.files import ImageFiles, Stamp
from hmi.settings import Storage

KEPT_BYTES = 24_000_000
DECODES = 2  # at a time


@dataclass(frozen=True, slots=True)
class Developed:
    small: Small
    stamp: Stamp  # of the content that was decoded


class Darkroom:
    """All calls raise what reading (FileProblem) and decoding (PictureIncomplete, PictureRefused) raise."""

    def __init__(self, files: ImageFiles, storage: Storage, kept_bytes: int = KEPT_BYTES) -> None:
        give_back_large_blocks()
        self._files = files
        self._decoder = Decoder(storage)
        self._decoding = threading.BoundedSemaphore(DECODES)
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Developed] = OrderedDict()
        self._kept_bytes = 0
        self._cap_bytes = kept_bytes
        self._in_hand: dict[str, Future[Developed]] = {}

    def small(self, path: str, stamp: Stamp, *, keep: bool = True) -> Developed:
        """The small picture of the file; from memory if that has this stamp."""
        with self._lock:
            kept = self._kept.get(path)
            if kept is not None and kept.stamp == stamp:
                self._kept.move_to_end(path)
                return kept
            future = self._in_hand.get(path)
            is_mine = future is None
            if future is None:
                future = self._in_hand[path] = Future()
        try:
            if is_mine:
                self._develop(path, future, keep)
            return future.result()
        finally:
            del future  # else its error, whose traceback holds the file's bytes, would keep itself alive

    def crop(self, path: str, box: Box) -> tuple[Crop, Stamp]:
        content = self._files.read(path)
        with self._decoding:
            return self._decoder.crop(content.data, box), content.stamp

    def look(self, data: bytes) -> Look:
        return self._decoder.look(data)

    def levels(self, data: bytes, factor: int) -> dict[int, Picture]:
        with self._decoding:
            return self._decoder.levels(data, factor)

    def _develop(self, path: str, future: Future[Developed], keep: bool) -> None:
        try:
            content = self._files.read(path)
            with self._decoding:
                developed = Developed(self._decoder.small(content.data), content.stamp)
        except BaseException as error:
            self._finish(path)
            future.set_exception(error)
        else:
            self._finish(path, developed if keep else None)
            future.set_result(developed)
        finally:
            del future

    def _finish(self, path: str, developed: Developed | None = None) -> None:
        with self._lock:
            del self._in_hand[path]
            before = self._kept.pop(path, None)
            if before is not None:
                self._kept_bytes -= _bytes_of(before)
            if developed is None:
                return
            self._kept[path] = developed
            self._kept_bytes += _bytes_of(developed)
            while self._kept_bytes > self._cap_bytes:
                _, oldest = self._kept.popitem(last=False)
                self._kept_bytes -= _bytes_of(oldest)


def _bytes_of(developed: Developed) -> int:
    picture = developed.small.picture
    return picture.width * picture.height * (1 if picture.mode == "L" else 4)
