"""Agreement with hand inspections: what the line said of a serial, and what people found on it."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hmi.plant.values import as_local_time
from hmi.settings import PlantTime
from hmi.statistics.asked import Question
from hmi.statistics.values import share
from hmi.store.mirror import HandInspection
from hmi.store.runs import Run

MOST = 2000  # inspections, the newest by their number
CHUNK = 400
GOOD, BAD, UNKNOWN = "good", "bad", "unknown"
BY_HAND = {"PASS": GOOD, "OK": GOOD, "FAIL": BAD, "NG": BAD}
BY_THE_LINE = {"pass": GOOD, "accepted": GOOD, "fail": BAD}


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often the line's verdict (rows) met what people found (columns); `is_cut`: only the newest ones."""

    pairs: dict[tuple[str, str], int]  # (line, hand)
    is_cut: bool

    @property
    def inspected(self) -> int:
        return sum(self.pairs.values())

    @property
    def compared(self) -> int:
        return sum(number for pair, number in self.pairs.items() if UNKNOWN not in pair)

    @property
    def rate(self) -> float | None:
        """Share of those where both said something."""
        return share(sum(self.pairs.get((said, said), 0) for said in (GOOD, BAD)), self.compared)


def agreement(session: Session, time: PlantTime, asked: Question) -> Agreement:
    """Of the newest inspections those made within the time, on parts of the types that are asked for.

    The line's word is the verdict of the serial's newest run; for review, missing and the like are unknown.
    """
    newest = select(HandInspection).order_by(HandInspection.id.desc()).limit(MOST + 1)
    rows = list(session.scalars(newest))
    within = [row for row in rows[:MOST] if _is_within(row.row, time, asked)]
    runs = _newest_runs(session, sorted({row.serial for row in within if row.serial}))
    pairs: Counter[tuple[str, str]] = Counter()
    for row in within:
        run = runs.get(row.serial or "")
        if asked.parts and (run is None or run.part not in asked.parts):
            continue
        said = BY_THE_LINE.get(run.verdict, UNKNOWN) if run else UNKNOWN
        pairs[said, BY_HAND.get(str(row.row.get("pass_fail") or "").strip().upper(), UNKNOWN)] += 1
    return Agreement(dict(pairs), len(rows) > MOST)


def _is_within(row: dict[str, Any], time: PlantTime, asked: Question) -> bool:
    at = _at(row, time)
    return at is not None and asked.since <= at < asked.until


def _at(row: dict[str, Any], time: PlantTime) -> datetime | None:
    """The plant writes it by its own clock, without a zone."""
    for name in ("scan_datetime", "created_at"):
        local = as_local_time(row.get(name))
        if local is not None:
            return local if local.tzinfo else local.replace(tzinfo=time.zone_info)
    return None


def _newest_runs(session: Session, serials: list[str]) -> dict[str, Run]:
    found: dict[str, Run] = {}
    for start in range(0, len(serials), CHUNK):
        of_serials = select(Run).where(Run.serial.in_(serials[start : start + CHUNK]), ~Run.gone)
        for run in session.scalars(of_serials.order_by(Run.order_ms, Run.generation, Run.id)):
            found[run.serial or ""] = run
    return found
