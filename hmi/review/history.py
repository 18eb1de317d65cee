"""What people decided and said: of a defect, a run, a serial, or all of them since a time."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, select, tuple_
from sqlalchemy.orm import Session, aliased

from hmi.plant_time import day_and_clock
from hmi.settings import Settings
from hmi.store import outbox
from hmi.store.decisions import DEFECT, PART, UNDO, Decision, history
from hmi.store.line import parts_on_hold
from hmi.store.outbox import Outgoing
from hmi.store.runs import Key, Run, reference
from hmi.wording import decision_label

MOST = 2_000
LARGEST_PAGE = 200
_CURSOR = re.compile(r"([0-9]{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Said:
    """One entry, for pages and programs alike. References as in addresses."""

    id: int
    subject: str  # defect or part
    of: str
    run: str | None
    image: str | None
    act: str  # decide, propose, undo or comment
    word: str
    label: str
    in_force: str | None  # the word after this entry
    undoes: int | None
    who: str
    role: str
    station: str | None
    at: datetime
    when: str  # on the plant's clocks
    reason: str
    rules_version: int | None
    signed_name: str | None
    signed_at: datetime | None
    meaning: str | None


@dataclass(frozen=True, slots=True)
class SaidPage:
    items: tuple[Said, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class SaidOfSerial:
    newest: tuple[Said, ...]  # the oldest of them first
    older: int  # so many more were said before


@dataclass(frozen=True, slots=True)
class Conflict:
    """A decision that could not be written, because somebody else changed or deleted the row."""

    defect: str
    run: str | None
    image: str | None
    wanted: str | None
    found: str | None
    is_gone: bool
    who: str
    at: datetime


def said(settings: Settings, entry: Decision) -> Said:
    zone = settings.time.zone_info
    return Said(
        id=entry.id,
        subject=entry.subject,
        of=reference(entry.subject_key),
        run=_reference(entry.run_generation, entry.run_id),
        image=_reference(entry.image_generation, entry.image_id),
        act=entry.act,
        word=entry.word,
        label=decision_label(settings.review.labels, entry.subject, entry.word),
        in_force=entry.word_in_force,
        undoes=entry.undoes,
        who=entry.who,
        role=entry.role,
        station=entry.station,
        at=entry.at,
        when=day_and_clock(entry.at, zone),
        reason=entry.reason,
        rules_version=entry.rules_version,
        signed_name=entry.signed_name,
        signed_at=entry.signed_at,
        meaning=entry.meaning,
    )


def of_defect(session: Session, settings: Settings, key: Key) -> list[Said]:
    """Everything said of one defect, oldest first."""
    return [said(settings, entry) for entry in history(session, DEFECT, key)]


def of_part(session: Session, settings: Settings, key: Key) -> list[Said]:
    """Everything said of the part of a run, without what was said of its defects, oldest first."""
    return [said(settings, entry) for entry in history(session, PART, key)]


def of_run(session: Session, settings: Settings, key: Key) -> list[Said]:
    """Everything said of a part and of the defects on it, oldest first; the newest MOST."""
    return _of_runs(session, settings, [key])


def of_serial(session: Session, settings: Settings, serial: str, most: int) -> SaidOfSerial:
    """The same of all runs of a serial: the newest so many, and how many there are before them."""
    of_serial = select(Run.generation, Run.id).where(Run.serial == serial, ~Run.gone)
    newest = of_serial.order_by(Run.order_ms.desc(), Run.generation.desc(), Run.id.desc()).limit(MOST)
    runs = [(row.generation, row.id) for row in session.execute(newest)]
    entries = _of_runs(session, settings, runs)[-most:]
    return SaidOfSerial(tuple(entries), _count_of_runs(session, runs) - len(entries))


def decided_since(
    session: Session, settings: Settings, since: datetime, after: str = "", limit: int = LARGEST_PAGE
) -> SaidPage:
    """Entries made since then, newest first, page by page. Raises ValueError for a cursor that is none."""
    limit = max(1, min(limit, LARGEST_PAGE))
    chosen = select(Decision).where(Decision.at >= since)
    if after:
        last = session.get(Decision, _number(after))
        if last is None:
            raise ValueError("not a place among the decisions")
        chosen = chosen.where(tuple_(Decision.at, Decision.id) < tuple_(last.at, last.id))
    rows = session.scalars(chosen.order_by(Decision.at.desc(), Decision.id.desc()).limit(limit + 1)).all()
    following = str(rows[limit - 1].id) if len(rows) > limit else None
    return SaidPage(tuple(said(settings, entry) for entry in rows[:limit]), following)


def on_hold(session: Session, limit: int = LARGEST_PAGE) -> list[Run]:
    """Runs whose part somebody put on hold, the newest first."""
    return parts_on_hold(session, limit)


def conflicts(session: Session, limit: int = LARGEST_PAGE) -> list[Conflict]:
    """Decisions that the plant database does not hold, the newest first, unless they were taken back."""
    missed = Outgoing.state.in_((outbox.CONFLICT, outbox.GONE))
    later = aliased(Outgoing)
    of_defect = (later.defect_id == Outgoing.defect_id, later.generation == Outgoing.generation)
    is_newest = ~exists().where(*of_defect, later.id > Outgoing.id)
    undo = aliased(Decision)
    of_subject = (undo.subject == Decision.subject, undo.generation == Decision.generation)
    made_on = (*of_subject, undo.subject_id == Decision.subject_id, undo.made_on == Decision.id)
    stands = ~exists().where(*made_on, undo.act == UNDO)
    chosen = select(Outgoing, Decision).join(Decision, Decision.id == Outgoing.decision_id)
    newest = chosen.where(missed, is_newest, stands).order_by(Outgoing.id.desc()).limit(limit)
    return list(_conflicts([(row[0], row[1]) for row in session.execute(newest)]))


def _conflicts(rows: Sequence[tuple[Outgoing, Decision]]) -> Iterable[Conflict]:
    for entry, decision in rows:
        yield Conflict(
            defect=reference(entry.defect_key),
            run=_reference(decision.run_generation, decision.run_id),
            image=_reference(decision.image_generation, decision.image_id),
            wanted=entry.disposition,
            found=entry.found,
            is_gone=entry.state == outbox.GONE,
            who=decision.who,
            at=decision.at,
        )


def _of_runs(session: Session, settings: Settings, runs: Sequence[Key]) -> list[Said]:
    found: list[Decision] = []
    for of_runs in _by_generation(runs):
        newest = select(Decision).where(of_runs).order_by(Decision.id.desc()).limit(MOST)
        found += session.scalars(newest)
    return [said(settings, entry) for entry in sorted(found, key=lambda entry: entry.id)]


def _count_of_runs(session: Session, runs: Sequence[Key]) -> int:
    counted = [select(func.count()).select_from(Decision).where(of_runs) for of_runs in _by_generation(runs)]
    return sum(session.scalar(count) or 0 for count in counted)


def _by_generation(runs: Sequence[Key]) -> Iterable[ColumnElement[bool]]:
    """Chooses the entries of these runs, a generation at a time."""
    for generation in {key[0] for key in runs}:
        ids = [key[1] for key in runs if key[0] == generation]
        yield and_(Decision.run_generation == generation, Decision.run_id.in_(ids))


def _reference(generation: int | None, number: int | None) -> str | None:
    return None if generation is None or number is None else reference((generation, number))


def _number(cursor: str) -> int:
    if _CURSOR.fullmatch(cursor) is None:
        raise ValueError("not a place among the decisions")
    return int(cursor)
