"""Decisions go to the plant database: in order for each defect, until it is done, never over somebody else.

Runs in the worker. Whatever kills it, the next start goes on: what was written carries the mark of its
decision, and the same write finds that out.
"""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from hmi.plant.database import OutcomeUnknown, PlantDatabase, PlantUnavailable
from hmi.plant.writeback import Outcome, Write, write_back
from hmi.store import Store, audit, decisions, outbox, state
from hmi.store.outbox import Outgoing
from hmi.store.runs import Defect, Key, reference

log = logging.getLogger(__name__)

AT_ONCE = 20  # writes of one step at most
LOOKED_AT = 500  # open entries that one step looks through for those whose turn it is
STEP_S = 1.0  # no new write is begun after so long
SOON_S, LATE_S = 0.5, 60.0  # waits after a failure; each is twice the one before
WORKER = "worker"
ONLY_THIS_ROW = ("locked", "other", "schema")  # others may go through all the same


class Outbox:
    """For one thread. `checked` is called within every transaction of the store: it may refuse it."""

    def __init__(
        self,
        store: Store,
        plant: PlantDatabase,
        checked: Callable[[Session], None] = lambda _: None,
        *,
        soon_s: float = SOON_S,
    ) -> None:
        self._store = store
        self._plant = plant
        self._checked = checked
        self._soon_s = soon_s
        self._waits: dict[int, tuple[float, float]] = {}  # entry → (not before, the wait after that)
        self._all_wait = (0.0, soon_s)
        self.trouble = ""

    def step(self, is_there: Callable[[Key], bool] = lambda _: True) -> bool:
        """Write what is due, for a second at most; True if a screen shows something else now.

        `is_there` tells whether the plant database still is of the generation that a defect belongs to.
        Raises what the store raises; what the plant does is noted and tried again.
        """
        if time.monotonic() < self._all_wait[0]:
            return False
        with self._store.read() as session:
            due = [entry for entry in outbox.next_open(session, LOOKED_AT) if self._is_due(entry)]
        until, shown = time.monotonic() + STEP_S, False
        for entry in due[:AT_ONCE]:
            if time.monotonic() > until:
                break
            if not is_there(entry.defect_key):
                shown |= self._end(entry, Outcome("gone"))
                continue
            try:
                outcome = write_back(self._plant, _write_of(entry))
            except PlantUnavailable as error:
                shown |= self._fails(entry, error)
                if not isinstance(error, OutcomeUnknown) and error.kind not in ONLY_THIS_ROW:
                    break
                continue
            self._heals()
            shown |= self._end(entry, outcome)
        return shown

    def _is_due(self, entry: Outgoing) -> bool:
        return time.monotonic() >= self._waits.get(entry.id, (0.0, 0.0))[0]

    def _fails(self, entry: Outgoing, error: PlantUnavailable) -> bool:
        text = f"decisions cannot be written to the plant database: {error.because}"
        is_unknown = isinstance(error, OutcomeUnknown)
        if is_unknown or error.kind in ONLY_THIS_ROW:
            self._waits[entry.id] = _later(self._waits.get(entry.id), self._soon_s)
        else:
            self._all_wait = _later(self._all_wait, self._soon_s)
        if self.trouble != text:
            log.error("%s", text)
        self.trouble = text
        return self._note(entry, outbox.UNKNOWN if is_unknown else entry.state, error.because)

    def _heals(self) -> None:
        if self.trouble:
            log.info("decisions are written to the plant database again")
        self.trouble = ""
        self._all_wait = (0.0, self._soon_s)

    def _note(self, entry: Outgoing, now: str, trouble: str) -> bool:
        """Keep that it could not be written yet; nothing is stored when that is known already."""
        if (entry.state, entry.trouble) == (now, trouble):
            return False
        with self._store.write() as session:
            self._checked(session)
            kept = session.get_one(Outgoing, entry.id)
            if not kept.is_open:
                return False
            kept.state, kept.trouble = now, trouble
            state.touch(session)
        return True

    def _end(self, entry: Outgoing, outcome: Outcome) -> bool:
        self._waits.pop(entry.id, None)
        now = datetime.now(UTC)
        with self._store.write() as session:
            self._checked(session)
            kept = session.get_one(Outgoing, entry.id)
            if not kept.is_open:
                return False
            kept.state, kept.found, kept.ended_at, kept.trouble = outcome.state, outcome.found, now, ""
            if outcome.state == outbox.DONE:
                _hold(session, kept, outcome.mark)
            else:
                _tell(session, kept)
            state.touch(session)
        return True


def _hold(session: Session, entry: Outgoing, mark: str | None) -> None:
    """The row holds it: what is seen there next is no news. `mark`: that which it carries."""
    defect = session.get(Defect, entry.defect_key)
    if defect is not None:
        defect.disposition, defect.dispositioned_at = entry.disposition, entry.dispositioned_at
        defect.mark = mark


def _tell(session: Session, entry: Outgoing) -> None:
    """Somebody else changed or deleted the row: that is on record, and the decision stands with us."""
    about = f"{decisions.DEFECT} {reference(entry.defect_key)}"
    said = {"decision": entry.decision_id, "wanted": entry.disposition, "found": entry.found}
    audit.record(session, f"write-back {entry.state}", WORKER, None, about, said)
    log.warning("write-back of decision %d: %s (%s)", entry.decision_id, entry.state, about)


def _write_of(entry: Outgoing) -> Write:
    return Write(
        defect=entry.defect_id,
        box={
            "image": entry.image,
            "x": entry.x,
            "y": entry.y,
            "width": entry.width,
            "height": entry.height,
        },
        expected=entry.expected,
        expected_mark=entry.expected_mark,
        disposition=entry.disposition,
        dispositioned_at=entry.dispositioned_at,
        mark=entry.mark,
        word=entry.word,
    )


def _later(before: tuple[float, float] | None, soon_s: float) -> tuple[float, float]:
    """(not before, the wait after that)."""
    wait_s = before[1] if before else soon_s
    return time.monotonic() + wait_s, min(LATE_S, 2 * wait_s)
