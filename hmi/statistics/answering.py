"""The answer to a question, put together from sums of the counts."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from hmi import recounting
from hmi.judging.contribution import ASKING, CHANGED, NOT_JUDGED, NOT_KEPT, OPEN
from hmi.settings import Settings
from hmi.statistics import series
from hmi.statistics.asked import Question
from hmi.statistics.older import Older
from hmi.statistics.sums import Sums
from hmi.statistics.values import JUDGED, MISSING, Adding, FalseCalls, Statistics, Tally, Units
from hmi.store import editions
from hmi.store.counts import DEFECT, IMAGE, RUN
from hmi.store.decisions import OKAY, SCRAP

NOT_ASKED = "not asked"


def statistics_of(
    session: Session, settings: Settings, asked: Question, older: Older | None = None
) -> Statistics:
    """Answer within the caller's transaction. `older` keeps what other questions have in common with it."""
    now = editions.of(session)
    sums = Sums(session, settings.time, asked, now.shown, older)
    unit = IMAGE if asked.cameras else RUN
    defects, images = sums.by_kind(DEFECT), sums.by_kind(IMAGE)
    units = images if asked.cameras else sums.by_kind(RUN)
    asking = [row for row in defects if row.state in ASKING]
    slots = sums.by_start(unit, series.GRAINS[asked.step])
    return Statistics(
        question=asked,
        progress=now.progress_by(recounting.written(settings.time)),
        unit="image" if asked.cameras else "part",
        units=_units(units),
        false_calls=_false_calls(asking),
        by_type=_tallies(defects, lambda row: row.type),
        by_camera=_by_camera(defects, images),
        by_region=_tallies(asking, lambda row: row.region),
        by_reason=_tallies(asking, lambda row: row.reason),
        by_disposition=_tallies(defects, _disposition),
        by_state=_tallies(defects, lambda row: row.state),
        by_part_decision={} if asked.cameras else _part_decisions(units),
        by_shift=series.by_shift(settings.time, units),
        series=series.by_step(asked, settings.time, slots),
        time_unknown=sums.without_time(unit),
        earliest=sums.earliest(),
    )


def _units(rows: Iterable[Any]) -> Units:
    adding = Adding()
    for row in rows:
        adding.add(row.state, row.first, row.number, row.defects, row.failing)
    return adding.units


def _false_calls(asking: Iterable[Any]) -> FalseCalls:
    said: Counter[str] = Counter()
    for row in asking:
        said[row.decision] += row.number
    return FalseCalls(said[OKAY], said[SCRAP], said[OPEN] + said[CHANGED])


def _tallies(rows: Iterable[Any], name_of: Callable[[Any], str]) -> tuple[Tally, ...]:
    """The largest first, by what fails and then by all."""
    numbers: dict[str, list[int]] = {}
    for row in rows:
        of_name = numbers.setdefault(name_of(row), [0, 0])
        of_name[0] += row.number
        of_name[1] += row.number if row.state == "fail" else 0
    found = [Tally(name, number, failing) for name, (number, failing) in numbers.items()]
    return tuple(sorted(found, key=lambda tally: (-tally.failing, -tally.defects, tally.name)))


def _by_camera(defects: Sequence[Any], images: Sequence[Any]) -> tuple[Tally, ...]:
    """Also cameras without any defect."""
    tallies = {tally.name: tally for tally in _tallies(defects, lambda row: row.camera)}
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for row in images:
        counted[row.camera][row.state] += row.number
    found = [
        replace(
            tallies.get(name) or Tally(name, 0, 0),
            images=states.total() - states[MISSING],
            judged_images=sum(states[verdict] for verdict in JUDGED),
            failed_images=states["fail"],
            missing_images=states[MISSING],
        )
        for name, states in counted.items()
    ]
    return tuple(sorted(found, key=lambda tally: (-tally.failing, -tally.defects, tally.name)))


def _disposition(row: Any) -> str:
    """A defect that nobody is asked about is not open."""
    if row.decision != OPEN or row.state in ASKING:
        return str(row.decision)
    return NOT_JUDGED if row.state in (NOT_JUDGED, NOT_KEPT) else NOT_ASKED


def _part_decisions(runs: Iterable[Any]) -> dict[str, int]:
    said: Counter[str] = Counter()
    for row in runs:
        if row.decision:
            said[row.decision] += row.number
    return dict(sorted(said.items(), key=lambda word: (-word[1], word[0])))
