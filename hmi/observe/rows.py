"""One line of `/admin/health`, and the states that a part can be in."""

from dataclasses import dataclass
from datetime import datetime

OK, WARNING, FAILED, UNKNOWN = "ok", "warning", "failed", "unknown"


@dataclass(frozen=True, slots=True)
class Row:
    """One part: its state, what there is to say, and when it was last seen well.

    Without `last_good` it was never seen well since `since`; without either there is nothing to be seen.
    """

    what: str
    state: str
    text: str
    last_good: datetime | None = None
    since: datetime | None = None
