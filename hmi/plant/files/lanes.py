"""Blocking calls on a few threads, with a lane for each place, so that no place takes all threads.

A thread that is stuck in the kernel cannot be freed; it can only be kept from mattering. Each lane owns one
thread, the others are shared, and there are never more than `max(workers, lanes)`. They are daemons: a stuck
one does not keep the process from ending.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

Result = TypeVar("Result")
_Job = tuple[Future[Any], Callable[[], Any]]


class Lanes:
    def __init__(self, lanes: int, workers: int, name: str) -> None:
        self._urgent: list[deque[_Job]] = [deque() for _ in range(lanes)]
        self._waiting: list[deque[_Job]] = [deque() for _ in range(lanes)]
        self._running = [0] * lanes
        self._shared = max(0, workers - lanes)
        self._most = max(workers, lanes)
        self._name = name
        self._changed = threading.Condition()
        self._threads = 0
        self._idle = 0
        self._turn = 0
        self._closed = False

    def submit(self, lane: int, call: Callable[[], Result], *, urgent: bool = False) -> Future[Result]:
        """Calls of one lane begin in the order in which they came, the urgent ones before the others.

        Raises CancelledError after `close`.
        """
        future: Future[Result] = Future()
        with self._changed:
            if self._closed:
                raise CancelledError
            (self._urgent if urgent else self._waiting)[lane].append((future, call))
            self._see_to_threads()
            self._changed.notify()
        return future

    def close(self) -> None:
        """Waiting calls are cancelled; running ones end by themselves."""
        with self._changed:
            self._closed = True
            queues = self._urgent + self._waiting
            dropped = [future for queue in queues for future, _ in queue]
            for queue in queues:
                queue.clear()
            self._changed.notify_all()
        for future in dropped:
            future.cancel()

    def _see_to_threads(self) -> None:
        # A thread that was notified and is not awake yet still counts as idle, and its call as waiting.
        waiting = sum(map(len, self._urgent + self._waiting))
        if self._threads < self._most and waiting > self._idle:
            self._threads += 1
            threading.Thread(target=self._work, name=f"{self._name}-{self._threads}", daemon=True).start()

    def _work(self) -> None:
        while (taken := self._take()) is not None:
            lane, future, call = taken
            _perform(future, call)
            del taken, future, call  # an idle thread holds on to no result
            with self._changed:
                self._running[lane] -= 1

    def _take(self) -> tuple[int, Future[Any], Callable[[], Any]] | None:
        """Waits for a call that may begin; None: closed."""
        with self._changed:
            while (lane := self._runnable()) is None:
                if self._closed:
                    return None
                self._idle += 1
                self._changed.wait()
                self._idle -= 1
            self._running[lane] += 1
            self._turn = lane + 1
            return lane, *(self._urgent[lane] or self._waiting[lane]).popleft()

    def _runnable(self) -> int | None:
        lanes = len(self._waiting)
        shared_in_use = sum(max(0, running - 1) for running in self._running)
        for step in range(lanes):
            lane = (self._turn + step) % lanes
            has_thread = not self._running[lane] or shared_in_use < self._shared
            if has_thread and (self._urgent[lane] or self._waiting[lane]):
                return lane
        return None


def _perform(future: Future[Any], call: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = call()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)
    finally:
        del future, call  # the error's traceback knows this frame: without this they keep each other alive
