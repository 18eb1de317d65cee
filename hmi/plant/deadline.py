"""A point in time after which waiting ends."""

import time


class Deadline:
    """Measured by the monotonic clock: steps of the wall clock do not move it."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    @property
    def left_s(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self._ends - time.monotonic())

    @property
    def has_passed(self) -> bool:
        return time.monotonic() >= self._ends

    def or_sooner(self, seconds: float) -> "Deadline":
        """The earlier one of this deadline and `seconds` from now."""
        return Deadline(min(self.left_s, seconds))
