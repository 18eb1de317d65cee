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
    row = _row_before(session, defect)
    if entry.act == UNDO:
        undone = outbox.of_decision(session, entry.undoes or 0)
        if undone is None or undone.state in (outbox.CONFLICT, outbox.GONE):
            return  # nothing of it ever stood in the plant
        before: Held = (undone.disposition, undone.dispositioned_at)
        after: Held = (undone.expected, undone.expected_at)
    else:
        before = (row.disposition, row.dispositioned_at)
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
            expected_mark=row.mark or "",
            disposition=after[0],
            dispositioned_at=after[1],
            state=outbox.PENDING,
            queued_at=now,
        )
    )


def _row_before(session: Session, defect: Defect) -> Outgoing | Defect:
    """What the row holds and carries when everything before has been written."""
    last = outbox.newest_of(session, [defect.key]).get(defect.key)
    return last if last is not None and last.is_open else defect
