"""Keeps the memory of large pictures from staying with the process.

A decoded image of 26 Mpx takes 26 MB for a moment. The C library of Linux keeps such blocks, once freed, in
an arena of each thread that ever held one (measured: 270 MB resident where 165 MB do). Told to map large
blocks on their own, it gives them back at once; a whole decode then takes 40 ms instead of 30 ms. Windows
treats large blocks so by itself.
"""

import ctypes
import sys
from functools import cache

_M_MMAP_THRESHOLD = -3
_LARGE_BYTES = 4 * 1024 * 1024


@cache
def give_back_large_blocks() -> None:
    """For this process, once; does nothing where there is nothing to do."""
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
