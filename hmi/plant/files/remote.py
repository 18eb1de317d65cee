"""Connections to one server: one for each caller at a time, idle ones are used again."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from hmi.plant.files.errors import FileProblem, PlaceUnreachable

Connection = TypeVar("Connection")
Result = TypeVar("Result")


class Connections(Generic[Connection]):
    """`connect(timeout_s)` makes a connection, `disconnect` drops one without talking to the server.

    `faults` are the errors after which a connection cannot be trusted. Then the work is done once more, on a
    fresh connection.
    """

    def __init__(
        self,
        connect: Callable[[float], Connection],
        disconnect: Callable[[Connection], None],
        faults: tuple[type[Exception], ...],
        deadline_s: float,
    ) -> None:
        self._connect = connect
        self._disconnect = disconnect
        self._faults = faults
        self._deadline_s = deadline_s
        self._lock = threading.Lock()
        self._idle: list[Connection] = []
        self._closed = False

    def use(self, work: Callable[[Connection, float], Result]) -> Result:
        """What `work(connection, until)` gives; `until` is the monotonic time at which it must give up.

        Raises what FileProblem the work raises, and PlaceUnreachable when it fails twice.
        """
        until = time.monotonic() + self._deadline_s
        try:
            return self._attempt(self._idle_one(), work, until)
        except self._faults:
            self.drop_idle()  # what broke one connection has most likely broken them all
        try:
            return self._attempt(None, work, until)
        except self._faults as error:
            raise PlaceUnreachable(_described(error)) from error

    def drop_idle(self) -> None:
        with self._lock:
            dropped, self._idle = self._idle, []
        for connection in dropped:
            self._disconnect(connection)

    def close(self) -> None:
        self._closed = True
        self.drop_idle()

    def _attempt(
        self, connection: Connection | None, work: Callable[[Connection, float], Result], until: float
    ) -> Result:
        if connection is None:
            connection = self._connect(self._timeout_s(until))
        try:
            result = work(connection, until)
        except PlaceUnreachable:
            self._disconnect(connection)
            raise
        except FileProblem:
            self._keep(connection)
            raise
        except BaseException:
            self._disconnect(connection)
            raise
        self._keep(connection)
        return result

    def _timeout_s(self, until: float) -> float:
        """Half of the time at most, so that a dead connection leaves some for a fresh one."""
        left_s = until - time.monotonic()
        if left_s <= 0:
            raise PlaceUnreachable("no answer in time")
        return min(left_s, self._deadline_s / 2)

    def _idle_one(self) -> Connection | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _keep(self, connection: Connection) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return
        self._disconnect(connection)


def hold_to(until: float) -> None:
    """Raises TimeoutError once the time is over: a server that drips never runs into a socket's timeout."""
    if time.monotonic() > until:
        raise TimeoutError("no answer in time")


def _described(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
