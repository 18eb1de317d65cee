"""The past: parts from before the feed began, newest first, found by primary key alone.

Each read brings the next older parts complete, and with them every row that lies in the same stretch of ids,
whatever it belongs to. The stretches of successive reads touch, so that in the end every row was brought.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from statistics import median_low
from typing import Any

from hmi.plant import build
from hmi.plant.contract import check_contract
from hmi.plant.database import PlantDatabase, Session
from hmi.plant.generations import Generations
from hmi.plant.locate import PARENTS, begin_of
from hmi.plant.rows import Batch
from hmi.plant.sources import Row, Source, sources
from hmi.settings import Feed as FeedSettings

_SAMPLE = 25  # triggers looked at in one step of the search for a date: one wrong clock does not mislead it

_Stretch = tuple[int, int]  # ids after < id <= last


class PastReader:
    """Reads older parts, for one thread. Every transaction is short; every call can be repeated.

    position: that of the feed's newest batch. `generations` comes from it, and must follow the feed's when
    the plant database is set back: then everything that is newer than the restore is left to the feed.
    """

    def __init__(
        self, database: PlantDatabase, settings: FeedSettings, position: Mapping[str, Any] | None = None
    ) -> None:
        self._database = database
        self._window = settings.window
        self._margin = max(1_000, settings.window)
        self.generations = Generations.from_json((position or {}).get("generations", ()))

    def read(self, before: int | None, parts: int) -> Batch:
        """The next `parts` triggers with id < before (None: the newest), with all their images and defects.

        The next read goes on from the lowest trigger id of this one; `more` says whether there is any.
        Raises PlantUnavailable.
        """
        if self.generations.cuts:
            newest_old = self.generations.cuts[-1].get("Triggers", 0)
            before = newest_old + 1 if before is None else min(before, newest_old + 1)
        with self._database.read() as session:
            there = sources(check_contract(session), session)
            found = there["Triggers"].newest(session, parts + 1, before)
            triggers, more = found[:parts], len(found) > parts
            if not triggers:
                return Batch(began_s=0.0, past=True)
            stretches = _stretches(session, there, triggers[-1][0] if more else None, before)
        rows = {"Triggers": triggers[::-1]}
        ours = {row[0] for row in triggers}
        for table, stretch in stretches.items():
            rows[table] = self._stretch(there[table], stretch) + self._strays(there[table], stretch, ours)
            ours = {row[0] for row in rows[table] if row[1] in ours}
        fields = build.parts(there, rows, self.generations)
        return Batch(began_s=0.0, past=True, more=more, generations=self.generations, **fields)

    def trigger_before(self, moment: datetime) -> int:
        """The id of the newest trigger older than `moment` (which has a zone); 0 if there is none.

        Triggers without a usable time are passed over. Raises PlantUnavailable.
        """
        with self._database.read() as session:
            source = sources(check_contract(session), session)["Triggers"]
            newest = source.newest(session, 1)
            low, high = 0, newest[0][0] if newest else 0
            while low < high:
                middle = (low + high + 1) // 2
                sample = source.newest(session, _SAMPLE, middle + 1)
                times = [at for row in sample if (at := source.values(row)[1]) is not None]
                if not times or median_low(times) < moment:
                    low = middle
                else:
                    high = middle - 1
        return int(low)

    def _stretch(self, source: Source, stretch: _Stretch) -> list[Row]:
        """All rows of the stretch, a window at a time."""
        after, last = stretch
        rows: list[Row] = []
        while after < last:
            with self._database.read() as session:
                window = source.between(session, after, last, self._window)
            rows += window
            after = window[-1][0] if len(window) == self._window else last
        return rows

    def _strays(self, source: Source, stretch: _Stretch, parents: Collection[int]) -> list[Row]:
        """Children of these parents around the stretch, as far as there are any."""
        rows: list[Row] = []
        for start, step in ((stretch[0], -self._margin), (stretch[1], self._margin)):
            found = [()] if parents else []
            at = start
            while found:
                with self._database.read() as session:
                    found = source.children(session, min(at, at + step), max(at, at + step), parents)
                rows += found
                at += step
        return rows


def _stretches(
    session: Session, there: Mapping[str, Source], first: int | None, before: int | None
) -> dict[str, _Stretch]:
    """Of each child table the ids that belong, roughly, to triggers first..before; None: to the very end."""
    stretches: dict[str, _Stretch] = {}
    for table in PARENTS:
        if table not in there:
            break
        after = 0 if first is None else begin_of(session, table, first)
        newest = there[table].newest(session, 1)
        last = (newest[0][0] if newest else 0) if before is None else begin_of(session, table, before)
        stretches[table] = (after, last)
        first = None if first is None else after + 1
        before = None if before is None else last + 1
    return stretches
