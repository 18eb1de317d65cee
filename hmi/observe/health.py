"""The state of every part in words, with when it was last well: for `/admin/health` and the diagnostics."""

import platform
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from sqlalchemy import func, select, text

from hmi.build import build_id
from hmi.checks import NO_FILE, check_disk
from hmi.condition import NAME as CONDITION
from hmi.condition import SERVER_SKEW_S, SKEW_S, STALE_LAG_S, signed
from hmi.parts import Parts
from hmi.plant.files import FileAbsent, FileProblem
from hmi.store import Store, StoreUnavailable, migrate, outbox, state
from hmi.store.leases import WORKER
from hmi.store.outbox import Outgoing
from hmi.store.state import Lease

OK, WARNING, FAILED, UNKNOWN = "ok", "warning", "failed", "unknown"
FRESH_S = 5.0
LIBRARIES = ("flask", "sqlalchemy", "waitress", "pillow", "numpy", "shapely", "psycopg2-binary")


@dataclass(frozen=True, slots=True)
class Row:
    """One part: its state, what there is to say, and when it was last well."""

    what: str
    state: str
    text: str
    last_good: datetime | None = None


def rows_of(house: Parts) -> dict[str, list[Row]]:
    """By heading. Every part is looked at by itself: one that is broken hides no other."""
    now = datetime.now(UTC)
    noted: Mapping[str, Any] = {}
    store_rows: list[Row] = []
    lease_rows: list[Row] = []
    try:
        with house.store.read() as session:
            noted = state.get(session, CONDITION) or {}
            lease = session.get(Lease, WORKER)
            lease_rows = [_worker(lease, now), _outbox(*_waiting(session), now)]
        store_rows = [_store(house.store)]
    except StoreUnavailable as error:
        store_rows = [Row("Store", FAILED, str(error))]
        lease_rows = [Row("Worker", UNKNOWN, "the store says who works, and does not answer")]
    return {
        "Screens": [_screens(house)],
        "Plant database": list(_plant(house, noted)),
        "Vision system": [_vision(noted)],
        "Work": lease_rows,
        "Store": store_rows,
        "Images": [*_roots(house), _cache(house)],
        "Disk": list(_disk(house)),
    }


def versions(store: Store) -> dict[str, str]:
    """Of the product and of what it runs on."""
    found = {"Porosity HMI": build_id(), "Python": sys.version.split()[0], "System": platform.platform()}
    found |= {name: version(name) for name in LIBRARIES}
    try:
        with store.read() as session:
            asked = "SELECT sqlite_version()" if store.is_sqlite else "SHOW server_version"
            kind = "SQLite" if store.is_sqlite else "PostgreSQL"
            found["Store"] = f"{kind} {session.scalar(text(asked))}"
    except StoreUnavailable:
        found["Store"] = "does not answer"
    return found


def worst(rows: Mapping[str, list[Row]]) -> str:
    """The state of the whole."""
    states = {row.state for group in rows.values() for row in group}
    return next((one for one in (FAILED, UNKNOWN, WARNING) if one in states), OK)


def _screens(house: Parts) -> Row:
    pulse = house.follower.pulse
    age_ms = pulse.age_ms(time.monotonic())
    if house.follower.snapshot is None:
        return Row("Screens", FAILED, pulse.trouble or "nothing was rendered yet")
    if age_ms is None or age_ms > FRESH_S * 1000:
        age = "nobody knows how old" if age_ms is None else f"{age_ms / 1000:.0f} s old"
        return Row("Screens", FAILED, f"stale: {age} ({pulse.trouble or 'the plant is not read'})")
    return Row("Screens", OK, f"live, {age_ms / 1000:.1f} s old, snapshot {house.follower.snapshot.version}")


def _plant(house: Parts, noted: Mapping[str, Any]) -> Iterator[Row]:
    read_at = _moment(noted.get("read_at"))
    if read_at is None and not noted:
        yield Row("Reading", UNKNOWN, "no worker has noted anything yet")
        return
    trouble = house.follower.pulse.trouble or noted.get("trouble") or ""
    is_fresh = not trouble and _is_recent(read_at)
    yield Row(
        "Reading",
        OK if is_fresh else FAILED,
        trouble or ("is read" if is_fresh else "was not read lately"),
        read_at,
    )
    for row in _of_server(noted):
        yield row if is_fresh or row.state != OK else _as_it_was(row)


def _as_it_was(row: Row) -> Row:
    """What was well when the plant was read last; nobody knows of now."""
    return replace(row, state=UNKNOWN, text=f"when it was read last: {row.text}")


def _of_server(noted: Mapping[str, Any]) -> Iterator[Row]:
    server = noted.get("server") or {}
    yield Row("Server", OK if server else UNKNOWN, _server_words(server))
    lag_s = noted.get("lag_s")
    if lag_s is not None:
        yield Row("Standby", OK if lag_s <= STALE_LAG_S else FAILED, f"{lag_s:.0f} s behind its primary")
    yield _clock("Its clock", noted.get("server_skew_s"), SERVER_SKEW_S)
    if server:
        yield _publications(server)
        yield _slots(server)


def _server_words(server: Mapping[str, Any]) -> str:
    return f"{server['version']}, {server['database']}" if server else "not asked yet"


def _publications(server: Mapping[str, Any]) -> Row:
    found = server.get("publications") or []
    names = ", ".join(
        f"{one['name']} (all tables: nothing may be created there)" if one["all_tables"] else one["name"]
        for one in found
    )
    return Row("Publications", OK, names or "none")


def _slots(server: Mapping[str, Any]) -> Row:
    found = server.get("slots") or []
    idle = [one["name"] for one in found if not one["active"]]
    names = ", ".join(f"{one['name']} ({one['kind']})" for one in found)
    if idle:
        why = f"{', '.join(idle)} not active: the server keeps its log until the disk is full"
        return Row("Replication slots", WARNING, f"{names}; {why}")
    return Row("Replication slots", OK, names or "none")


def _clock(what: str, skew_s: float | None, most_s: float) -> Row:
    if skew_s is None:
        return Row(what, OK, "not known, or this machine's")
    state_of_it = OK if abs(skew_s) < most_s else WARNING
    return Row(what, state_of_it, f"{signed(skew_s)} from this server's")


def _vision(noted: Mapping[str, Any]) -> Row:
    skew_s, part_at = noted.get("vision_skew_s"), _moment(noted.get("part_at"))
    if part_at is None:
        return Row("Vision system", UNKNOWN, "no part has come since the worker began")
    row = _clock("Vision system", skew_s, SKEW_S)
    words = "clock not known yet" if skew_s is None else f"clock skew {row.text}"
    return Row("Vision system", row.state, f"the last part came; {words}", part_at)


def _worker(lease: Lease | None, now: datetime) -> Row:
    if lease is None or not lease.holder:
        return Row("Worker", FAILED, "no process works: nothing is read, judged or written back")
    who = lease.holder.rsplit(":", 1)[0]
    left_s = (lease.expires - now).total_seconds()
    if left_s < 0:
        return Row("Worker", FAILED, f"{who} has not been heard of for {-left_s:.0f} s", lease.expires)
    return Row("Worker", OK, f"{who}, term {lease.term}", now)


def _waiting(session: Any) -> tuple[int, datetime | None, str, int]:
    is_open = Outgoing.state.in_(outbox.OPEN)
    count, oldest = session.execute(select(func.count(), func.min(Outgoing.queued_at)).where(is_open)).one()
    trouble = session.scalar(select(Outgoing.trouble).where(is_open, Outgoing.trouble != "").limit(1)) or ""
    conflicts = select(func.count()).select_from(Outgoing).where(Outgoing.state == outbox.CONFLICT)
    return count, oldest, trouble, session.scalar(conflicts) or 0


def _outbox(count: int, oldest: datetime | None, trouble: str, conflicts: int, now: datetime) -> Row:
    words = f"{conflicts:,} conflicts" if conflicts else "no conflicts"
    if not count or oldest is None:
        return Row("Write-back", OK, f"nothing waits; {words}")
    waited_s = (now - oldest).total_seconds()
    late = WARNING if waited_s > 60 or trouble else OK
    because = f": {trouble}" if trouble else ""
    return Row("Write-back", late, f"{count:,} wait, the oldest for {waited_s:.0f} s{because}; {words}")


def _store(store: Store) -> Row:
    at, wanted = migrate.current(store), migrate.newest()
    kind = "SQLite" if store.is_sqlite else "PostgreSQL"
    if at != wanted:
        return Row("Store", FAILED, f"{kind}; its tables are at {at}, this version needs {wanted}")
    return Row("Store", OK, f"{kind} answers; its tables are at {at}")


def _roots(house: Parts) -> list[Row]:
    roots = house.settings.storage.roots
    if not roots:
        return [Row("Image folders", FAILED, "storage.roots is empty: no path can be read")]
    with ThreadPoolExecutor(len(roots), thread_name_prefix="health") as together:
        return list(together.map(lambda root: _root(house, root.prefix), roots))


def _root(house: Parts, prefix: str) -> Row:
    try:
        house.files.stamp(f"{prefix}\\{NO_FILE}")
    except FileAbsent:
        pass  # the place answers, and says what it should
    except FileProblem as error:
        return Row(prefix, FAILED, f"cannot be read: {error}")
    return Row(prefix, OK, "answers", datetime.now(UTC))


def _cache(house: Parts) -> Row:
    if not house.settings.storage.cache_enabled:
        return Row("Cache of pictures", OK, "switched off by the settings")
    trouble = house.gallery.cache_trouble
    if trouble:
        return Row("Cache of pictures", WARNING, f"pictures are made anew each time: {trouble}")
    return Row("Cache of pictures", OK, "works")


def _disk(house: Parts) -> Iterator[Row]:
    try:
        for finding in check_disk(house.settings):
            yield Row(finding.what.capitalize(), finding.state, finding.text)
    except OSError as error:
        yield Row("Disk", FAILED, error.strerror or "cannot be written")


def _moment(said: object) -> datetime | None:
    return datetime.fromisoformat(said) if isinstance(said, str) else None


def _is_recent(at: datetime | None) -> bool:
    """Noted every five seconds; beyond that somebody's clock was set, and the screens know better."""
    return at is not None and abs((datetime.now(UTC) - at).total_seconds()) < 3 * FRESH_S
