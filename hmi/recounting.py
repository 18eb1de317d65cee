"""Counting everything anew, in steps that block nobody: after an upgrade, on demand, and when shifts change.

A step counts some runs in the edition that is being built, within one short transaction. Meanwhile what is
judged is counted in both editions. Any process may take the next step: they take turns.
"""

import json
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from hmi.judging import facts_of
from hmi.judging.counting import count
from hmi.settings import PlantTime, Settings
from hmi.store import counts, editions, turns
from hmi.store.editions import Editions
from hmi.store.runs import Key, Run

AT_ONCE, SWEPT_AT_ONCE = 100, 2000


def is_due(session: Session, settings: Settings) -> bool:
    """Whether there is something to do, be it to begin because the settings of the time changed."""
    now = editions.of(session)
    return now.building is not None or not now.swept or now.time != _written(settings.time)


def begin(session: Session, settings: Settings) -> Editions:
    """Begin to count everything anew."""
    turns.take(session)
    return editions.begin(session, _written(settings.time))


def step(session: Session, settings: Settings) -> Editions:
    """The next piece of work, within the caller's transaction."""
    turns.take(session)
    now = editions.of(session)
    if now.time != _written(settings.time):
        return editions.begin(session, _written(settings.time))
    if now.building is None:
        return _sweep(session, now)
    runs = _next_runs(session, now.below)
    if not runs:
        return editions.finish(session, now)
    count(session, settings.time, facts_of(session, runs), now.building)
    return editions.keep(session, _advanced(now, runs))


def _sweep(session: Session, now: Editions) -> Editions:
    """Remove a piece of what is not shown any more."""
    if counts.sweep(session, (now.shown,), SWEPT_AT_ONCE):
        return now
    return editions.keep(session, replace(now, swept=True))


def _next_runs(session: Session, below: Key | None) -> list[Key]:
    chosen = select(Run.generation, Run.id)
    if below is not None:
        chosen = chosen.where(Run.generation <= below[0], tuple_(Run.generation, Run.id) < below)
    newest = chosen.order_by(Run.generation.desc(), Run.id.desc()).limit(AT_ONCE)
    return [(row.generation, row.id) for row in session.execute(newest)]


def _advanced(now: Editions, runs: Sequence[Key]) -> Editions:
    return replace(now, below=min(runs), done=now.done + len(runs))


def _written(time: PlantTime) -> str:
    """What decides how slots are cut."""
    return json.dumps([time.zone, [[shift.name, shift.start.isoformat()] for shift in time.shifts]])
