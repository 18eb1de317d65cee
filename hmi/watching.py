"""Whose files the worker watches: those that are waited for, and the newest of those that are there."""

from collections.abc import Iterable

from hmi.pictures.gallery import Gallery
from hmi.pictures.watches import FileSeen
from hmi.store.runs import Image, Key, key_of, reference

WHOLE = 500  # so many whole files are looked at again, in case they are replaced
AWAITED = 20_000  # so many that did not come are looked for: a share may be away for a day, and not for ever


class Watching:
    """Of one worker; the oldest are let go."""

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery
        self._whole: dict[Key, None] = {}
        self._awaited: dict[Key, None] = {}

    def add(self, images: Iterable[Image]) -> None:
        """One whose file came already, because its row was deleted and inserted again, is looked at anew."""
        for image in images:
            if image.path:
                if image.key in self._whole:
                    self._gallery.unwatch(reference(image.key))
                self._gallery.watch(reference(image.key), image.path)
                self._whole.pop(image.key, None)
                self._awaited[image.key] = None
        self._let_go(self._whole, WHOLE)
        self._let_go(self._awaited, AWAITED)

    def note(self, seen: Iterable[FileSeen]) -> None:
        """What became of their files."""
        for file in seen:
            key = key_of(file.image)
            if file.state == "whole" and key in self._awaited:
                del self._awaited[key]
                self._whole[key] = None

    def close(self) -> None:
        """The next worker watches the files that are still of interest, and is told of them anew."""
        for image in (*self._whole, *self._awaited):
            self._gallery.unwatch(reference(image))

    def _let_go(self, images: dict[Key, None], most: int) -> None:
        for image in list(images)[: max(0, len(images) - most)]:
            del images[image]
            self._gallery.unwatch(reference(image))
