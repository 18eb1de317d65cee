"""What was decoded is kept for a short time, within a bound of bytes."""

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class _Kept:
    value: Any
    size: int
    used_s: float


class Shelf:
    """Drops what was used longest ago, when there is no room, and what nobody used for `keep_s`.

    Safe to use from many threads. A timer runs only while something is kept: memory is given back even if
    nobody ever asks again.
    """

    def __init__(self, cap_bytes: int, keep_s: float) -> None:
        self._cap_bytes = cap_bytes
        self._keep_s = keep_s
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._bytes = 0
        self._timer: threading.Timer | None = None
        self._closed = False

    @property
    def bytes(self) -> int:
        return self._bytes

    def get(self, key: Hashable) -> Any:
        """What is kept under the key, or None."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                return None
            kept.used_s = time.monotonic()
            self._kept.move_to_end(key)
            return kept.value

    def make_room(self, size: int) -> None:
        """Before something of this size is made: so old and new are never there together above the bound."""
        with self._lock:
            self._drop_until(self._cap_bytes - size)

    def put(self, key: Hashable, value: Any, size: int) -> None:
        """Keep a value of `size` bytes; one that is larger than the bound is kept alone."""
        with self._lock:
            self._drop(key)
            self._drop_until(self._cap_bytes - size)
            if self._closed:
                return
            self._kept[key] = _Kept(value, size, time.monotonic())
            self._bytes += size
            self._see_to_timer()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._drop_until(0)
            if self._timer is not None:
                self._timer.cancel()

    def _sweep(self) -> None:
        with self._lock:
            self._timer = None
            before_s = time.monotonic() - self._keep_s
            for key in [key for key, kept in self._kept.items() if kept.used_s <= before_s]:
                self._drop(key)
            self._see_to_timer()

    def _see_to_timer(self) -> None:
        if self._timer is not None or not self._kept or self._closed:
            return
        self._timer = threading.Timer(self._keep_s / 2, self._sweep)
        self._timer.daemon = True
        self._timer.start()

    def _drop_until(self, most_bytes: int) -> None:
        while self._kept and self._bytes > most_bytes:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Hashable) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._bytes -= kept.size
