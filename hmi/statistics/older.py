"""Sums of days that are over, kept until something of such a day changes: a line changes today's alone."""

from collections.abc import Callable, Hashable, Sequence
from threading import Lock
from typing import Any

from cachetools import LRUCache

MOST = 32

Rows = Sequence[Any]


class Older:
    """Of one store; for any number of threads."""

    def __init__(self) -> None:
        self._kept: LRUCache[Hashable, Rows] = LRUCache(MOST)
        self._lock = Lock()

    def of(self, key: Hashable, read: Callable[[], Rows]) -> Rows:
        """The rows of this key, which says of which state of the counts they are."""
        with self._lock:
            found = self._kept.get(key)
        if found is None:
            found = read()
            with self._lock:
                self._kept[key] = found
        return found
