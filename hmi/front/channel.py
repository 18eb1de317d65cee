"""One connection: when it was last heard of, and since when it is in the middle of a request."""

import socket
import threading
import time
from contextlib import suppress
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
    _hearer = 0  # the thread that is receiving
    _takes_at_once = False

    @property
    def last_activity(self) -> float:
        """When the client last sent something, or took something of what it is sent."""
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

    def is_silent(self, since_s: float) -> bool:
        """Nothing moved since then, though it is the client's turn: to ask, or to take what it is sent."""
        return self.last_activity < since_s and (self.is_waiting or self.total_outbufs_len > 0)

    def give_up(self) -> None:
        """Close it, also where the client takes nothing: such a socket never becomes writable."""
        self.will_close = True
        if self.total_outbufs_len:
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)

    def take_at_once(self) -> bool:
        """Answer what is being received in the same thread; False where that could have to wait.

        A client that does not read what it was sent would hold up everybody. Any other thread that asks has
        ended an earlier request of this connection, and nobody would come back for the next one.
        """
        if self._hearer != threading.get_ident() or self.total_outbufs_len:
            return False
        self._takes_at_once = True
        return True

    def received(self, data: bytes) -> Any:
        had_begun = self.request is not None
        self._hearer = threading.get_ident()
        taken = super().received(data)
        self._hearer = 0
        if self._takes_at_once:
            self._takes_at_once = False
            self.service()
        if self.request is None:
            self.began_s = None
        elif not had_begun or self.began_s is None:
            self.began_s = time.monotonic()
        return taken
