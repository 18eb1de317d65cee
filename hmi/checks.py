"""Is everything there that the product needs? `flask --app wsgi check` asks, one line each."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hmi.plant.contract import check_contract
from hmi.plant.database import PlantDatabase, PlantUnavailable
from hmi.plant.files import FileAbsent, FileProblem, ImageFiles
from hmi.plant.grants import check_grants
from hmi.settings import Settings
from hmi.store import Store, StoreUnavailable, migrate

SKEW_S = 5.0
FREE_GB = 2.0
NO_FILE = "porosity-hmi-looks-whether-this-place-answers.jpg"


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    state: str  # ok, warning or FAILED
    text: str


def check_all(settings: Settings) -> Iterator[Finding]:
    """Every check, each independent of the others; none of them writes into the plant."""
    yield from _guarded("store", lambda: _check_store(settings))
    yield from _guarded("plant database", lambda: _check_plant(settings))
    yield from _guarded("images", lambda: _check_images(settings))
    yield from _guarded("disk", lambda: check_disk(settings))


def _guarded(what: str, check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except (PlantUnavailable, StoreUnavailable, FileProblem, OSError) as error:
        yield Finding(what, "FAILED", str(error))


def _check_store(settings: Settings) -> Iterator[Finding]:
    store = Store(settings.store.address)
    try:
        at, wanted = migrate.current(store), migrate.newest()
    finally:
        store.close()
    if at == wanted:
        yield Finding("store", "ok", f"answers; its tables are at {at}")
    else:
        yield Finding(
            "store", "FAILED", f"its tables are at {at}, not at {wanted}: run flask --app wsgi migrate"
        )


def _check_plant(settings: Settings) -> Iterator[Finding]:
    plant = PlantDatabase.of(settings.database)
    try:
        with plant.read() as session:
            contract = check_contract(session)
        absent = ", ".join(contract.absent)
        yield Finding(
            "plant database",
            "FAILED" if absent else "ok",
            f"lacks {absent}" if absent else "answers; every column is there",
        )
        for what, fine, text in check_grants(plant):
            yield Finding(f"grant: {what}", "ok" if fine else "warning", text)
        yield _check_clock(plant)
    finally:
        plant.close()


def _check_clock(plant: PlantDatabase) -> Finding:
    with plant.read() as session:
        if session.dialect == "sqlite":
            return Finding("clock", "ok", "the plant database is a file on this machine")
        (theirs,) = session.rows("SELECT extract(epoch FROM clock_timestamp())::float8")[0]
    skew_s = theirs - datetime.now(UTC).timestamp()
    state = "ok" if abs(skew_s) <= SKEW_S else "warning"
    return Finding("clock", state, f"the plant database's clock is {skew_s:+.1f} s from ours")


def _check_images(settings: Settings) -> Iterator[Finding]:
    if not settings.storage.roots:
        yield Finding("images", "FAILED", "storage.roots is empty: no path of the plant can be read")
    files = ImageFiles(settings.storage)
    try:
        for root in settings.storage.roots:
            yield _check_root(files, root.prefix)
        yield from _check_newest_image(settings, files)
    finally:
        files.close()


def _check_root(files: ImageFiles, prefix: str) -> Finding:
    try:
        files.stamp(f"{prefix}\\{NO_FILE}")
    except FileAbsent:
        return Finding(f"images {prefix}", "ok", "the place answers")
    except FileProblem as error:
        return Finding(f"images {prefix}", "FAILED", str(error))
    return Finding(f"images {prefix}", "warning", f"holds a file called {NO_FILE}")


def _check_newest_image(settings: Settings, files: ImageFiles) -> Iterator[Finding]:
    plant = PlantDatabase.of(settings.database)
    try:
        with plant.read() as session:
            newest = session.rows('SELECT "image" FROM "Images" ORDER BY "id" DESC LIMIT 1')
    finally:
        plant.close()
    if not newest or newest[0][0] is None:
        yield Finding("newest image", "warning", "the plant database names none yet")
        return
    try:
        size = files.stamp(newest[0][0]).size
    except FileProblem as error:
        yield Finding("newest image", "FAILED", f"{newest[0][0]}: {error}")
    else:
        yield Finding("newest image", "ok", f"is there, {size / 1e6:.1f} MB")


def check_disk(settings: Settings) -> Iterator[Finding]:
    """Room for what is written, and whether it may be. Raises OSError."""
    for what, place in written_places(settings).items():
        yield check_place(what, place)


def written_places(settings: Settings) -> dict[str, Path]:
    """What is written to files, and in which folder."""
    log = os.path.dirname(settings.logging.file) or "."  # noqa: PTH120
    return {"cache": Path(settings.storage.cache_folder), "log": Path(log)}


def check_place(what: str, place: Path) -> Finding:
    """Raises OSError where nothing can be written."""
    folder = _existing(place)
    free_gb = shutil.disk_usage(folder).free / 1e9
    with tempfile.TemporaryFile(dir=folder):
        pass  # proves that we may write there
    state = "ok" if free_gb > FREE_GB else "warning"
    return Finding(f"disk for {what}", state, f"{free_gb:.1f} GB free in {folder}")


def _existing(folder: Path) -> Path:
    folder = folder.resolve()
    while not folder.exists():
        folder = folder.parent
    return folder
