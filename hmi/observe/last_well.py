"""When this process saw each part well: in memory, and never a time at which nobody looked."""

import threading
from datetime import UTC, datetime


class LastWell:
    """Of one process, from its start on. Safe to use from many threads."""

    def __init__(self) -> None:
        self.since = datetime.now(UTC)
        self._lock = threading.Lock()
        self._seen: dict[str, datetime] = {}

    def latest(self, what: str, *seen: datetime | None) -> datetime | None:
        """Keeps what was seen of a part now, and gives the latest of all that ever was; None: never."""
        with self._lock:
            known = [at for at in (self._seen.get(what), *seen) if at is not None]
            if not known:
                return None
            self._seen[what] = max(known)
            return self._seen[what]
