"""Where stored images are, by the text that addresses them."""

import threading
from dataclasses import dataclass

from cachetools import TTLCache

from hmi.plant.files import ImageFiles, PathRefused
from hmi.store import Store
from hmi.store.runs import Image, Key, key_of

VERSION = "~"
KNOWN_S, MOST_KNOWN = 2.0, 500


@dataclass(frozen=True, slots=True)
class Source:
    """A stored image, and the version of its file that was asked for ('': any)."""

    key: Key
    version: str
    path: str
    picture: str  # version of what is drawn over it


class Sources:
    """Sources by their text. What the store said of one is believed for KNOWN_S: a viewer asks for many
    tiles at once. Safe to use from many threads.
    """

    def __init__(self, store: Store, files: ImageFiles) -> None:
        self._store = store
        self._files = files
        self._lock = threading.Lock()
        self._known: TTLCache[str, Source] = TTLCache(MOST_KNOWN, KNOWN_S)

    def find(self, text: str, *, fresh: bool = False) -> Source:
        """`text` is an image's reference, with or without a version of its file; `fresh`: ask the store.

        Raises LookupError where there is no such image, or none that may be shown.
        """
        known = None if fresh else self.known(text)
        if known is None:
            known = self._of_store(text)
            with self._lock:
                self._known[text] = known
        return known

    def known(self, text: str) -> Source | None:
        """What the store said of it a moment ago; None where it has to be asked."""
        with self._lock:
            return self._known.get(text)

    def _of_store(self, text: str) -> Source:
        name, separator, version = text.partition(VERSION)
        if separator and not version:
            raise LookupError(text)
        try:
            key = key_of(name)
        except ValueError:
            raise LookupError(text) from None
        with self._store.read() as session:
            image = session.get(Image, key)
            if image is None or image.gone or not image.path:
                raise LookupError(text)
            source = Source(key, version, image.path, image.picture or "")
        try:
            self._files.locate(source.path)
        except PathRefused:
            raise LookupError(text) from None  # as if it were not there
        return source
