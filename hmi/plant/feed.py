"""The feed: the only reader of the plant's parts. One tick reads what is new, late, changed or gone."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hmi.plant import build
from hmi.plant.contract import Contract, check_contract
from hmi.plant.database import PlantDatabase, PlantUnavailable, Session
from hmi.plant.deadline import Deadline
from hmi.plant.follow import MOST_READ_AGAIN, Followed, Found, News
from hmi.plant.generations import Generations
from hmi.plant.locate import start_at
from hmi.plant.pace import Pace, WatchedTime
from hmi.plant.rewind import cut, is_rewound
from hmi.plant.rows import Batch
from hmi.plant.server_facts import NO_STANDBY, STANDBY, Lag, ServerWatch
from hmi.plant.side import INSPECTIONS, SideTables
from hmi.plant.sources import COLUMNS, SUPPRESSIONS, Source, sources
from hmi.settings import Feed as FeedSettings

FIRST_PARTS = 20  # read as new at the first start; older ones are left to the reader of the past
MOST_SWEPT = 500


@dataclass(frozen=True)
class _Reading:
    """What one transaction gave, before any of it counts."""

    followed: dict[str, Followed]
    found: dict[str, Found]
    generations: Generations
    first_trigger: int | None  # set where the feed began anew
    rewound: bool
    server: "_Server"


@dataclass(frozen=True)
class _Server:
    """What the server said of itself in the same read."""

    clock_skew_s: float | None
    lag_s: float | None


class Feed:
    """Follows the plant database. For one thread.

    position: that of an earlier batch, to go on from there; None at the first start, which begins so that
    the newest parts are read. Replays are harmless, losses are not: after a batch that could not be stored,
    make a new Feed from the last position that was.
    minute_s: how often the contract is checked and small tables are read.
    needs_cameras: nothing counts before the table of the cameras was read once.
    """

    def __init__(
        self,
        database: PlantDatabase,
        settings: FeedSettings,
        position: Mapping[str, Any] | None = None,
        *,
        minute_s: float = 60.0,
        needs_cameras: bool = False,
    ) -> None:
        self._database = database
        self._settings = settings
        self._minute_s = minute_s
        self._contract: Contract | None = None
        self._sources: dict[str, Source] = {}
        self._check_at = 0.0
        self._pace = Pace(settings.poll_s)
        self._side = SideTables(self._follow(0), minute_s, must=needs_cameras)
        self._followed: dict[str, Followed] | None = None
        self._generations = Generations()
        self._newest_at: datetime | None = None
        self._backfill_before: int | None = None
        self._watched = WatchedTime()
        self._lag = Lag()
        self._server = ServerWatch(minute_s)
        if position is not None:
            self._resume(position)

    @property
    def delay_s(self) -> float:
        """How long to wait before the next tick."""
        return self._pace.delay_s

    @property
    def generations(self) -> Generations:
        return self._generations

    def tick(self) -> Batch:
        """One read of the plant. Raises PlantUnavailable; then nothing is lost, the next tick brings it."""
        began_s = self._watched.begin()
        try:
            batch = self._tick(began_s)
        except PlantUnavailable as error:
            self._watched.failed()
            self._pace.failed(error.kind)
            raise
        self._pace.succeeded(more=batch.more, brought=batch.brings_rows)
        return batch

    def sweep(self, ids: Sequence[tuple[int, int]], table: str = "Defects") -> Batch:
        """Read these rows, (generation, id), once more by key; at most 500.

        For older rows that carry decisions or are shown. Those of a generation that the plant database was
        set back from are not there to be read, and are neither brought nor called gone. Raises
        PlantUnavailable.
        """
        wanted = [
            row_id
            for generation, row_id in ids[:MOST_SWEPT]
            if self._generations.of(table, row_id) == generation
        ]
        fields, missing = self._read_again(table, wanted)
        gone = [(row_id,) for row_id in missing]
        fields[f"gone_{table.lower()}"] = build.keys(table, gone, self._generations)
        return self._swept(fields)

    def sweep_suppressions(self, ids: Sequence[int]) -> Batch:
        """The same for rows of Suppressed_Defects: which are gone, and what the others suppress now.

        Where the table cannot be read nothing is known, and none is called gone. Raises PlantUnavailable.
        """
        fields, missing = self._read_again(SUPPRESSIONS, ids[:MOST_SWEPT])
        if fields:
            fields["gone_suppressions"] += build.ended(missing, self._generations)
        return self._swept(fields)

    def _read_again(self, table: str, ids: Sequence[int]) -> tuple[dict[str, Any], list[int]]:
        """The fields of a Batch with these rows, none where the table cannot be read; which are not there."""
        with self._database.read() as session:
            self._check(session)
            source = self._sources.get(table)
            if source is None:
                return {}, []
            rows = source.by_ids(session, ids)
        there = {row[0] for row in rows}
        fields = build.parts(self._sources, {table: rows}, self._generations)
        return fields, [row_id for row_id in ids if row_id not in there]

    def _swept(self, fields: Mapping[str, Any]) -> Batch:
        position, generations = self._position(), self._generations
        return Batch(began_s=self._watched.watched_s, **fields, generations=generations, position=position)

    def _tick(self, began_s: float) -> Batch:
        deadline = Deadline(self._database.deadline_s)
        try:
            reading = self._read(deadline)
        except PlantUnavailable as error:
            if error.kind not in ("schema", "permission") or self._contract is None:
                raise
            self._contract = None  # it has changed since it was checked: look again
            reading = self._read(deadline)
        self._watched.succeeded()
        return self._take(reading, began_s, deadline)

    def _read(self, deadline: Deadline) -> _Reading:
        with self._database.read(deadline.left_s) as session:
            self._check(session)
            heads, server = self._heads(session)
            followed, generations = self._followed, self._generations
            rewound = followed is not None and is_rewound(session, followed, self._of_line(session, heads))
            first_trigger = None
            if followed is None or rewound:
                followed, first_trigger = self._begin(session, heads)
            if rewound:
                of_line = self._of_line(session, heads)
                newest_old = cut(session, self._sources, of_line, self._newest_at, self._margin)
                generations = generations.and_one_more(newest_old)
                followed = self._from_cut(followed, newest_old)
            found = {
                table: followed[table].read(session, source, heads[table])
                for table, source in self._sources.items()
            }
        return _Reading(followed, found, generations, first_trigger, rewound, server)

    def _take(self, reading: _Reading, began_s: float, deadline: Deadline) -> Batch:
        contract = self._contract or Contract({})
        beside = self._side.read(self._database, contract, began_s, deadline.left_s)
        if self._followed is None:
            self._backfill_before = reading.first_trigger
        self._followed, self._generations = reading.followed, reading.generations
        news = {table: self._followed[table].take(found, began_s) for table, found in reading.found.items()}
        is_behind = any(table_news.more for table_news in news.values())
        if is_behind:
            self._watched.failed()  # what is silent in a full window may speak in the next one
        parts = self._parts(news)
        for trigger in parts["triggers"]:
            if trigger.timestamp is not None and (
                self._newest_at is None or trigger.timestamp > self._newest_at
            ):
                self._newest_at = trigger.timestamp
        return Batch(
            began_s=began_s,
            **parts,
            tables=beside.tables,
            human_inspections=beside.inspections,
            generations=self._generations,
            rewound=reading.rewound,
            more=beside.more or is_behind,
            position=self._position(),
            absent=contract.absent,
            remarks=(*contract.remarks, *beside.remarks),
            clock_skew_s=reading.server.clock_skew_s,
            lag_s=reading.server.lag_s,
            server=self._server.look(self._database, deadline.left_s),
        )

    def _parts(self, news: Mapping[str, News]) -> dict[str, Any]:
        """The fields of a Batch that hold rows, and what is gone."""
        fields = build.parts(
            self._sources, {table: found.rows for table, found in news.items()}, self._generations
        )
        for table, found in news.items():
            if table == SUPPRESSIONS:
                source = self._sources[table]
                fields["gone_suppressions"] += build.suppressions(source, found.gone, self._generations)
            else:
                fields[f"gone_{table.lower()}"] = build.keys(table, found.gone, self._generations)
        return fields

    def _check(self, session: Session) -> None:
        """Check the contract, if it is due."""
        if self._contract is not None and time.monotonic() < self._check_at:
            return
        self._contract = None
        self._contract = check_contract(session)
        self._sources = sources(self._contract, session)
        self._check_at = time.monotonic() + self._minute_s

    def _heads(self, session: Session) -> tuple[dict[str, int], _Server]:
        """Each table's newest id, 0 where it is empty; how far the server's clock is ahead and how far, as a
        standby, it is behind."""
        is_postgresql = session.dialect == "postgresql"
        newest = [f'(SELECT max("id") FROM "{table}")' for table in self._sources]  # noqa: S608
        clock = "extract(epoch FROM clock_timestamp())::float8" if is_postgresql else "NULL"
        place = STANDBY if is_postgresql else NO_STANDBY
        before = time.time()
        found = session.rows(f"SELECT {clock}, {place}, {', '.join(newest)}")[0]
        skew_s = None if found[0] is None else found[0] - (before + time.time()) / 2
        server = _Server(skew_s, self._lag.seconds(*found[1:6]))
        return {table: row_id or 0 for table, row_id in zip(self._sources, found[6:], strict=True)}, server

    def _of_line(self, session: Session, heads: Mapping[str, int]) -> dict[str, int]:
        """The newest ids, without those that were given by hand far beyond the line's."""
        found = dict(heads)
        for table, known in (self._followed or {}).items():
            if table in heads and known.beyond is not None:
                below = f'SELECT max("id") FROM "{table}" WHERE "id" < %s'  # noqa: S608
                found[table] = session.rows(below, (known.beyond,))[0][0] or 0
        return found

    def _begin(self, session: Session, heads: Mapping[str, int]) -> tuple[dict[str, Followed], int | None]:
        """Begin with the newest parts: what to follow from where, and the first trigger of them."""
        newest = self._sources["Triggers"].newest(session, FIRST_PARTS + 1)
        parts = newest[:FIRST_PARTS]
        first_trigger = int(parts[-1][0]) if parts else None
        if first_trigger is not None and len(newest) > FIRST_PARTS:
            starts = dict.fromkeys(COLUMNS, 0) | start_at(session, first_trigger, heads, self._margin)
        else:  # few parts are read from their first row on, unless orphans have piled up there
            starts = {table: _id_of_row(session, table, MOST_READ_AGAIN) for table in self._sources}
            starts = dict.fromkeys(COLUMNS, 0) | starts
        return {table: self._follow(start) for table, start in starts.items()}, first_trigger

    def _from_cut(
        self, followed: Mapping[str, Followed], newest_old: Mapping[str, int]
    ) -> dict[str, Followed]:
        """Follow from the cut on where that is lower: what came after the restore is read by the feed alone,
        however late that was noticed."""
        return {
            table: self._follow(min(known.high, newest_old.get(table, known.high)))
            for table, known in followed.items()
        }

    @property
    def _margin(self) -> int:
        return max(1_000, self._settings.window)

    def _follow(self, high: int) -> Followed:
        settings = self._settings
        return Followed(high, tail_s=settings.tail_s, missing_s=settings.missing_s, window=settings.window)

    def _position(self) -> dict[str, Any]:
        followed = {**(self._followed or {}), INSPECTIONS: self._side.followed}
        return {
            "tables": {table: known.position() for table, known in followed.items()},
            "generations": self._generations.to_json(),
            "newest_at": self._newest_at.isoformat() if self._newest_at else None,
            "backfill_before": self._backfill_before,
            "watched_s": self._watched.watched_s,
        }

    def _resume(self, position: Mapping[str, Any]) -> None:
        tables = position["tables"]
        self._side.followed.resume(tables[INSPECTIONS])
        self._followed = {table: self._follow(0) for table in COLUMNS}
        for table, known in self._followed.items():
            known.resume(tables[table])
        self._generations = Generations.from_json(position["generations"])
        self._newest_at = datetime.fromisoformat(position["newest_at"]) if position["newest_at"] else None
        self._backfill_before = position["backfill_before"]
        self._watched = WatchedTime(position["watched_s"])


def _id_of_row(session: Session, table: str, number: int) -> int:
    """Of the row so many rows below the newest one; 0 where there are fewer."""
    sql = f'SELECT "id" FROM "{table}" ORDER BY "id" DESC LIMIT 1 OFFSET %s'  # noqa: S608
    rows = session.rows(sql, (number,))
    return int(rows[0][0]) if rows else 0
