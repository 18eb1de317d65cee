"""A circuit breaker: after a few failures in a row a place is left alone, and tried again now and then."""

import logging
import threading
import time
from datetime import UTC, datetime

from hmi.plant.files.errors import PlaceUnreachable
from hmi.plant.files.place import Patience

log = logging.getLogger(__name__)


class Breaker:
    """Guards one place. Whoever is admitted must report one of succeeded, failed or undecided."""

    def __init__(self, place: str, patience: Patience) -> None:
        self._place = place
        self._patience = patience
        self._lock = threading.Lock()
        self._failures = 0
        self._why = ""
        self._rest_s = patience.rest_s
        self._rests_until = 0.0
        self._on_trial = False
        self.answered_at: datetime | None = None  # the place itself, not what we remember of it

    @property
    def trouble(self) -> str:
        """Why the place is left alone; empty while it is not."""
        return self._why if self._is_open else ""

    def admit(self) -> bool:
        """True for the one trial of a place that was left alone. Raises PlaceUnreachable."""
        with self._lock:
            if self._failures < self._patience.failures:
                return False
            if self._on_trial or time.monotonic() < self._rests_until:
                raise PlaceUnreachable(self._why)
            self._on_trial = True
            return True

    def succeeded(self, trial: bool) -> None:
        with self._lock:
            if self._is_open and not trial:
                return  # admitted before the place failed: says nothing about now
            if trial:
                log.info("%s answers again", self._place)
            self._failures = 0
            self._on_trial = False
            self.answered_at = datetime.now(UTC)
            self._rest_s = self._patience.rest_s

    def failed(self, trial: bool, why: str) -> None:
        with self._lock:
            if self._is_open and not trial:
                return
            self._why = why
            self._failures += 1
            if not self._is_open:
                return
            if trial:
                self._rest_s = min(2 * self._rest_s, self._patience.longest_rest_s)
                self._on_trial = False
            else:
                log.warning("%s is unreachable: %s", self._place, why)
            self._rests_until = time.monotonic() + self._rest_s

    def undecided(self, trial: bool) -> None:
        """The call broke off for a reason of ours: it tells nothing about the place."""
        with self._lock:
            if trial:
                self._on_trial = False

    @property
    def _is_open(self) -> bool:
        return self._failures >= self._patience.failures
