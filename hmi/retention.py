"""Parts that are old enough are removed with their images, defects and verdicts, a few rows at a time.

What people decided on is kept whole, whatever its age, and so is what still waits for them. Decisions, the
audit, rules and counts are never touched.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_, select, tuple_
from sqlalchemy.orm import Session

from hmi.settings import Settings
from hmi.store import Store, state
from hmi.store.decisions import Decision
from hmi.store.reviews import OpenReview
from hmi.store.runs import Defect, Image, Key, Run, Suppression
from hmi.store.verdicts import Verdict

log = logging.getLogger(__name__)

NAME = "retention"
ROWS = 500  # at most in one unit of work
RUNS = 40  # looked at in one unit
BUSY_S, QUIET_S = 0.2, 30.0
Check = Callable[[Session], None]


class Retention:
    """The leader's part of it. `check` raises where the lease is not ours any more."""

    def __init__(self, settings: Settings, store: Store, check: Check) -> None:
        self._settings = settings
        self._store = store
        self._check = check
        self._next = 0.0

    def step(self) -> None:
        """One unit, if one is due."""
        if not self._settings.retention.days or time.monotonic() < self._next:
            return
        with self._store.write() as session:
            self._check(session)
            is_done = remove_old(session, self._settings.retention.days, datetime.now(UTC))
        self._next = time.monotonic() + (QUIET_S if is_done else BUSY_S)


def remove_old(session: Session, days: int, now: datetime) -> bool:
    """One unit of at most ROWS rows; True when there is nothing left to do for the moment.

    What is old is so by the part's time and by ours: the past that was brought in yesterday stays for `days`.
    Each day begins at the oldest part again, because people may have closed what was open.
    """
    said = state.get(session, NAME) or {}
    today = now.date().isoformat()
    place = said.get("place") if said.get("day") == today else None
    before = now - timedelta(days=days)
    runs = _next_runs(session, place, before)
    kept = _kept(session, runs, before)
    left, removed_before = ROWS, int(said.get("removed_before", 0))
    for run in runs:
        if run.key not in kept:
            left = _remove(session, run, left)
            if left <= 0:
                break
            removed_before = max(removed_before, run.order_ms)
        place = [run.order_ms, *run.key]
    state.put(session, NAME, {"day": today, "place": place, "removed_before": removed_before})
    return len(runs) < RUNS and left > 0


def told(session: Session, zone: tzinfo) -> str:
    """Since when data are here, for the pages that end there; empty where nothing is here yet."""
    removed_before = int((state.get(session, NAME) or {}).get("removed_before", 0))
    if removed_before:
        day = _day(removed_before, zone)
        return f"Parts up to {day} were removed because of their age; those that people decided on are here."
    oldest = session.scalar(
        select(Run.order_ms).where(Run.order_ms > 0, ~Run.gone).order_by(Run.order_ms).limit(1)
    )
    return f"Data here since {_day(oldest, zone)}." if oldest else ""


def _day(order_ms: int, zone: tzinfo) -> str:
    return f"{datetime.fromtimestamp(order_ms / 1000, UTC).astimezone(zone):%Y-%m-%d}"


def _next_runs(session: Session, place: list[int] | None, before: datetime) -> list[Run]:
    chosen = select(Run).where(Run.order_ms < int(before.timestamp() * 1000))
    order = (Run.order_ms, Run.generation, Run.id)
    if place is not None:
        chosen = chosen.where(tuple_(*order) > tuple_(*place))
    return list(session.scalars(chosen.order_by(*order).limit(RUNS)))


def _kept(session: Session, runs: list[Run], before: datetime) -> set[Key]:
    decided = select(Decision.run_generation, Decision.run_id).where(
        Decision.run_id.in_([run.id for run in runs])
    )
    kept = {(row[0] or 0, row[1] or 0) for row in session.execute(decided)}
    return kept | {run.key for run in runs if run.first_seen >= before or run.review_open}


def _remove(session: Session, run: Run, left: int) -> int:
    """Remove it, or as much of it as `left` rows; how many rows are left then. The run itself goes last."""
    images = list(session.scalars(select(Image).where(*_of(Image, run))))
    for image in images:
        left -= _remove_defects(session, image, left)
        if left <= 0:
            run.gone = True  # nothing of half a part is shown
            return 0
    for table in (Verdict, OpenReview):
        numbers = select(*table.__table__.primary_key).where(*_of(table, run)).limit(left)
        keys = [tuple(row) for row in session.execute(numbers)]
        _delete(session, table, keys)
        left -= len(keys)
        if left <= 0:
            run.gone = True
            return 0
    for image in images:
        session.delete(image)
    session.delete(run)
    session.flush()
    return left - len(images) - 1


def _remove_defects(session: Session, image: Image, most: int) -> int:
    of_image = (Defect.image_id == image.id, Defect.image_generation == image.generation)
    keys = [
        tuple(row)
        for row in session.execute(select(Defect.generation, Defect.id).where(*of_image).limit(most))
    ]
    if not keys:
        return 0
    by = [and_(Suppression.defect_generation == key[0], Suppression.defect_id == key[1]) for key in keys]
    for start in range(0, len(by), 100):
        session.execute(delete(Suppression).where(or_(*by[start : start + 100])))
    _delete(session, Defect, keys)
    return len(keys)


def _delete(session: Session, table: type[Any], keys: Iterable[tuple[int, ...]]) -> None:
    """By primary keys, one generation at a time: SQLite reads the whole table for a list of pairs."""
    *first, last = table.__table__.primary_key
    numbers: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for key in keys:
        numbers[key[:-1]].append(key[-1])
    for same, those in numbers.items():
        of_these = [column == value for column, value in zip(first, same, strict=True)]
        session.execute(delete(table).where(*of_these, last.in_(those)))


def _of(
    table: type[Image | Verdict | OpenReview], run: Run
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return table.run_id == run.id, table.run_generation == run.generation
