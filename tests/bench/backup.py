"""Backup and restore of a store of many images: how long, how large, how much memory; from both databases.

HMI_BENCH_IMAGES is the number of images, of five cameras, with three defects and one verdict each; 5000000 is
the goal.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from hmi import backup
from hmi.settings import load_settings
from hmi.store import Store, migrate
from tests.bench.history import PICTURES, RUNS
from tests.bench.watching import watched_memory
from tests.postgres import own_server

IMAGES = int(os.environ.get("HMI_BENCH_IMAGES", "500000"))
KEY = b"a key for benches"
DEFECTS = """INSERT INTO hmi_defect (generation, id, image_generation, image_id, x, y, width, height,
  confidence, type, suppressed, suppressed_by_row, first_seen, gone)
  SELECT 1, 3 * n + k, 1, n, n % 5000, k, 8, 8, 0.9, '0', false, false, now(), false
  FROM generate_series(1, :images) AS n, generate_series(1, 3) AS k"""
VERDICTS = """INSERT INTO hmi_verdict (run_generation, run_id, camera, image_generation, image_id, verdict,
  rules_version, px_per_mm, findings, text, at, current)
  SELECT 1, n / 5, 'CAM' || n % 5, 1, n, 'pass', 1, 11.97, '[]', '3 defects pass', now(), true
  FROM generate_series(1, :images) AS n"""
Report = Callable[[str, float, str, str], None]


def run(report: Report) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="hmi-bench-") as folder,
        own_server(in_memory=False, shared_buffers="256MB", max_wal_size="4GB") as server,
        server.database() as url,
        server.database() as empty,
    ):
        place = Path(folder)
        settings = load_settings(environment={})
        filled = Store(url, audit_key=KEY)
        _fill(filled)
        stores = {
            "PostgreSQL": (filled, Store(empty, audit_key=KEY)),
            "SQLite": (
                Store(f"sqlite:///{place / 'first.db'}", audit_key=KEY),
                Store(f"sqlite:///{place / 'second.db'}", audit_key=KEY),
            ),
        }
        backup.save(place / "moved.zip", settings, filled)
        backup.restore(place / "moved.zip", stores["SQLite"][0], KEY)
        for kind, (full, new) in stores.items():
            file = place / f"{kind}.zip"
            with _measured(report, f"backup: {kind}, {IMAGES:,} images", ""):
                backup.save(file, settings, full)
            report(f"backup: {kind}, size", file.stat().st_size / 1e6, "MB", "")
            with _measured(report, f"restore: {kind}, {IMAGES:,} images", "≤ 900 s"):
                backup.restore(file, new, KEY)
            full.close()
            new.close()


def _fill(store: Store) -> None:
    migrate.upgrade(store)
    numbers = {"runs": IMAGES // 5, "images": IMAGES}
    with store.engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in (RUNS, PICTURES, DEFECTS, VERDICTS):
            connection.execute(text(statement.replace("n::", r"n\:\:")), numbers)


@contextmanager
def _measured(report: Report, name: str, target: str) -> Iterator[None]:
    """Seconds, and how much memory this process took at most beyond what it had."""
    began = time.monotonic()
    with watched_memory() as most:
        yield
    report(name, time.monotonic() - began, "s", target)
    report(f"{name}, memory", most[0] / 2**20, "MiB", "≤ 50 MiB")
