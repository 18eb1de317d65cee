"""What the metrics say of the store, asked in the background: a scrape reads memory and waits for nobody.

What is counted over time (verdicts, decisions) is counted from the moment at which this process was first
asked; a monitoring system adds up over restarts by itself.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hmi.condition import NAME as CONDITION
from hmi.store import Store, StoreUnavailable, outbox, state
from hmi.store.decisions import Decision
from hmi.store.outbox import Outgoing
from hmi.store.reviews import OpenReview
from hmi.store.verdicts import Verdict

log = logging.getLogger(__name__)

EVERY_S = 5.0
OLD_S = 3 * EVERY_S  # what was said longer ago is not the state of a store that answers
FIRST_S = 3.0  # so long the first scrape waits for the first answer: a statement ends after two
MOST_COUNTED = 10_000  # of open entries; nobody needs to know by how many it is more


@dataclass(frozen=True, slots=True)
class Found:
    """What the store said at one moment."""

    at_s: float  # monotonic, when it was asked
    outbox: int
    oldest_s: float
    conflicts: int
    reviews: int
    condition: Mapping[str, Any]
    verdicts: Mapping[str, int]
    decisions: Mapping[str, int]


class Gathering:
    """Asks the store every EVERY_S seconds, from the first time that somebody wants to know until closed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._verdicts = _Tally(Verdict.id, Verdict.verdict)
        self._decisions = _Tally(Decision.id, Decision.word)
        self._found: Found | None = None
        self._is_up = False
        self._first = threading.Event()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def latest(self) -> Found | None:
        """What the store said last, however long ago; None if it never did. Begins to ask."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)
                self._thread.start()
        self._first.wait(FIRST_S)
        return self._found

    @property
    def is_up(self) -> bool:
        """Whether the store answered when it was asked last, and that was lately."""
        found = self._found
        return self._is_up and found is not None and time.monotonic() - found.at_s < OLD_S

    def ask(self) -> None:
        """Ask now; for one thread at a time. A store that does not answer is no error here."""
        at_s = time.monotonic()
        try:
            with self._store.read() as session:
                self._found = self._ask(session, at_s)
            self._is_up = True
        except StoreUnavailable:
            self._is_up = False

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(FIRST_S)

    def _run(self) -> None:
        is_sound = True
        while not self._stop.is_set():
            try:
                self.ask()
                is_sound = True
            except Exception:
                self._is_up = False
                if is_sound:
                    log.exception("metrics: the store cannot be asked")
                is_sound = False
            self._first.set()
            self._stop.wait(EVERY_S)

    def _ask(self, session: Session, at_s: float) -> Found:
        self._verdicts.go_on(session)
        self._decisions.go_on(session)
        waiting = select(func.count(), func.min(Outgoing.queued_at)).where(Outgoing.state.in_(outbox.OPEN))
        number, oldest = session.execute(waiting).one()
        some = select(OpenReview.defect_id).limit(MOST_COUNTED).subquery()
        conflicts = select(func.count()).select_from(Outgoing).where(Outgoing.state == outbox.CONFLICT)
        return Found(
            at_s=at_s,
            outbox=number,
            oldest_s=max(0.0, (datetime.now(UTC) - oldest).total_seconds()) if oldest else 0.0,
            conflicts=session.scalar(conflicts) or 0,
            reviews=session.scalar(select(func.count()).select_from(some)) or 0,
            condition=state.get(session, CONDITION) or {},
            verdicts=dict(self._verdicts.counts),
            decisions=dict(self._decisions.counts),
        )


class _Tally:
    """Counts new rows of an append-only table by their ids: a look costs what is new, not what is there."""

    def __init__(self, row_id: Any, label: Any) -> None:
        self._id, self._label = row_id, label
        self._last: int | None = None
        self.counts: Counter[str] = Counter()

    def go_on(self, session: Session) -> None:
        newest = session.scalar(select(func.max(self._id))) or 0
        if self._last is not None and newest > self._last:
            new = select(self._label, func.count()).where(self._id > self._last, self._id <= newest)
            for label, count in session.execute(new.group_by(self._label)):
                self.counts[label] += count
        self._last = newest
