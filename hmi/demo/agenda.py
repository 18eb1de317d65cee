"""Things to do at their time, one after the other in one thread."""

import heapq
import itertools
import time
from collections import deque
from collections.abc import Callable
from threading import Event

Action = Callable[[], None]
_IDLE_SLACK_S = 0.5  # an idle job is begun only if nothing is due within this time
_IDLE_PAUSE_S = 0.35  # and leaves the processor alone for this long afterwards


class Agenda:
    """Timed actions, and idle jobs for the time between them. Times are of time.monotonic()."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Action]] = []
        self._order = itertools.count()
        self._idle: deque[Action] = deque()
        self._idle_from = 0.0
        self._stopped = Event()

    def add(self, at: float, action: Action) -> None:
        heapq.heappush(self._due, (at, next(self._order), action))

    def add_idle(self, job: Action) -> None:
        self._idle.append(job)

    @property
    def last_at(self) -> float:
        """When the last timed action is due; 0 with none."""
        return max((entry[0] for entry in self._due), default=0)

    def run_until(self, end: float) -> bool:
        """Do all that is due before `end`, late rather than never, then return; False once stopped."""
        while not self._stopped.is_set():
            next_at = min(end, self._due[0][0]) if self._due else end
            now = time.monotonic()
            if self._due and self._due[0][0] <= min(now, end):
                heapq.heappop(self._due)[2]()
            elif now >= end:
                return True
            elif self._idle and next_at - now > _IDLE_SLACK_S and now >= self._idle_from:
                self._idle.popleft()()
                self._idle_from = time.monotonic() + _IDLE_PAUSE_S
            else:
                self._stopped.wait(min(next_at - now, 0.1 if self._idle else 60))
        return False

    def stop(self) -> None:
        """Let run_until return soon; may be called from another thread."""
        self._stopped.set()
