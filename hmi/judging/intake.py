"""A batch of the feed becomes rows of the store. A replay changes nothing and dirties nothing."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from hmi.plant import rows
from hmi.store import outbox
from hmi.store.mirror import HandInspection, MirroredTable
from hmi.store.runs import Defect, Image, Key, Run, Suppression

CHUNK = 400
LONGEST_TEXT, LONGEST_PATH = 500, 4000  # characters
LARGEST = 2**31 - 1
SURELY_COMPLETE = timedelta(minutes=1)
WRITTEN_BY_US = ("disposition", "dispositioned_at", "mark")
PLACE = ("run_generation", "run_id", "camera", "path")  # what makes an image that of a part
FUTURE = timedelta(days=1)  # a trigger dated later than this has no usable time


@dataclass
class Changes:
    """What a batch really changed, by key."""

    new_runs: set[Key] = field(default_factory=set)  # live ones
    runs: set[Key] = field(default_factory=set)
    images: set[Key] = field(default_factory=set)
    defects: set[Key] = field(default_factory=set)
    gone_images: set[Key] = field(default_factory=set)
    moved_images: set[Key] = field(default_factory=set)  # to another run, camera or file
    left_runs: set[Key] = field(default_factory=set)  # from which an image moved away
    other_runs: set[Key] = field(default_factory=set)  # of another part type or belt than before
    tables: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.runs or self.images or self.tables)


def store_batch(session: Session, batch: rows.Batch, now: datetime, *, is_first: bool = False) -> Changes:
    """Write everything of one batch; tell what changed. `now` is the time of arrival."""
    changes = Changes()
    _store_triggers(session, batch, now, changes, _past_before(batch, now) if is_first else None)
    _store_images(session, batch.images, now, changes)
    _store_defects(session, batch.defects, now, changes)
    _store_suppressions(session, batch, changes)
    _store_gone(session, batch, changes)
    _store_tables(session, batch, now, changes)
    _store_inspections(session, batch.human_inspections)
    return changes


def order_ms(at: datetime | None, now: datetime) -> int:
    """The key that sorts runs by trigger time; 0, which sorts last, for a time that cannot be true."""
    if at is None or at > now + FUTURE:
        return 0
    return max(0, int(at.timestamp() * 1000))


def _past_before(batch: rows.Batch, now: datetime) -> datetime | None:
    """Of the first batch: parts from before this time, by the plant's own clock, are complete long since.

    A trigger dated ahead says nothing of that: it must not make the part in front of the cameras the past.
    """
    usable = [trigger.timestamp for trigger in batch.triggers if order_ms(trigger.timestamp, now)]
    newest = max(filter(None, usable), default=None)
    return min(newest, now) - SURELY_COMPLETE if newest else None


def _store_triggers(
    session: Session, batch: rows.Batch, now: datetime, changes: Changes, past_before: datetime | None
) -> None:
    known = by_key(session, Run, [(trigger.generation, trigger.id) for trigger in batch.triggers])
    for trigger in batch.triggers:
        key = (trigger.generation, trigger.id)
        values = {
            "at": trigger.timestamp,
            "serial": (serial := _text(trigger.part_instance)),
            "serial_upper": serial.upper() if serial else None,
            "part": _text(trigger.part),
            "belt": _text(trigger.belt),
            "label": _whole(trigger.label),
            "gone": False,
        }
        run = known.get(key)
        if run is not None and (run.part, run.belt) != (values["part"], values["belt"]):
            changes.other_runs.add(key)
        if run is None:
            order = order_ms(trigger.timestamp, now)
            at = trigger.timestamp
            past = batch.past or (past_before is not None and at is not None and at < past_before)
            run = Run(generation=key[0], id=key[1], first_seen=now, past=past, order_ms=order, **values)
            session.add(run)
            if not past:
                changes.new_runs.add(key)
        elif not _update(run, values):
            continue
        run.order_ms = order_ms(run.at, max(now, run.first_seen))
        _follow_run(session, run)
        changes.runs.add(key)
    session.flush()


def _follow_run(session: Session, run: Run) -> None:
    """Images may have come before their run: they take over its place in time and its part type."""
    of_run = (Image.run_generation == run.generation, Image.run_id == run.id)
    differs = or_(Image.order_ms != run.order_ms, Image.part.is_distinct_from(run.part))
    session.execute(
        update(Image).where(*of_run, differs).values(order_ms=run.order_ms, part=run.part),
        execution_options={"synchronize_session": False},
    )


def _store_images(session: Session, images: Sequence[rows.Image], now: datetime, changes: Changes) -> None:
    known = by_key(session, Image, [(image.generation, image.id) for image in images])
    run_keys = [(image.trigger_generation, image.trigger) for image in images if image.trigger is not None]
    runs = by_key(session, Run, run_keys)
    for row in images:
        key = (row.generation, row.id)
        values = {
            "run_generation": row.trigger_generation,
            "run_id": row.trigger,
            "camera": _text(row.camera),
            "path": (path := _text(row.path, LONGEST_PATH)),
            "gone": False,
        }
        image = known.get(key)
        run = runs.get((row.trigger_generation, row.trigger)) if row.trigger is not None else None
        if run is not None:
            values |= {"part": run.part, "order_ms": run.order_ms}
        if image is None:
            values.setdefault("order_ms", 0)
            image = Image(generation=key[0], id=key[1], first_seen=now, **values)
            session.add(image)
        else:
            values |= _read_anew(image, path)
            before = (image.run_generation, image.run_id)
            if any(getattr(image, name) != values[name] for name in PLACE):
                changes.moved_images.add(key)
            if not _update(image, values):
                continue
            if before != (row.trigger_generation, row.trigger) and before[1] is not None:
                changes.runs.add((before[0], before[1]))
                changes.left_runs.add((before[0], before[1]))
        changes.images.add(key)
    session.flush()


def _read_anew(image: Image, path: str | None) -> dict[str, Any]:
    """Of a known image: what is unknown again under another path, or because its row comes a second time.

    A row that was deleted and inserted again is analysed again: its defects are yet to come. Its file was
    perhaps written again too; one that has not come is still looked for.
    """
    values: dict[str, Any] = {}
    if image.path != path or (image.gone and image.file_state == "whole"):
        values |= {"file_state": "unread", "file_stamp": None, "picture": None}
    if image.gone:
        values["verdict"] = "waiting"
    return values


def _store_defects(session: Session, defects: Sequence[rows.Defect], now: datetime, changes: Changes) -> None:
    keys = [(defect.generation, defect.id) for defect in defects]
    known = by_key(session, Defect, keys)
    suppressed = _suppressed_ids(session, [key for key in keys if key not in known])
    ours = _written_by_us(session, defects, known)
    for row in defects:
        key = (row.generation, row.id)
        values = _defect_values(row)
        defect = known.get(key)
        if defect is None:
            by_row = key in suppressed
            session.add(
                Defect(generation=key[0], id=key[1], first_seen=now, suppressed_by_row=by_row, **values)
            )
        else:
            if key in ours:
                _update(defect, {name: values.pop(name) for name in WRITTEN_BY_US})
            before = (defect.image_generation, defect.image_id)
            if not _update(defect, values):
                continue
            _dirty_image(changes, before)
        changes.defects.add(key)
        _dirty_image(changes, (row.image_generation, row.image))
    session.flush()


def _defect_values(row: rows.Defect) -> dict[str, Any]:
    return {
        "image_generation": row.image_generation,
        "image_id": row.image,
        "x": _whole(row.x),
        "y": _whole(row.y),
        "width": _whole(row.width),
        "height": _whole(row.height),
        "confidence": _finite(row.confidence),
        "type": _text(row.type),
        "disposition": _text(row.disposition),
        "dispositioned_at": row.dispositioned_at,
        "mark": _mark(row),
        "suppressed": row.suppressed,
        "gone": False,
    }


def _mark(row: rows.Defect) -> str | None:
    """Which decision of ours the row says that it carries."""
    mark = (row.hmi_metadata or {}).get("decision")
    return _text(mark) if isinstance(mark, str) else None


def _written_by_us(session: Session, defects: Sequence[rows.Defect], known: Mapping[Key, Defect]) -> set[Key]:
    """Rows whose disposition is the echo of what we wrote."""
    marks = {}
    for row in defects:
        before, mark = known.get((row.generation, row.id)), _mark(row)
        if mark and before and (before.mark, before.disposition) != (mark, row.disposition):
            marks[mark] = row
    found = outbox.with_marks(session, marks)
    return {
        entry.defect_key
        for mark, entry in found.items()
        if entry.defect_key == (marks[mark].generation, marks[mark].id)
        and entry.disposition == marks[mark].disposition
    }


def _store_suppressions(session: Session, batch: rows.Batch, changes: Changes) -> None:
    """What a row suppressed before it was deleted, or pointed to another defect, it suppresses no more."""
    there = {row.id: row for row in batch.suppressions}
    named = {row.target for row in there.values() if row.target is not None}
    ended = _end_suppressions(session, batch, there)
    for row in there.values():
        session.merge(Suppression(id=row.id, defect_generation=row.defect_generation, defect_id=row.defect))
    session.flush()
    suppressed = named | _suppressed_ids(session, list(ended - named))
    for key, defect in by_key(session, Defect, named | ended).items():
        if defect.suppressed_by_row != (key in suppressed):
            defect.suppressed_by_row = key in suppressed
            changes.defects.add(key)
            _dirty_image(changes, (defect.image_generation, defect.image_id))
    session.flush()


def _end_suppressions(session: Session, batch: rows.Batch, there: Mapping[int, rows.Suppression]) -> set[Key]:
    """Forget what rows pointed to before; returns the defects.

    Nobody may have looked while it changed, so what counts is what the store knows of these rows. Only
    defects that the plant still has are concerned: ids of before a restore are used again for other rows.
    """
    gone = batch.gone_suppressions
    ended = {row.target for row in gone if row.target is not None}
    ids = sorted({*there, *(row.id for row in gone)})
    for start in range(0, len(ids), CHUNK):
        of_chunk = select(Suppression).where(Suppression.id.in_(ids[start : start + CHUNK]))
        for kept in session.scalars(of_chunk).all():
            target = (kept.defect_generation, kept.defect_id)
            is_there = batch.generations.of("Defects", kept.defect_id) == kept.defect_generation
            if is_there and (kept.id not in there or there[kept.id].target != target):
                ended.add(target)
                session.delete(kept)
    session.flush()
    return ended


def _store_gone(session: Session, batch: rows.Batch, changes: Changes) -> None:
    for run in by_key(session, Run, batch.gone_triggers).values():
        run.gone = True
        changes.runs.add(run.key)
    for image in by_key(session, Image, batch.gone_images).values():
        image.gone = True
        changes.images.add(image.key)
        changes.gone_images.add(image.key)
    for defect in by_key(session, Defect, batch.gone_defects).values():
        defect.gone = True
        changes.defects.add(defect.key)
        _dirty_image(changes, (defect.image_generation, defect.image_id))
    session.flush()


def _store_inspections(session: Session, found: Sequence[Mapping[str, Any]]) -> None:
    """The first read brings thousands: they are looked up and written many at a time."""
    for start in range(0, len(found), CHUNK):
        inspections = {row["id"]: dict(row) for row in found[start : start + CHUNK]}
        known = session.scalars(select(HandInspection).where(HandInspection.id.in_(inspections)))
        for inspection in known.all():
            inspection.row = inspections.pop(inspection.id)
            inspection.serial = _text(inspection.row.get("serial_no"))
        session.add_all(
            HandInspection(id=row_id, serial=_text(row.get("serial_no")), row=row)
            for row_id, row in inspections.items()
        )
        session.flush()


def _store_tables(session: Session, batch: rows.Batch, now: datetime, changes: Changes) -> None:
    for name, found in batch.tables.items():
        body = [dict(row) for row in found]
        mirrored = session.get(MirroredTable, name)
        if mirrored is None or mirrored.rows != body:
            session.merge(MirroredTable(name=name, rows=body, read_at=now))
            changes.tables.add(name)


def by_key(session: Session, model: Any, keys: Iterable[Key], **options: Any) -> dict[Key, Any]:
    """Rows of `model` (Run, Image, Defect) by (generation, id); `options` are those of the execution.

    One generation at a time: SQLite walks through the whole table for a list of pairs.
    """
    wanted: dict[int, list[int]] = defaultdict(list)
    for generation, number in set(keys):
        wanted[generation].append(number)
    found: dict[Key, Any] = {}
    for generation, numbers in wanted.items():
        of_generation = select(model).where(model.generation == generation)
        for start in range(0, len(numbers), CHUNK):
            chunk = sorted(numbers)[start : start + CHUNK]
            of_chunk = session.scalars(of_generation.where(model.id.in_(chunk)), execution_options=options)
            found |= {row.key: row for row in of_chunk}
    return found


def _suppressed_ids(session: Session, keys: Sequence[Key]) -> set[Key]:
    found: set[Key] = set()
    for start in range(0, len(keys), CHUNK):
        ids = [key[1] for key in keys[start : start + CHUNK]]
        statement = select(Suppression.defect_generation, Suppression.defect_id)
        found |= {
            (row[0], row[1]) for row in session.execute(statement.where(Suppression.defect_id.in_(ids)))
        }
    return found


def _dirty_image(changes: Changes, key: tuple[int, int | None]) -> None:
    if key[1] is not None:
        changes.images.add((key[0], key[1]))


def _text(value: str | None, longest: int = LONGEST_TEXT) -> str | None:
    """What the store can hold and find again: no NUL, and not so long that no index takes it."""
    return value.replace("\0", "\ufffd")[:longest] if value is not None else None


def _whole(value: int | None) -> int | None:
    """A number that no column of the store can hold is as good as none."""
    return value if value is not None and abs(value) <= LARGEST else None


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _update(row: Any, values: dict[str, Any]) -> bool:
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    return bool(changed)
