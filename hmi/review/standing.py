"""How a defect or a part stands: what people decided, what the plant database holds, and what was written."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hmi.deciding import asks_of, state_of_defect, state_of_part
from hmi.settings import Settings
from hmi.store import decisions, outbox
from hmi.store.decisions import DEFECT, PART, PROPOSE, Decision
from hmi.store.outbox import Outgoing
from hmi.store.runs import Defect, Key, Run
from hmi.wording import decision_label

WRITTEN = {
    outbox.PENDING: "waiting to be written to the plant database",
    outbox.UNKNOWN: "outcome unknown, checking",
    outbox.DONE: "written to the plant database",
    outbox.CONFLICT: "the plant database holds something else",
    outbox.GONE: "the plant database has no such row any more",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """`word` is None where nobody decided here. `theirs` is a disposition that is not ours, as it stands in
    the plant database; `is_known` tells whether it is one of the words of the settings."""

    word: str | None
    label: str | None  # what screens call it
    who: str | None
    at: datetime | None
    reason: str
    state: str  # what a decision names as the state that it was made on
    written: str | None  # what became of it in the plant database, in words
    outbox: str | None  # the same as one of hmi.store.outbox
    found: str | None  # a conflict: the disposition that stands there instead
    theirs: str | None
    is_known: bool
    changed_after_at: datetime | None


@dataclass(frozen=True, slots=True)
class PartStanding:
    """`proposed_by` said "use as is", and waits for a second person."""

    word: str | None
    label: str | None
    who: str | None
    at: datetime | None
    reason: str
    state: str
    proposed_by: str | None
    changed_after_at: datetime | None


def standings(session: Session, settings: Settings, defects: Iterable[Defect]) -> dict[Key, Standing]:
    """How each of these defects stands."""
    rows = {defect.key: defect for defect in defects}
    heads = decisions.heads(session, DEFECT, rows)
    in_force = _in_force(session, heads.values())
    written = outbox.newest_of(session, rows)
    echoes = outbox.with_marks(session, {defect.mark for defect in rows.values() if defect.mark})
    found = {}
    for key, defect in rows.items():
        head = heads.get(key)
        decision = in_force.get(head.in_force[0] or 0) if head else None
        echo = echoes.get(defect.mark or "")
        found[key] = _standing(settings, defect, head, decision, written.get(key), echo)
    return found


def part_standing(session: Session, settings: Settings, run: Run) -> PartStanding:
    """How the part of this run stands."""
    head = decisions.heads(session, PART, [run.key]).get(run.key)
    decision = _in_force(session, [head]).get(head.in_force[0] or 0) if head else None
    return PartStanding(
        word=decision.word if decision else None,
        label=_label(settings, decision),
        who=decision.who if decision else None,
        at=decision.at if decision else None,
        reason=decision.reason if decision else "",
        state=state_of_part(run, head, asks_of(session, [run])),
        proposed_by=head.who if head is not None and head.act == PROPOSE else None,
        changed_after_at=run.changed_after_at,
    )


def _in_force(session: Session, heads: Iterable[Decision]) -> dict[int, Decision]:
    """The decisions that are in force after these entries, by id."""
    known = list(heads)
    there = {head.id: head for head in known}
    numbers = {number for head in known if (number := head.in_force[0]) is not None}
    missing = sorted(numbers - there.keys())
    for start in range(0, len(missing), decisions.CHUNK):
        chosen = select(Decision).where(Decision.id.in_(missing[start : start + decisions.CHUNK]))
        there |= {entry.id: entry for entry in session.scalars(chosen)}
    return {number: there[number] for number in numbers}


def _standing(
    settings: Settings,
    defect: Defect,
    head: Decision | None,
    decision: Decision | None,
    written: Outgoing | None,
    echo: Outgoing | None,
) -> Standing:
    words = {settings.review.plant_words.okay, settings.review.plant_words.scrap}
    theirs = None if _is_ours(defect, echo) else defect.disposition
    if written is not None and written.state in (outbox.CONFLICT, outbox.GONE):
        is_of_now = written.decision_id in {one.id for one in (head, decision) if one is not None}
        written = written if is_of_now else None  # what was taken back is in conflict with nobody
    return Standing(
        word=decision.word if decision else None,
        label=_label(settings, decision),
        who=decision.who if decision else None,
        at=decision.at if decision else None,
        reason=decision.reason if decision else "",
        state=state_of_defect(defect, head),
        written=WRITTEN[written.state] if written else None,
        outbox=written.state if written else None,
        found=written.found if written else None,
        theirs=theirs,
        is_known=theirs is None or theirs in words,
        changed_after_at=defect.changed_after_at,
    )


def _label(settings: Settings, decision: Decision | None) -> str | None:
    if decision is None:
        return None
    return decision_label(settings.review.labels, decision.subject, decision.word)


def _is_ours(defect: Defect, echo: Outgoing | None) -> bool:
    """The row carries the mark and the value of what we wrote; an undo leaves what others had written."""
    if echo is None or echo.word is None or echo.defect_key != defect.key:
        return False
    return echo.disposition == defect.disposition
