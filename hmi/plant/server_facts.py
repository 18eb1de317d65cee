"""What administrators should know of the plant's server beside its rows. Asked now and then, never needed."""

import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hmi.plant.database import PlantDatabase, PlantUnavailable, Session

RETRY_S = 10.0
REMEMBERED = 4_000  # samples of where a standby was

_SERVER = "SELECT current_setting('server_version'), current_database()"
_PUBLICATIONS = "SELECT pubname::text, puballtables FROM pg_publication ORDER BY 1"
_SLOTS = "SELECT slot_name::text, slot_type, active FROM pg_replication_slots ORDER BY 1"
#: Where a standby is: in recovery?, bytes received and replayed, connected?, seconds since the newest commit.
STANDBY = """pg_is_in_recovery(),
CASE WHEN pg_is_in_recovery() THEN (pg_last_wal_receive_lsn() - '0/0')::float8 END,
CASE WHEN pg_is_in_recovery() THEN (pg_last_wal_replay_lsn() - '0/0')::float8 END,
CASE WHEN pg_is_in_recovery() THEN EXISTS (SELECT FROM pg_stat_get_wal_receiver() AS r WHERE r.pid > 0) END,
CASE WHEN pg_is_in_recovery() THEN extract(epoch FROM clock_timestamp()
  - coalesce(pg_last_xact_replay_timestamp(), pg_postmaster_start_time()))::float8 END"""
NO_STANDBY = "false, NULL, NULL, NULL, NULL"


@dataclass(frozen=True, slots=True)
class Publication:
    name: str
    all_tables: bool


@dataclass(frozen=True, slots=True)
class Slot:
    name: str
    kind: str
    active: bool


@dataclass(frozen=True, slots=True)
class ServerFacts:
    version: str
    database: str
    publications: tuple[Publication, ...] = ()
    slots: tuple[Slot, ...] = ()
    asked_at: datetime = field(default_factory=lambda: datetime.now(UTC), compare=False)


def read_facts(session: Session) -> ServerFacts:
    """Raises PlantUnavailable."""
    if session.dialect != "postgresql":
        (version,) = session.rows("SELECT sqlite_version()")[0]
        return ServerFacts(f"SQLite {version}", "a file")
    version, database = session.rows(_SERVER)[0]
    return ServerFacts(
        f"PostgreSQL {version}",
        database,
        tuple(Publication(*row) for row in session.rows(_PUBLICATIONS)),
        tuple(Slot(*row) for row in session.rows(_SLOTS)),
    )


class ServerWatch:
    """Asks every `minute_s` in a transaction of its own: what may not be read stops nothing."""

    def __init__(self, minute_s: float) -> None:
        self._minute_s = minute_s
        self._next = 0.0
        self.facts: ServerFacts | None = None

    def look(self, database: PlantDatabase, within_s: float) -> ServerFacts | None:
        """What was last found."""
        now_s = time.monotonic()
        if now_s >= self._next:
            self._next = now_s + self._minute_s
            try:
                with database.read(within_s) as session:
                    self.facts = read_facts(session)
            except PlantUnavailable:
                self._next = now_s + min(RETRY_S, self._minute_s)
        return self.facts


class Lag:
    """How far behind its primary a standby is.

    The server knows when the newest commit that it shows was made, which tells nothing while nobody commits.
    So it is watched: what was received at some second and is not shown now is at least as old as that.
    """

    def __init__(self) -> None:
        self._received: deque[tuple[float, float]] = deque(maxlen=REMEMBERED)  # (second, bytes)

    def seconds(
        self,
        is_standby: bool,
        received: float | None,
        replayed: float | None,
        connected: bool | None,
        newest_s: float | None,
    ) -> float | None:
        """None for a server that is no standby."""
        if not is_standby:
            self._received.clear()
            return None
        unknown_s = max(0.0, newest_s or 0.0)
        if not connected or received is None or replayed is None:
            self._received.clear()
            return unknown_s  # nobody says what it has missed
        now_s = time.monotonic()
        if not self._received or received > self._received[-1][1]:
            self._received.append((now_s, received))
        if replayed >= received:
            return 0.0
        while len(self._received) > 1 and self._received[1][1] <= replayed:
            self._received.popleft()
        second, known = self._received[0]
        if known <= replayed:
            return now_s - self._received[1][0]
        return max(unknown_s, now_s - second)
