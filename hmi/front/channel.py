"""One connection: when it was last heard of, and since when it is in the middle of a request."""

import time
from typing import Any

from waitress.channel import HTTPChannel

from hmi.front.parser import StrictParser
from hmi.front.task import Task


class Channel(HTTPChannel):
    """Its times are those of the monotonic clock: a step of the wall clock closes nothing."""

    parser_class = StrictParser
    task_class = Task
    _heard_s = 0.0
    began_s: float | None = None  # a request that has not come whole yet began then
    _is_hearing = _takes_at_once = False

    @property
    def last_activity(self) -> float:
        return self._heard_s

    @last_activity.setter
    def last_activity(self, _wall_clock: float) -> None:
        self._heard_s = time.monotonic()

    @property
    def address(self) -> str:
        return str(self.addr[0]) if self.addr else ""

    @property
    def is_waiting(self) -> bool:
        """Nothing of it is being answered: it can be closed without losing anything that was asked whole."""
        return not self.requests and not self.total_outbufs_len

    def take_at_once(self) -> bool:
        """Answer what is being received in the same thread; False where that could have to wait.

        A client that does not read what it was sent would hold up everybody.
        """
        self._takes_at_once = self._is_hearing and not self.total_outbufs_len
        return self._takes_at_once

    def received(self, data: bytes) -> Any:
        had_begun = self.request is not None
        self._is_hearing, self._takes_at_once = True, False
        taken = super().received(data)
        self._is_hearing = False
        if self._takes_at_once:
            self.service()
        if self.request is None:
            self.began_s = None
        elif not had_begun or self.began_s is None:
            self.began_s = time.monotonic()
        return taken
