"""How long `python wsgi.py` takes to its first answers, with an empty store and with one of many images.

HMI_BENCH_IMAGES is the number of images, with a verdict each, in PostgreSQL; 5000000 is the goal. All of them
are settled and counted. Code is compiled before, as the installer does it.
"""

import compileall
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from sqlalchemy import text

from hmi import recounting
from hmi.demo import make_plant
from hmi.settings import PROJECT, load_settings
from hmi.store import Store, editions, migrate
from tests.bench.backup import VERDICTS
from tests.bench.history import PICTURES, RUNS
from tests.bench.watching import as_shipped
from tests.postgres import own_server
from tests.servers import Server
from tests.waiting import until

IMAGES = int(os.environ.get("HMI_BENCH_IMAGES", "500000"))
STARTS = 5
SETTLED_RUNS = RUNS.replace("cameras_judged)", "cameras_judged, settled_at, late)").replace(
    "'pass', 5, 5", "'pass', 5, 5, now(), true"
)
SETTLED_PICTURES = PICTURES.replace("picture)", "picture, settled)").replace("'v1'", "'v1', true")
Report = Callable[[str, float, str, str], None]


def run(report: Report) -> None:
    for part in ("hmi", "regions"):
        compileall.compile_dir(PROJECT / part, quiet=1)
    with (
        tempfile.TemporaryDirectory(prefix="hmi-bench-") as folder,
        own_server(in_memory=False, shared_buffers="256MB", max_wal_size="4GB") as postgres,
        postgres.database() as url,
    ):
        place = Path(folder)
        plant = f"sqlite:///{(place / 'plant.db').as_posix()}"
        make_plant(plant)
        _start(report, "an empty store, SQLite", place / "empty", plant, {})
        _fill(url)
        _start(report, f"{IMAGES:,} images, PostgreSQL", place / "full", plant, {"store": {"url": url}})


def _start(
    report: Report, what: str, folder: Path, plant: str, sections: dict[str, dict[str, object]]
) -> None:
    answered, shown, fresh = [], [], []
    with Server(folder, plant, **{**as_shipped(folder), **sections}) as server:
        until(server.is_fresh)
        for _ in range(STARTS):
            server.close()
            began = time.monotonic()
            server.start(wait=True)
            answered.append(time.monotonic() - began)
            until(lambda: server.poll().status == 200)
            shown.append(time.monotonic() - began)
            until(server.is_fresh)
            fresh.append(time.monotonic() - began)
    report(f"start: first answer, {what}", median(answered), "s", "≤ 3 s")
    report(f"start: first screen, {what}", median(shown), "s", "")
    report(f"start: live, {what}", median(fresh), "s", "")


def _fill(url: str) -> None:
    store = Store(url)
    migrate.upgrade(store)
    numbers = {"runs": IMAGES // 5, "images": IMAGES}
    with store.engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in (SETTLED_RUNS, SETTLED_PICTURES, VERDICTS):
            connection.execute(text(statement.replace("n::", r"n\:\:")), numbers)
    with store.write() as session:
        editions.finish(session, recounting.begin(session, load_settings(environment={})))
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM ANALYZE"))
    store.close()
