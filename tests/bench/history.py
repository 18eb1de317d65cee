"""The history page of a camera in a store of many images: the page as it is asked for, and how far back.

HMI_BENCH_IMAGES is the number of images, of five cameras; 5000000 is the goal. In process, with a store in
PostgreSQL that was just filled.
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from flask.testing import FlaskClient
from sqlalchemy import text

from hmi import create_app
from hmi.parts import EXTENSION
from hmi.settings import load_settings
from hmi.store import Store, migrate
from tests.postgres import own_server

IMAGES = int(os.environ.get("HMI_BENCH_IMAGES", "500000"))
TRIES = 9
SECRET = "a key for benches that is long enough, not for a plant"
AT = "1700000000000 + n::bigint * 70000"
PART = "CASE WHEN n % 1000 = 0 THEN 'RARE' ELSE '39MC' END"
VERDICT = "CASE WHEN n % 10 = 0 THEN 'fail' WHEN n % 4999 = 0 THEN 'unreadable' ELSE 'pass' END"
RUNS = f"""INSERT INTO hmi_run (generation, id, at, order_ms, serial, serial_upper, part, belt, first_seen,
  past, gone, verdict, cameras_expected, cameras_judged)
  SELECT 1, n, now(), {AT}, 'S' || n, 'S' || n, {PART}, 'trigger', now(), false, false, 'pass', 5, 5
  FROM generate_series(1, :runs) AS n"""
PICTURES = f"""INSERT INTO hmi_image (generation, id, run_generation, run_id, camera, part, path, order_ms,
  first_seen, gone, file_state, verdict, defects, fails, reviews, picture)
  SELECT 1, 5 * n + k, 1, n, 'CAM' || k, {PART}, 'E:/images/x.jpg', {AT}, now(), false,
  'whole', {VERDICT}, 3, 0, 0, 'v1' FROM generate_series(1, :runs) AS n, generate_series(1, 5) AS k"""
Report = Callable[[str, float, str, str], None]


def run(report: Report) -> None:
    with (
        own_server(in_memory=False, shared_buffers="512MB", max_wal_size="4GB") as server,
        server.database() as url,
    ):
        _fill(url)
        with tempfile.TemporaryDirectory(prefix="hmi-bench-") as folder:
            app = create_app(_settings(Path(folder), url))
            visitor = app.test_client()
            oldest = f"before={1_700_000_000_000 + 70_000 * 400}-{5 * 400}"
            middle = f"before={1_700_000_000_000 + 70_000 * (IMAGES // 10)}-{IMAGES // 2}"
            asked = {
                "newest": "",
                "in the middle": middle,
                "oldest": oldest,
                "of one verdict": "verdict=fail",
                "of a rare verdict": "verdict=unreadable",
                "of a rare part type": "part=RARE",
                "of both, in the middle": f"part=RARE&verdict=fail&{middle}",
                "of what there is none": "part=NONE&verdict=review",
            }
            for name, query in asked.items():
                took = median(_ms(visitor, query) for _ in range(TRIES))
                report(f"history: {name}, {IMAGES:,} images", took, "ms", "≤ 50 ms")
            for part in ("follower", "gallery", "files", "store"):
                getattr(app.extensions[EXTENSION], part).close()


def _fill(url: str) -> None:
    store = Store(url)
    migrate.upgrade(store)
    with store.engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in (RUNS, PICTURES):
            connection.execute(text(statement.replace("n::", r"n\:\:")), {"runs": IMAGES // 5})
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM ANALYZE"))
    store.close()


def _settings(folder: Path, url: str) -> object:
    return load_settings(
        environment={},
        database={"url": f"sqlite:///{(folder / 'plant.db').as_posix()}"},
        store={"url": url},
        storage={"cache_folder": str(folder / "cache")},
        auth={"secret_key": SECRET},
        logging={"file": ""},
    )


def _ms(visitor: FlaskClient, query: str) -> float:
    began = time.perf_counter()
    answer = visitor.get(f"/cameras/CAM3/history?{query}", headers={"Accept": "text/html"})
    assert answer.status_code == 200
    return 1000 * (time.perf_counter() - began)
