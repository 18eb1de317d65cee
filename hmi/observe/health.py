"""The state of every part in words, with when it was last well: for `/admin/health` and the diagnostics."""

import platform
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hmi.build import build_id
from hmi.checks import NO_FILE, check_place, written_places
from hmi.condition import NAME as CONDITION
from hmi.observe.plant_rows import FRESH_S, ago, plant_rows, vision_row
from hmi.observe.rows import FAILED, OK, UNKNOWN, WARNING, Row
from hmi.parts import Parts
from hmi.plant.files import FileAbsent, FileProblem
from hmi.snapshot import Follower
from hmi.store import Store, StoreUnavailable, migrate, outbox, state
from hmi.store.leases import WORKER
from hmi.store.outbox import Outgoing
from hmi.store.state import Lease

LIBRARIES = ("flask", "sqlalchemy", "waitress", "pillow", "numpy", "shapely", "psycopg2-binary")
SILENT = "the store knows, and does not answer"


def rows_of(house: Parts) -> dict[str, list[Row]]:
    """By heading. Every part is looked at by itself: one that is broken hides no other."""
    disks = list(_disks(house))
    found = {
        "Screens": [_screens(house.follower)],
        **_of_store(house),
        "Images": [*_roots(house), _cache(house, disks)],
        "Disk": disks,
    }
    return {heading: [_with_times(house, row) for row in group] for heading, group in found.items()}


def _with_times(house: Parts, row: Row) -> Row:
    """What was seen earlier counts, too: a part that is bad now was well then."""
    if row is NO_CACHE:
        return row
    seen = house.last_well.latest(row.what, row.last_good)
    return replace(row, last_good=seen, since=row.since or house.last_well.since)


def _of_store(house: Parts) -> dict[str, list[Row]]:
    """The store itself, and what only it knows."""
    now = datetime.now(UTC)
    try:
        with house.store.read() as session:
            noted = state.get(session, CONDITION) or {}
            lease = session.get(Lease, WORKER)
            work = [_worker(lease, now, house.follower.worked_at), _outbox(session, now)]
        kept = _store(house.store)
    except StoreUnavailable as error:
        return _of_silent_store(house, str(error))
    pulse = house.follower.pulse
    return {
        "Plant database": list(plant_rows(noted, pulse.trouble, ago(pulse.age_ms(time.monotonic())))),
        "Vision system": [vision_row(noted, pulse.trouble)],
        "Work": work,
        "Store": [kept],
    }


def _of_silent_store(house: Parts, trouble: str) -> dict[str, list[Row]]:
    """Nobody knows then how the others are."""
    follower = house.follower
    read_at = ago(follower.pulse.age_ms(time.monotonic()))
    return {
        "Plant database": [Row("Reading", UNKNOWN, SILENT, read_at)],
        "Vision system": [Row("Vision system", UNKNOWN, SILENT)],
        "Work": [
            Row("Worker", UNKNOWN, SILENT, follower.worked_at),
            Row("Write-back", UNKNOWN, SILENT),
        ],
        "Store": [Row("Store", FAILED, trouble, house.store.answered_at)],
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


def _screens(follower: Follower) -> Row:
    pulse = follower.pulse
    age_ms = pulse.age_ms(time.monotonic())
    if follower.snapshot is None:
        return Row("Screens", FAILED, pulse.trouble or "nothing was rendered yet")
    if age_ms is None or age_ms > FRESH_S * 1000:
        age = "nobody knows how old" if age_ms is None else f"{age_ms / 1000:.0f} s old"
        why = pulse.trouble or "the plant is not read"
        return Row("Screens", FAILED, f"stale: {age} ({why})", ago(age_ms))
    words = f"live, {age_ms / 1000:.1f} s old, snapshot {follower.snapshot.version}"
    return Row("Screens", OK, words, ago(age_ms))


def _worker(lease: Lease | None, now: datetime, heard_at: datetime | None) -> Row:
    if lease is None or not lease.holder:
        return Row("Worker", FAILED, "no process works: nothing is read, judged or written back", heard_at)
    who = lease.holder.rsplit(":", 1)[0]
    left_s = (lease.expires - now).total_seconds()
    if left_s < 0:
        return Row("Worker", FAILED, f"{who} has not been heard of for {-left_s:.0f} s", heard_at)
    return Row("Worker", OK, f"{who}, term {lease.term}", now)


def _outbox(session: Session, now: datetime) -> Row:
    """Well while nothing waits for long; and it was so when something was last written."""
    is_open = Outgoing.state.in_(outbox.OPEN)
    count, oldest = session.execute(select(func.count(), func.min(Outgoing.queued_at)).where(is_open)).one()
    trouble = session.scalar(select(Outgoing.trouble).where(is_open, Outgoing.trouble != "").limit(1)) or ""
    words = _conflicts(session)
    if not count or oldest is None:
        return Row("Write-back", OK, f"nothing waits; {words}", now)
    waited_s = (now - oldest).total_seconds()
    because = f": {trouble}" if trouble else ""
    words = f"{count:,} wait, the oldest for {waited_s:.0f} s{because}; {words}"
    if waited_s > 60 or trouble:
        return Row("Write-back", WARNING, words, outbox.last_written(session))
    return Row("Write-back", OK, words, now)


def _conflicts(session: Session) -> str:
    conflicts = select(func.count()).select_from(Outgoing).where(Outgoing.state == outbox.CONFLICT)
    count = session.scalar(conflicts)
    return f"{count:,} conflicts" if count else "no conflicts"


def _store(store: Store) -> Row:
    at, wanted = migrate.current(store), migrate.newest()
    kind = "SQLite" if store.is_sqlite else "PostgreSQL"
    if at != wanted:
        return Row("Store", FAILED, f"{kind}; its tables are at {at}, this version needs {wanted}")
    return Row("Store", OK, f"{kind} answers; its tables are at {at}", store.answered_at)


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
        return Row(prefix, FAILED, f"cannot be read: {error}", house.files.answered().get(prefix))
    return Row(prefix, OK, "answers", house.files.answered().get(prefix))


#: There is nothing to be well or not.
NO_CACHE = Row("Cache of pictures", OK, "switched off by the settings")


def _cache(house: Parts, disks: list[Row]) -> Row:
    """Well if the look at its disk just now could write there, or by what was kept in it last."""
    if not house.settings.storage.cache_enabled:
        return NO_CACHE
    trouble, kept_at = house.gallery.cache_trouble, house.gallery.cached_at
    if trouble:
        return Row("Cache of pictures", WARNING, f"pictures are made anew each time: {trouble}", kept_at)
    if any(row.what == "Disk for cache" and row.state != FAILED for row in disks):
        return Row("Cache of pictures", OK, "works", datetime.now(UTC))
    if kept_at is None:
        return Row("Cache of pictures", UNKNOWN, "nothing was kept in it yet")
    return Row("Cache of pictures", OK, "worked when something was kept last", kept_at)


def _disks(house: Parts) -> Iterator[Row]:
    for what, place in written_places(house.settings).items():
        try:
            finding = check_place(what, place)
        except OSError as error:
            yield Row(f"Disk for {what}", FAILED, error.strerror or "cannot be written")
        else:
            good = datetime.now(UTC) if finding.state == OK else None
            yield Row(f"Disk for {what}", finding.state, finding.text, good)
