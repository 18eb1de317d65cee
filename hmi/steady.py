"""A clock that nobody can set, for what lasts: sessions and the limits of guessing.

It shows the machine's time when the process starts and runs on by itself. When the machine's clock is set an
hour forward nobody is signed out; whichever way it is set, no limit begins anew and no session lasts longer.
What is written down for people bears the machine's clock.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

#: s since some moment; also counts while the machine is asleep
_elapsed: Callable[[], float] = (
    partial(time.clock_gettime, time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic
)
_AHEAD_S = time.time() - _elapsed()


def seconds() -> float:
    """Since 1970."""
    return _AHEAD_S + _elapsed()


def now() -> datetime:
    """UTC."""
    return datetime.fromtimestamp(seconds(), UTC)
