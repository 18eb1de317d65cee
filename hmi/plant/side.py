"""What the feed brings beside parts: small tables whole, and what people found by hand.

They are read in a transaction of their own: a lock on one of them must not stop the line's pictures.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hmi.plant.contract import Contract
from hmi.plant.database import PlantDatabase, PlantUnavailable, Session
from hmi.plant.follow import Followed, Found
from hmi.plant.sources import Source, as_mappings, sources

CAMERAS = "Cameras"
WHOLE = (CAMERAS, "Part_Information", "Current_Part", "Outflow")
INSPECTIONS = "HumanInspect"
MOST_ROWS = 5_000  # of one small table: the newest
RETRY_S = 5.0


Tables = Mapping[str, tuple[Mapping[str, Any], ...]]


@dataclass
class Beside:
    """What one read brought; empty when nothing was due."""

    tables: Tables = field(default_factory=dict)
    inspections: tuple[Mapping[str, Any], ...] = ()
    more: bool = False
    remarks: tuple[str, ...] = ()


class SideTables:
    """`must`: nothing can be judged before "Cameras" was read once; until then its failure is no remark."""

    def __init__(self, followed: Followed, minute_s: float, *, must: bool = False) -> None:
        self.followed = followed
        self._must = must
        self._minute_s = minute_s
        self._next_whole = 0.0
        self._next_inspections = 0.0
        self._remarks: tuple[str, ...] = ()

    def read(self, database: PlantDatabase, contract: Contract, now_s: float, within_s: float) -> Beside:
        """Read what is due. A failure is a remark, and tried again soon; it is raised where `must` asks."""
        now = time.monotonic()
        if now < min(self._next_whole, self._next_inspections):
            return Beside(remarks=self._remarks)
        try:
            beside = self._read(database, contract, now_s, within_s, whole=now >= self._next_whole)
        except PlantUnavailable as error:
            cameras = self._cameras(database, contract, within_s) if self._must else {}
            self._next_whole = self._next_inspections = now + min(RETRY_S, self._minute_s)
            self._remarks = (f"small tables: {error}",)
            return Beside(cameras, remarks=self._remarks)
        if now >= self._next_whole:
            self._next_whole = now + self._minute_s
            self._must = False
        self._next_inspections = now if beside.more else now + min(RETRY_S, self._minute_s)
        self._remarks = ()
        return beside

    def _cameras(self, database: PlantDatabase, contract: Contract, within_s: float) -> Tables:
        """By themselves, whatever stops the others."""
        with database.read(within_s) as session:
            there = sources(contract, session, (CAMERAS,))
            found = {name: _whole(session, source) for name, source in there.items()}
        self._must = False
        return found

    def _read(
        self, database: PlantDatabase, contract: Contract, now_s: float, within_s: float, *, whole: bool
    ) -> Beside:
        with database.read(within_s) as session:
            there = sources(contract, session, (*WHOLE, INSPECTIONS))
            inspections = there.pop(INSPECTIONS, None)
            tables = {name: _whole(session, source) for name, source in there.items()} if whole else {}
            found = self._inspections(session, inspections) if inspections else None
        if inspections is None or found is None:
            return Beside(tables)
        news = self.followed.take(found, now_s)
        return Beside(tables, tuple(as_mappings(inspections, news.rows)), news.more)

    def _inspections(self, session: Session, source: Source) -> Found:
        newest = session.rows(f'SELECT max("id") FROM "{INSPECTIONS}"')[0][0] or 0  # noqa: S608
        return self.followed.read(session, source, newest)


def _whole(session: Session, source: Source) -> tuple[dict[str, Any], ...]:
    return tuple(as_mappings(source, reversed(source.newest(session, MOST_ROWS))))
