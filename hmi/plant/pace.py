"""When to read again, and how long the plant has been watched."""

import random
import time

from hmi.plant.failures import Kind

#: First and longest pause after a failure, in seconds. What heals by itself is tried again quickly; what
#: needs a person is not, so that a wrong password does not lock an account.
_QUICK = (0.25, 1.0)
_PATIENT = (1.0, 30.0)
_PAUSES: dict[Kind, tuple[float, float]] = {
    "refused": _QUICK,
    "timeout": _QUICK,
    "frozen": _QUICK,
    "locked": _QUICK,
    "too_many": (1.0, 4.0),
}
LIVELY_S = 3.0  # where something came, more of the same part follows


class Pace:
    """The pause before the next read: half as long while a part comes in, growing while reads fail."""

    def __init__(self, poll_s: float) -> None:
        self._poll_s = poll_s
        self._failures = 0
        self._lively_until = 0.0
        self.delay_s = 0.0

    def succeeded(self, *, more: bool, brought: bool) -> None:
        """`more` waits there already; `brought`: something new came."""
        self._failures = 0
        now_s = time.monotonic()
        if brought:
            self._lively_until = now_s + LIVELY_S
        usual_s = self._poll_s / 2 if now_s < self._lively_until else self._poll_s
        self.delay_s = 0.0 if more else usual_s

    def failed(self, kind: Kind) -> None:
        first, longest = _PAUSES.get(kind, _PATIENT)
        pause = min(longest, first * 2 ** min(self._failures, 10))
        self._failures += 1
        self.delay_s = max(first, pause * random.uniform(0.75, 1.0))  # noqa: S311 - spreads retries, hides nothing


class WatchedTime:
    """Seconds during which reads of the plant succeeded: the time between two successful reads in a row."""

    def __init__(self, watched_s: float = 0.0) -> None:
        self.watched_s = watched_s  # when the last successful read began
        self._last_began: float | None = None
        self._began = 0.0

    def begin(self) -> float:
        """A read begins: the watched time at which it does."""
        self._began = time.monotonic()
        return self.watched_s + (0.0 if self._last_began is None else self._began - self._last_began)

    def succeeded(self) -> None:
        self.watched_s += 0.0 if self._last_began is None else self._began - self._last_began
        self._last_began = self._began

    def failed(self) -> None:
        self._last_began = None
