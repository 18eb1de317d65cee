"""Memory: what the start leaves behind is never looked through again, and the C library's heap stays small.

glibc gives every thread that is busy at the same time a heap of its own, and raises the size from which
memory is given back at once each time a large piece is freed. With 30 threads that decode and encode pictures
this costs tens of megabytes which nobody uses and nobody gets back. What is freed between two pieces that
live on is never given back by itself: such holes grow for as long as parts come. Other systems manage it
otherwise.
"""

import ctypes
import gc
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8  # as malloc.h numbers them
HEAPS = 2
AT_ONCE_B = 256 * 1024  # pieces from this size on are given back as soon as they are free
KEPT_FREE_B = 1024 * 1024
EVERY_S = 60.0


def keep_small() -> None:
    """To be called before threads start. Does nothing where there is no such setting."""
    mallopt = _of_glibc("mallopt")
    if mallopt is None:
        return
    mallopt(ARENA_MAX, HEAPS)
    mallopt(MMAP_THRESHOLD, AT_ONCE_B)
    mallopt(TRIM_THRESHOLD, KEPT_FREE_B)


@contextmanager
def giving_back(every_s: float = EVERY_S) -> Iterator[None]:
    """As long as the block lasts, the holes in the heaps go back to the system every so many seconds."""
    trim, ended = _of_glibc("malloc_trim"), threading.Event()

    def give_back() -> None:
        while not ended.wait(every_s):
            trim(0)

    thread = threading.Thread(target=give_back, name="heap", daemon=True)
    if trim is not None:
        thread.start()
    try:
        yield
    finally:
        ended.set()


def begin_collecting() -> None:
    """To be called when everything is imported and made: that lives as long as the process does."""
    gc.freeze()
    gc.enable()


def _of_glibc(name: str) -> Any:
    """A function of glibc; None with another C library."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform.startswith("linux") else None
