"""Memory: what the start leaves behind is never looked through again, and the C library's heap stays small.

glibc gives every thread that is busy at the same time a heap of its own, and raises the size from which
memory is given back at once each time a large piece is freed. With 30 threads that decode and encode pictures
this costs tens of megabytes which nobody uses and nobody gets back. Other systems manage it otherwise.
"""

import ctypes
import gc
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8  # as malloc.h numbers them
HEAPS = 2
AT_ONCE_B = 256 * 1024  # pieces from this size on are given back as soon as they are free
KEPT_FREE_B = 1024 * 1024


def keep_small() -> None:
    """To be called before threads start. Does nothing where there is no such setting."""
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # another C library than glibc
        return
    mallopt(ARENA_MAX, HEAPS)
    mallopt(MMAP_THRESHOLD, AT_ONCE_B)
    mallopt(TRIM_THRESHOLD, KEPT_FREE_B)


def begin_collecting() -> None:
    """To be called when everything is imported and made: that lives as long as the process does."""
    gc.freeze()
    gc.enable()
