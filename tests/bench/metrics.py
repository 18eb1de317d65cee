"""What a scrape of `/metrics` costs: python -m tests.bench metrics

In process, on a store with a hundred thousand verdicts, twenty thousand open reviews and ten thousand
decisions to be written back. What the store is asked for in the background is measured by itself.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from sqlalchemy import text

from hmi import create_app
from hmi.parts import EXTENSION
from hmi.settings import load_settings
from hmi.store import Store, migrate
from tests.postgres import own_server
from tests.servers import SECRET

VERDICTS, OPEN, SCRAPES = 100_000, 10_000, 100
Report = Callable[[str, float, str, str], None]

_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {size})"
_ROWS = (
    (
        VERDICTS,
        """INSERT INTO hmi_verdict (run_generation, run_id, camera, verdict, findings, text, at, current)
        {numbers} SELECT 1, i / 5, 'A', 'pass', '[]', '', '2026-05-08 14:00:00', true FROM n""",
    ),
    (
        2 * OPEN,
        """INSERT INTO hmi_review (generation, defect_id, image_generation, image_id, run_generation, run_id,
        camera, region, kind, order_ms, first_seen, past) {numbers}
        SELECT 1, i, 1, i, 1, i, 'A', 'R', 'fail', i, '2026-05-08 14:00:00', false FROM n""",
    ),
    (
        OPEN,
        """INSERT INTO hmi_outbox (decision_id, mark, generation, defect_id, state, queued_at, trouble)
        {numbers} SELECT i, 'm' || i, 1, i, 'pending', '2026-05-08 14:00:00', '' FROM n""",
    ),
)


def run(report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix="hmi-bench-") as name, own_server() as postgres:
        with postgres.database() as url:
            _scrape(report, "PostgreSQL", Path(name), url)
        _scrape(report, "SQLite", Path(name), f"sqlite:///{(Path(name) / 'store.db').as_posix()}")


def _scrape(report: Report, kind: str, folder: Path, url: str) -> None:
    store = Store(url)
    migrate.upgrade(store)
    with store.write() as session:
        for size, statement in _ROWS:
            session.execute(text(statement.format(numbers=_NUMBERS.format(size=size))))
    store.close()
    sections = {"database": {"url": f"sqlite:///{folder / 'plant.db'}"}, "store": {"url": url}}
    app = create_app(load_settings(environment={"HMI_AUTH__SECRET_KEY": SECRET}, **sections))
    house = app.extensions[EXTENSION]
    client = app.test_client()
    assert client.get("/metrics").status_code == 200
    began_cpu = time.process_time()
    took_ms = [_ms(lambda: client.get("/metrics")) for _ in range(SCRAPES)]
    cpu_ms = 1000 * (time.process_time() - began_cpu) / SCRAPES
    house.metrics.of_store.close()
    asking_ms = [_ms(house.metrics.of_store.ask) for _ in range(SCRAPES)]
    house.follower.close()
    house.store.close()
    report(f"metrics: {kind}, a scrape, median", median(took_ms), "ms", "≤ 5 ms")
    report(f"metrics: {kind}, a scrape, 99 of 100 within", sorted(took_ms)[-2], "ms", "")
    report(f"metrics: {kind}, CPU of a scrape in this process", cpu_ms, "ms", "")
    report(f"metrics: {kind}, asking the store, every 5 s in the background", median(asking_ms), "ms", "")


def _ms(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - began)
