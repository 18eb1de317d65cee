"""What the plant database is to hold after a decision, put into the outbox."""

from datetime import datetime

from sqlalchemy.orm import Session

from hmi.review_settings import Review
from hmi.store import decisions, outbox
from hmi.store.decisions import COMMENT, UNDO, Decision
from hmi.store.outbox import Outgoing
from hmi.store.runs import Defect

Held = tuple[str | None, datetime | None]  # disposition and its time


def send(session: Session, review: Review, entry: Decision, defect: Defect, now: datetime) -> None:
    """An undo restores what stood there before, value and time; NULL included."""
    if entry.act == COMMENT:
        return
    if entry.act == UNDO:
        undone = outbox.of_decision(session, entry.undoes or 0)
        if undone is None or undone.state in (outbox.CONFLICT, outbox.GONE):
            return  # nothing of it ever stood in the plant
        before: Held = (undone.disposition, undone.dispositioned_at)
        after: Held = (undone.expected, undone.expected_at)
    else:
        before = _held(session, defect)
        after = (getattr(review.plant_words, entry.word), now)
    session.add(
        Outgoing(
            decision_id=entry.id,
            mark=entry.mark,
            word=entry.word_in_force,
            generation=defect.generation,
            defect_id=defect.id,
            **decisions.box_of(defect),
            expected=before[0],
            expected_at=before[1],
            disposition=after[0],
            dispositioned_at=after[1],
            state=outbox.PENDING,
            queued_at=now,
        )
    )


def _held(session: Session, defect: Defect) -> Held:
    """What the row holds when everything before has been written."""
    last = outbox.newest_of(session, [defect.key]).get(defect.key)
    if last is not None and last.is_open:
        return last.disposition, last.dispositioned_at
    return defect.disposition, defect.dispositioned_at
