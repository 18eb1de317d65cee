"""A line that does in minutes what others do in hours: parts pass, fail and wait for people in turn."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle

from tests.browser.floors import Floor


@contextmanager
def hurried(floor: Floor, period_s: float) -> Iterator[list[int]]:
    """A part every so many seconds; the ids of their triggers so far."""
    written: list[int] = []
    ended = threading.Event()

    def write() -> None:
        for make in cycle((floor.part, floor.failing, floor.borderline)):
            written.append(make().trigger)
            if ended.wait(period_s):
                return

    thread = threading.Thread(target=write, name="parts", daemon=True)
    thread.start()
    try:
        yield written
    finally:
        ended.set()
        thread.join(10)
