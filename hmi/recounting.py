"""Counting everything anew, in steps that block nobody: after an upgrade, on demand, and when shifts change.

A step counts some runs in the edition that is being built, within one short transaction. Meanwhile what is
judged is counted in both editions. Any process may take the next step: they take turns.

Retention removes runs but not their counts: what such a run has added is carried over, into the slots that
its time falls into now.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.orm import Session

from hmi.judging import facts_of
from hmi.judging.counting import NO_TIME, count
from hmi.settings import PlantTime, Settings
from hmi.slots import moment, slots_of
from hmi.store import counts, editions, turns
from hmi.store.counts import DAYS_OF, CountedRun, Difference, Kind
from hmi.store.editions import Editions
from hmi.store.runs import Key, Run

GRAINS = 2  # 1: nothing by the day but defects
AT_ONCE, SWEPT_AT_ONCE = 100, 2000


def is_due(session: Session, settings: Settings) -> bool:
    """Whether there is something to do, be it to begin because the settings of the time changed."""
    now = editions.of(session)
    return now.building is not None or not now.swept or now.time != written(settings.time)


def begin(session: Session, settings: Settings) -> Editions:
    """Begin to count everything anew."""
    turns.take(session)
    return editions.begin(session, written(settings.time))


def step(session: Session, settings: Settings) -> Editions:
    """The next piece of work, within the caller's transaction."""
    turns.take(session)
    now = editions.of(session)
    if now.time != written(settings.time):
        return editions.begin(session, written(settings.time))
    if now.building is None:
        return _sweep(session, now)
    keys = _next_keys(session, now)
    if not keys:
        return editions.finish(session, now)
    runs = _held(session, keys)
    count(session, settings.time, facts_of(session, runs), now.building)
    _keep_firsts(session, now.shown, now.building, runs)
    _carry_over(session, settings.time, now.shown, now.building, keys)
    return editions.keep(session, replace(now, below=keys[-1], done=now.done + len(runs)))


def _sweep(session: Session, now: Editions) -> Editions:
    """Remove a piece of what is not shown any more."""
    if counts.sweep(session, now.shown, SWEPT_AT_ONCE):
        return now
    return editions.keep(session, replace(now, swept=True))


def _next_keys(session: Session, now: Editions) -> list[Key]:
    """The next ones downwards: runs that are here, and those that once were counted and are not."""
    keys = _newest(session, Run, now.below)
    if now.shown != now.building:
        keys |= _newest(session, CountedRun, now.below, CountedRun.edition == now.shown)
    return sorted(keys, reverse=True)[:AT_ONCE]


def _newest(
    session: Session, table: type[Run | CountedRun], below: Key | None, *which: ColumnElement[bool]
) -> set[Key]:
    chosen = select(table.generation, table.id).where(*which)
    if below is not None:
        chosen = chosen.where(table.generation <= below[0], tuple_(table.generation, table.id) < below)
    newest = chosen.order_by(table.generation.desc(), table.id.desc()).limit(AT_ONCE)
    return {(row.generation, row.id) for row in session.execute(newest)}


def _held(session: Session, keys: Sequence[Key]) -> list[Key]:
    """Those of them that are here: retention, which takes no turn, leaves them whole until we are done."""
    found: list[Key] = []
    for generation in sorted({key[0] for key in keys}):  # by pairs, SQLite would read the whole index
        ids = [number for of, number in keys if of == generation]
        here = select(Run.generation, Run.id).where(Run.generation == generation, Run.id.in_(ids))
        found += [(row.generation, row.id) for row in session.execute(here.with_for_update(read=True))]
    return found


def _keep_firsts(session: Session, shown: int, building: int, runs: Sequence[Key]) -> None:
    """A run is not the first of its serial because the one before it was removed: what is shown knows."""
    before = counts.counted(session, shown, runs)
    change, kinds = Difference(), set()
    for key, row in counts.counted(session, building, runs).items():
        if row.first and key in before and not before[key].first:
            kinds.add(counts.turn(session, row, False, change))
    counts.note_kinds(session, kinds)
    change.write(session, building)


def _carry_over(session: Session, time: PlantTime, shown: int, building: int, keys: Sequence[Key]) -> None:
    """What runs that retention removed have added, or half removed: all others stand in the new edition now,
    and what is gone from the plant does not stand in what is shown."""
    there = counts.counted(session, building, keys)
    change = Difference()
    for key, row in counts.counted(session, shown, keys).items():
        if key not in there:
            kept, kinds = _cut_anew(session, row, time, building)
            session.add(kept)
            change.add(kept.starts, kept.amounts)
            counts.note_kinds(session, kinds)
    change.write(session, building)


def _cut_anew(
    session: Session, row: CountedRun, time: PlantTime, edition: int
) -> tuple[CountedRun, Collection[Kind]]:
    """The same in another edition, in the slots and the shift that its time falls into by these settings."""
    slots = slots_of(moment(row.order_ms // 1000), time) if row.order_ms else NO_TIME
    known = counts.kinds_of(session, row.amounts)
    kinds = {
        number: kind._replace(shift=slots.shift) if kind.subject in DAYS_OF else kind
        for number, kind in known.items()
    }
    kept = row.copy(edition)
    kept.hour, kept.span, kept.day, kept.month = slots.hour, slots.span, slots.day, slots.month
    kept.added = counts.written({kinds[number].id: amount for number, amount in row.amounts.items()})
    return kept, kinds.values()


def written(time: PlantTime) -> str:
    """What decides how slots are cut, and by which grains they are counted."""
    return json.dumps([GRAINS, time.zone, [[shift.name, shift.start.isoformat()] for shift in time.shifts]])
