"""How many parts wait for people, as the bar of every page says it."""

import time
from contextlib import suppress
from threading import Lock

from hmi.review.queue import CAP, parts_left
from hmi.settings import Settings
from hmi.store import Store, StoreUnavailable

KEPT_S = 2.0
NEVER = float("-inf")


class PartsLeft:
    """Of one store; for any number of threads.

    A page that is being written may hold a connection to the store already. If each of them waited for a
    second one, they would wait for each other: one thread asks, the others say what it found before.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._asking = Lock()
        self._asked_at_s = NEVER
        self._text = ""

    def text(self) -> str:
        """Empty where the store does not say."""
        if time.monotonic() - self._asked_at_s > KEPT_S and self._asking.acquire(blocking=False):
            try:
                self._text = self._found()
                self._asked_at_s = time.monotonic()
            finally:
                self._asking.release()
        return self._text

    def _found(self) -> str:
        with suppress(StoreUnavailable), self._store.read() as session:
            number = parts_left(session, self._settings)
            return f"{CAP:,}+" if number > CAP else f"{number:,}"
        return ""
