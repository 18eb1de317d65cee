"""Taking decisions: each whole or not at all, within the caller's transaction."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from hmi.deciding.demands import check_reason, check_signature, meaning_of, needs_second_person
from hmi.deciding.refusals import Conflict, KeyReused, ReasonNeeded, Refused, UnknownWord
from hmi.deciding.sending import send
from hmi.deciding.targets import Target, target_of
from hmi.deciding.wishes import Taken, Wish
from hmi.judging import Judged, rejudge
from hmi.settings import Settings
from hmi.store import audit, decisions, state, turns
from hmi.store.decisions import COMMENT, DECIDE, PROPOSE, UNDO, Decider, Decision
from hmi.store.runs import Defect, Key, reference

Judge = Callable[[set[Key]], Judged]


def decide(session: Session, settings: Settings, wish: Wish, by: Decider, now: datetime) -> Taken:
    """Take a decision within the caller's transaction. Raises Refused; then nothing may be kept.

    A wish that was taken already under the same idempotency key is not taken again.
    """
    turns.take(session)
    return _take_one(session, settings, wish, by, now, lambda runs: rejudge(session, settings, runs, now))


def decide_each(
    session: Session, settings: Settings, wishes: Sequence[Wish], by: Decider, now: datetime
) -> tuple[list[Taken | Refused], Judged]:
    """Take each decision or refuse it, by itself; the parts are judged once, at the end."""
    turns.take(session)
    touched: set[Key] = set()

    def later(runs: set[Key]) -> Judged:
        touched.update(runs)
        return Judged()

    answers: list[Taken | Refused] = []
    for wish in wishes:
        try:
            with session.begin_nested():
                answers.append(_take_one(session, settings, wish, by, now, later))
        except Refused as refused:
            answers.append(refused)
    return answers, rejudge(session, settings, touched, now)


def _take_one(
    session: Session, settings: Settings, wish: Wish, by: Decider, now: datetime, judge: Judge
) -> Taken:
    earlier = session.scalar(select(Decision).where(Decision.key == wish.idempotency))
    if earlier is not None:
        return _again(earlier, wish, by)
    _check_word(wish)
    target = target_of(session, wish)
    entry = _entry(session, settings, wish, by, target, now)
    session.add(entry)
    session.flush()
    if entry.act == DECIDE:
        target.row.changed_after_at = None  # whoever decides has seen what changed
    elif entry.act == UNDO:
        target.row.changed_after_at = _doubted_since(session, entry, target, now)
    if isinstance(target.row, Defect):
        send(session, settings.review, entry, target.row, now)
    session.flush()
    judged = judge(target.runs)
    about = f"{wish.subject} {reference(wish.key)}"
    audit.record(session, "decision", by.name, by.station, about, _said(entry, by))
    state.touch(session)
    return Taken(entry, judged, repeated=False)


def _doubted_since(session: Session, entry: Decision, target: Target, now: datetime) -> datetime | None:
    """Since when what an undo brought back into force was decided on something else than is there now."""
    if entry.after_id is None:
        return None
    seen = session.get_one(Decision, entry.after_id).seen
    if target.is_as_in(seen):
        return None
    return target.row.changed_after_at or now


def _again(earlier: Decision, wish: Wish, by: Decider) -> Taken:
    same = (earlier.subject, earlier.subject_key, earlier.who) == (wish.subject, wish.key, by.name)
    said = earlier.act if earlier.act in (UNDO, COMMENT) else earlier.word
    if not same or said != wish.word or earlier.reason != wish.reason:
        raise KeyReused("this key was used for another decision")
    return Taken(earlier, Judged(), repeated=True)


def _check_word(wish: Wish) -> None:
    if wish.word not in (*decisions.WORDS.get(wish.subject, ()), UNDO, COMMENT):
        raise UnknownWord(f"this cannot be decided on a {wish.subject}")
    if wish.word == COMMENT and not wish.reason:
        raise ReasonNeeded("a comment says something")


def _entry(
    session: Session, settings: Settings, wish: Wish, by: Decider, target: Target, now: datetime
) -> Decision:
    run, image = target.run, target.image
    entry = Decision(
        subject=wish.subject,
        generation=wish.key[0],
        subject_id=wish.key[1],
        run_generation=run.generation if run else None,
        run_id=run.id if run else None,
        image_generation=image.generation if image else None,
        image_id=image.id if image else None,
        word=wish.word,
        at=now,
        at_local=now.astimezone(settings.time.zone_info).isoformat(timespec="seconds"),
        who=by.name,
        role=by.role,
        station=by.station,
        reason=wish.reason,
        rules_version=target.rules_version,
        verdict_id=target.verdict.id if target.verdict else None,
        seen={**target.seen, "state": wish.state},
        key=wish.idempotency,
        mark=uuid4().hex,
    )
    if wish.word == COMMENT:
        entry.act = COMMENT
        return entry
    _check_state(wish, target)
    entry.made_on = target.head.id if target.head else 0
    entry.before_id, entry.before_word = target.in_force
    if wish.word == UNDO:
        _take_back(session, settings, entry, wish, by, target)
    else:
        _take(settings, entry, wish, by, target)
    _sign(settings, entry, by)
    return entry


def _check_state(wish: Wish, target: Target) -> None:
    image = target.image.key if target.image else None
    if wish.image is not None and wish.image != image:
        raise Conflict("this defect belongs to another image by now", target.state)
    if wish.state != target.state:
        head = target.head
        if head is not None and not wish.state.startswith(f"{head.id}-"):
            raise Conflict(f"{head.who} was first", target.state, head)
        raise Conflict("the vision system changed this in the meantime", target.state)
    if target.row.gone and wish.word != UNDO:
        raise Conflict("the vision system deleted this in the meantime", target.state)


def _take(settings: Settings, entry: Decision, wish: Wish, by: Decider, target: Target) -> None:
    review, head = settings.review, target.head
    check_reason(review, wish, target)
    check_signature(review, wish, wish.word, by)
    entry.act = DECIDE
    if needs_second_person(review, wish, by, target):
        entry.act = PROPOSE
        entry.after_id, entry.after_word = target.in_force
    elif head is not None and head.act == PROPOSE and head.word == wish.word:
        entry.seconds = head.id


def _take_back(
    session: Session, settings: Settings, entry: Decision, wish: Wish, by: Decider, target: Target
) -> None:
    """A proposal, or the decision in force, is withdrawn: what was in force before it is so again."""
    head = target.head
    if head is None or (head.act != PROPOSE and target.in_force[0] is None):
        raise Conflict("there is nothing to undo", target.state, head)
    undone = head if head.act == PROPOSE else session.get_one(Decision, target.in_force[0])
    check_signature(settings.review, wish, undone.word, by)
    entry.act, entry.undoes = UNDO, undone.id
    entry.after_id, entry.after_word = undone.before_id, undone.before_word


def _sign(settings: Settings, entry: Decision, by: Decider) -> None:
    if by.signature is not None:
        entry.signed_name, entry.signed_at = by.signature.name, by.signature.at
        entry.meaning = meaning_of(settings.review, entry)


def _said(entry: Decision, by: Decider) -> dict[str, Any]:
    """The entry as the audit keeps it: enough to tell what is in force without the entry itself."""
    after_id, after_word = entry.in_force
    said = {
        "decision": entry.id,
        "subject": entry.subject,
        "key": list(entry.subject_key),
        "act": entry.act,
        "word": entry.word,
        "made_on": entry.made_on,
        "undoes": entry.undoes,
        "seconds": entry.seconds,
        "in_force": after_id,
        "word_in_force": after_word,
        "at": entry.at,
        "at_local": entry.at_local,
        "role": entry.role,
        "reason": entry.reason,
        "rules_version": entry.rules_version,
        "verdict": entry.verdict_id,
        "seen": entry.seen,
    }
    if by.signature is not None:
        said["signature"] = {"name": entry.signed_name, "at": entry.signed_at, "meaning": entry.meaning}
        said["session_of"] = by.signature.session_of
    return said
