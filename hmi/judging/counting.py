"""Keeps the counts true: whatever changes a run writes the difference to what the run had added before."""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hmi.judging.contribution import Facts, contribution
from hmi.settings import PlantTime
from hmi.slots import Slots, slots_of
from hmi.store import counts, editions
from hmi.store.counts import UNKNOWN_TIME, CountedRun, Difference, Kind, Tally
from hmi.store.runs import Key, Run

NO_TIME = Slots(UNKNOWN_TIME, UNKNOWN_TIME, UNKNOWN_TIME, UNKNOWN_TIME, shift="")


def keep(session: Session, time: PlantTime, facts: Sequence[Facts]) -> None:
    """Count these runs as they are now, in every edition that is kept up. The caller has the turn."""
    session.flush()
    for edition in editions.kept_up(session):
        count(session, time, facts, edition)


def count(session: Session, time: PlantTime, facts: Sequence[Facts], edition: int) -> None:
    """Count these runs as they are now in this edition."""
    before = counts.counted(session, edition, [one.run.key for one in facts])
    firsts = _Firsts.of(session, facts, before)
    change = Difference()
    kinds: set[Kind] = set()
    for one in facts:
        was = before.get(one.run.key)
        slots = _slots_of(one.run, time)
        tally = contribution(one, first=firsts.is_first(one.run, was), shift=slots.shift)
        if _replace(session, edition, one.run, was, _now(one.run, tally, slots), change):
            kinds.update(tally)
    kinds |= _turn_others(session, edition, firsts, change)
    if kinds or change:
        counts.note_kinds(session, kinds)
        change.write(session, edition)
        session.flush()


def _slots_of(run: Run, time: PlantTime) -> Slots:
    return slots_of(run.at, time) if run.at is not None and run.order_ms else NO_TIME


def _now(run: Run, tally: Tally, slots: Slots) -> dict[str, Any]:
    """What is kept of a run that is counted; empty for one that adds nothing."""
    if not tally:
        return {}
    return {
        "hour": slots.hour,
        "span": slots.span,
        "day": slots.day,
        "month": slots.month,
        "serial": run.serial,
        "order_ms": run.order_ms,
        "first": any(kind.first for kind in tally),
        "added": counts.written({kind.id: amount for kind, amount in tally.items()}),
    }


def _replace(
    session: Session, edition: int, run: Run, was: CountedRun | None, now: dict[str, Any], change: Difference
) -> bool:
    """Note what a run adds now; False if that is what it added before."""
    if was is not None:
        if now and all(getattr(was, name) == value for name, value in now.items()):
            return False
        change.add(was.starts, was.amounts, sign=-1)
    if not now:
        if was is not None:
            session.delete(was)
        return was is not None
    if was is None:
        was = CountedRun(edition=edition, generation=run.generation, id=run.id)
        session.add(was)
    for name, value in now.items():
        setattr(was, name, value)
    change.add(was.starts, was.amounts)
    return True


@dataclass(frozen=True, slots=True)
class _Firsts:
    """Which run is the first of its serial, for the serials that the runs counted now can change.

    Of a serial only these runs can become the first, or cease to be it, and the first one of all others.
    """

    first: Mapping[str, Key | None]  # by serial
    others: Mapping[Key, str]  # runs of these serials that are not counted now → serial
    led: Set[str]  # serials of which one of the runs counted now was the first

    @classmethod
    def of(cls, session: Session, facts: Sequence[Facts], before: Mapping[Key, CountedRun]) -> "_Firsts":
        now = {one.run.key for one in facts}
        touched = Counter(
            serial for one in facts for serial in _changed_serials(one.run, before.get(one.run.key))
        )
        first: dict[str, Key | None] = {}
        others: dict[Key, str] = {}
        for serial, number in touched.items():
            oldest = _oldest(session, serial, number + 1)
            first[serial] = oldest[0] if oldest else None
            others |= {key: serial for key in oldest if key not in now}
        led = {was.serial for was in before.values() if was.first and was.serial is not None}
        return cls(first, others, led)

    def is_first(self, run: Run, was: CountedRun | None) -> bool:
        """A run without a serial is a part by itself."""
        if run.serial is None:
            return True
        if run.serial in self.first:
            return self.first[run.serial] == run.key
        return was is not None and was.first


def _changed_serials(run: Run, was: CountedRun | None) -> set[str]:
    """The serials whose order this run changes."""
    before = (was.serial, was.order_ms) if was is not None else None
    after = (run.serial, run.order_ms) if not run.gone else None
    if before == after:
        return set()
    return {place[0] for place in (before, after) if place is not None and place[0] is not None}


def _oldest(session: Session, serial: str, most: int) -> list[Key]:
    of_serial = select(Run.generation, Run.id).where(Run.serial == serial, ~Run.gone)
    in_order = of_serial.order_by(Run.order_ms, Run.generation, Run.id).limit(most)
    return [(row.generation, row.id) for row in session.execute(in_order)]


def _turn_others(session: Session, edition: int, firsts: _Firsts, change: Difference) -> set[Kind]:
    """Runs that were judged before and are now the first of their serial, or no more.

    A run is not the first because the one before it was removed by retention, which leaves its counts: only
    where one of the runs counted now was the first can another one take its place.
    """
    found = set()
    for key, row in counts.counted(session, edition, firsts.others).items():
        serial = firsts.others[key]
        is_first = firsts.first[serial] == key
        if row.first == is_first or (is_first and serial not in firsts.led):
            continue
        found.add(counts.turn(session, row, is_first, change))
    return found
