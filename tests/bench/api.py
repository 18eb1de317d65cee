"""The API beside the load: how many a second one process answers, and what an export of many images takes.

What is said of the line as it is now is read by anybody, and by a machine with its token, which is looked up
in the store each time. An export is of HMI_BENCH_DECIDED decided images (20,000) with one defect each, in
process.
"""

import http.client
import os
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from sqlalchemy import text

from hmi.api import exports
from hmi.api.zipped import zipped
from hmi.auth import tokens
from hmi.demo import make_plant
from hmi.store import Store, migrate
from hmi.store.labelled import Wanted
from tests.bench.watching import as_shipped, watched_memory
from tests.servers import Server
from tests.waiting import until

PATHS = ("/api/cameras", "/api/images/latest")
OF_THE_STORE = ("/api/parts", "/api/defects/statistics")
CONNECTIONS, SECONDS = 8, 5.0
DECIDED = int(os.environ.get("HMI_BENCH_DECIDED", "20000"))
_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :size)"
_DECIDED = (
    f"""INSERT INTO hmi_image (generation, id, run_generation, run_id, camera, path, order_ms, first_seen,
    gone, file_state, verdict, defects, fails, reviews, settled, lost, undecided, width, height) {_NUMBERS}
    SELECT 1, i, 1, i, 'A', 'E:/images/' || i || '.jpg', i, '2026-05-08 14:00:00', false, 'whole', 'pass', 1,
    0, 0, true, false, 0, 5120, 5120 FROM n""",
    f"""INSERT INTO hmi_defect (generation, id, image_generation, image_id, x, y, width, height, suppressed,
    suppressed_by_row, first_seen, gone) {_NUMBERS}
    SELECT 1, i, 1, i, i % 5000, 40, 12, 9, false, false, '2026-05-08 14:00:00', false FROM n""",
    f"""INSERT INTO hmi_decision (id, subject, generation, subject_id, made_on, image_generation, image_id,
    act, word, after_word, at, at_local, who, role, reason, seen, key, mark) {_NUMBERS}
    SELECT i, 'defect', 1, i, 0, 1, i, 'decide', 'okay', 'okay', '2026-05-08 14:00:00', '', 'Ada',
    'supervisor', '', '{{}}', 'k' || i, 'm' || i FROM n""",
)
Report = Callable[[str, float, str, str], None]


def run(report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix="hmi-bench-") as name:
        folder = Path(name)
        url = f"sqlite:///{(folder / 'plant.db').as_posix()}"
        make_plant(url)
        with Server(folder / "server", url, **as_shipped(folder)) as server:
            until(lambda: server.poll().is_fresh)
            until(lambda: server.get(PATHS[0]).status == 200)
            with closing(server.store()) as store, store.write() as session:
                token = tokens.make(session, "bench", "MES", ["read"])
            for path in PATHS:
                per_s, took_ms = _load(server.port, path, {})
                report(f"api: {path}, {CONNECTIONS} connections", per_s, "/s", "≥ 1000 /s")
                report(f"api: {path}, 99 of 100 within", took_ms, "ms", "")
            for path in (*PATHS, *OF_THE_STORE):
                per_s, took_ms = _load(server.port, path, {"Authorization": f"Bearer {token}"})
                report(f"api: {path}, with a machine's token", per_s, "/s", "≥ 20 /s")
                report(f"api: {path}, 99 of 100 within, with a token", took_ms, "ms", "")
        _exports(report, folder)


def _exports(report: Report, folder: Path) -> None:
    store = Store(f"sqlite:///{(folder / 'decided.db').as_posix()}")
    migrate.upgrade(store)
    with store.write() as session:
        for statement in _DECIDED:
            session.execute(text(statement), {"size": DECIDED})
    for name, entries in (("COCO", exports._coco), ("YOLO", exports._yolo)):
        with watched_memory() as most:
            began = time.monotonic()
            size = sum(len(piece) for piece in zipped(entries(store, Wanted())))
            took = time.monotonic() - began
        report(f"api: {name} of {DECIDED:,} decided images", took, "s", "")
        report(f"api: {name}, size", size / 1e6, "MB", "")
        report(f"api: {name}, memory", most[0] / 2**20, "MiB", "≤ 50 MiB")
    store.close()


def _load(port: int, path: str, headers: Mapping[str, str]) -> tuple[float, float]:
    """Answers a second, and the time within which 99 of 100 came (ms). Connections are kept open."""
    until_s = time.monotonic() + SECONDS
    took: list[list[float]] = [[] for _ in range(CONNECTIONS)]

    def ask(mine: list[float]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        while time.monotonic() < until_s:
            began = time.perf_counter()
            connection.request("GET", path, headers=dict(headers))
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
            mine.append(time.perf_counter() - began)
        connection.close()

    threads = [threading.Thread(target=ask, args=(mine,)) for mine in took]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = sorted(one for mine in took for one in mine)
    return len(found) / SECONDS, 1000 * found[int(0.99 * (len(found) - 1))]
