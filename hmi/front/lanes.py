"""Threads in two lanes: what kiosks ask for never waits behind anything that can be slow."""

from collections.abc import Callable, Collection
from typing import Any

from waitress.task import ThreadedTaskDispatcher

#: Answered from memory. Everything else may wait for the store, a share or the network.
QUICK = frozenset({"/live", "/livez", "/readyz"})


class Lanes:
    """A task dispatcher of waitress: a quarter of the threads answers QUICK addresses and nothing else.

    `at_once` are addresses whose answers never wait for anything. The thread that hears a request for one
    answers it: to hand it over costs more than to answer it.
    """

    def __init__(self, threads: int, at_once: Collection[str] = ()) -> None:
        self._at_once = frozenset(at_once)
        self.quick = ThreadedTaskDispatcher()
        self.others = ThreadedTaskDispatcher()
        quick = quick_of(threads)
        self.quick.set_thread_count(quick)
        self.others.set_thread_count(max(1, threads - quick))

    def add_task(self, channel: Any) -> None:
        """The channel's first request is to be answered."""
        asked = getattr(channel.requests[0], "path", "") if channel.requests else ""
        if asked in self._at_once and channel.take_at_once():
            return
        (self.quick if asked in QUICK else self.others).add_task(channel)

    def depths(self) -> dict[str, Callable[[], int]]:
        """How many requests wait for a thread, by lane."""
        return {
            "requests of kiosks": lambda: len(self.quick.queue),
            "requests": lambda: len(self.others.queue),
        }

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """Let requests in flight finish."""
        done = self.others.shutdown(cancel_pending, timeout)
        return bool(self.quick.shutdown(cancel_pending, timeout) and done)


def quick_of(threads: int) -> int:
    """How many of so many threads are for kiosks."""
    return max(1, threads // 4)
