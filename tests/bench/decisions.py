"""Decisions of people: the queue over a million open defects, and how soon a decision stands and shows.

The first is measured in process on both databases. The second on `python wsgi.py` as a process of its own,
with 40 kiosks that poll it: from the sending of a decision to its answer, and to the moment at which the
server hands out a screen with it.
"""

import json
import os
import re
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import text

from hmi.auth import accounts, passwords
from hmi.keys import derived
from hmi.review import Filters, choices, left, open_defects
from hmi.settings import Settings, load_settings
from hmi.store import Store, migrate
from hmi.store.users import SUPERVISOR
from tests.bench.kiosks import Kiosks
from tests.bench.watching import as_shipped
from tests.plants import VisionSystem
from tests.postgres import own_server
from tests.servers import SECRET, Server
from tests.signing_in import PASSWORD, headers_of
from tests.waiting import until

OPEN = int(os.environ.get("HMI_BENCH_OPEN", "1000000"))
EACH_IMAGE, EACH_RUN, CAMERAS, REGIONS, PART_TYPES = 3, 15, 24, 50, 6
DECISIONS, KIOSKS = 150, 40
TIMES = 21
Report = Callable[[str, float, str, str], None]


def run(report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix="hmi-bench-") as name, own_server() as postgres:
        folder = Path(name)
        with postgres.database() as url:
            _queue(report, "PostgreSQL", url)
        _queue(report, "SQLite", f"sqlite:///{(folder / 'queue.db').as_posix()}")
        with postgres.database() as url:
            _deciding(report, "PostgreSQL", folder / "pg", {"store": {"url": url}})
        _deciding(report, "SQLite", folder / "lite", {})


def _queue(report: Report, kind: str, url: str) -> None:
    store = Store(url)
    try:
        migrate.upgrade(store)
        _fill(store)
        began = datetime.now(UTC) - timedelta(days=400)
        settings = load_settings(
            environment={"HMI_AUTH__SECRET_KEY": SECRET}, review={"since": began.isoformat()}
        )
        filters = {
            "": Filters(),
            ", one camera": Filters(camera="CAM7"),
            ", one region": Filters(region="R7"),
            ", one part type": Filters(part="P3"),
            ", camera and part type": Filters(camera="CAM7", part="P3"),
        }
        for said, chosen in filters.items():
            took_ms = _timed(store, lambda session, one=chosen: open_defects(session, settings, one))
            report(f"decisions: {kind}, first page of {OPEN:,} open{said}", took_ms, "ms", "≤ 100 ms")
        report(f"decisions: {kind}, a page in the middle", _middle(store, settings), "ms", "≤ 100 ms")
        report(
            f"decisions: {kind}, count left", _timed(store, lambda session: left(session, settings)), "ms", ""
        )
        report(f"decisions: {kind}, what can be filtered by", _timed(store, choices), "ms", "")
    finally:
        store.close()


def _timed(store: Store, asked: Callable[[Any], Any]) -> float:
    """Median ms of some calls, each on a session of its own, after one that is not counted."""
    took = []
    for _ in range(TIMES):
        with store.read() as session:
            began = time.perf_counter()
            asked(session)
            took.append(1000 * (time.perf_counter() - began))
    return median(took[1:])


def _middle(store: Store, settings: Settings) -> float:
    with store.read() as session:
        place = session.execute(
            text("SELECT order_ms, generation, defect_id FROM hmi_review WHERE defect_id = :number"),
            {"number": OPEN // 2},
        ).one()
    after = ".".join(str(part) for part in place)
    return _timed(store, lambda session: open_defects(session, settings, after=after))


def _fill(store: Store) -> None:
    """A million open defects on a third as many images."""
    sizes = {"open": OPEN, "images": OPEN // EACH_IMAGE + 1, "runs": OPEN // EACH_RUN + 1}
    with store.engine.connect() as connection:
        if store.is_sqlite:
            connection = connection.execution_options(hmi_begin="IMMEDIATE")
        with connection.begin():
            if not store.is_sqlite:
                connection.execute(text("SET LOCAL statement_timeout = 0"))
            for piece in _PIECES:
                connection.execute(
                    text(_numbered(piece)), {name: sizes[name] for name in sizes if f":{name}" in piece}
                )
        if not store.is_sqlite:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM ANALYZE"))


def _numbered(piece: str) -> str:
    head, _, tail = piece.partition("SELECT")
    size = re.search(r"n < (:\w+)", tail)
    assert size is not None
    numbers = (
        f"WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {size[1]})"
    )
    return f"{head} {numbers} SELECT {tail}"


_AT = "1778248800000 + 1000 * "  # ms
_NOW = "'2026-05-08 14:00:00'"
_PIECES = [
    f"""INSERT INTO hmi_run (generation, id, order_ms, serial, part, first_seen, past, gone, verdict,
    cameras_expected, cameras_judged, late, review_open) SELECT 1, n + 1, {_AT} n, 'S' || n,
    'P' || (n % {PART_TYPES}), {_NOW}, false, false, 'fail', 5, 5, true, true FROM numbers WHERE n < :runs""",
    f"""INSERT INTO hmi_image (generation, id, run_generation, run_id, camera, path, order_ms, first_seen,
    gone, file_state, verdict, defects, fails, reviews, picture, settled, lost, undecided) SELECT 1, n + 1, 1,
    n / 5 + 1, 'CAM' || (n % {CAMERAS}), 'x', {_AT} (n / 5), {_NOW}, false, 'whole', 'fail', 3, 3, 0, 'abc',
    true, false, 3 FROM numbers WHERE n < :images""",
    f"""INSERT INTO hmi_defect (generation, id, image_generation, image_id, x, y, width, height, suppressed,
    suppressed_by_row, first_seen, gone) SELECT 1, n + 1, 1, n / 3 + 1, 100, 100, 30, 30, false, false,
    {_NOW}, false FROM numbers WHERE n < :open""",
    f"""INSERT INTO hmi_verdict (id, run_generation, run_id, camera, image_generation, image_id, verdict,
    findings, text, at, current) SELECT n + 1, 1, n / 5 + 1, 'CAM' || (n % {CAMERAS}), 1, n + 1, 'fail', '[]',
    'fails', {_NOW}, true FROM numbers WHERE n < :images""",
    f"""INSERT INTO hmi_review (generation, defect_id, image_generation, image_id, run_generation, run_id,
    camera, part, region, kind, order_ms, first_seen, past) SELECT 1, n + 1, 1, n / 3 + 1, 1, n / 15 + 1,
    'CAM' || ((n / 3) % {CAMERAS}), 'P' || ((n / 15) % {PART_TYPES}), 'R' || ((n / 3) % {REGIONS}), 'fail',
    {_AT} (n / 15), {_NOW}, false FROM numbers WHERE n < :open""",
]


def _deciding(report: Report, kind: str, folder: Path, sections: dict[str, Any]) -> None:
    folder.mkdir()
    vision = VisionSystem(f"sqlite:///{(folder / 'plant.db').as_posix()}")
    vision.build()
    if sections:
        migrated = Store(sections["store"]["url"])
        migrate.upgrade(migrated)
        migrated.close()
    shipped = as_shipped(folder)
    shipped["line"]["cameras"] = [{"serial": "CAM1", "order": 1}]
    with Server(folder, vision.url, **{**shipped, **sections}) as server:
        until(server.is_fresh)
        at = datetime.now(UTC)
        vision.part(images=1, defects=0, timestamp=at)
        defects = [vision.defect(1, x=40 * number, y=40, width=30, height=30) for number in range(DECISIONS)]
        store = Store(
            sections.get("store", {}).get("url", server.store_url), audit_key=derived(SECRET, "audit chain")
        )
        try:
            with Kiosks(server.port, KIOSKS):
                until(lambda: _count(store, "hmi_review") == DECISIONS, 30)
                _decide_each(report, kind, server, store, defects)
        finally:
            store.close()


def _decide_each(report: Report, kind: str, server: Server, store: Store, defects: list[int]) -> None:
    headers = {**_signed_in(server, store), "Content-Type": "application/json", "Accept": "application/json"}
    answered, shown = [], []
    with store.read() as session:
        settings = load_settings(environment={"HMI_AUTH__SECRET_KEY": SECRET})
        states = {
            one.defect: one.state
            for one in open_defects(session, settings, Filters(past=True), limit=200).items
        }
    for number in defects:
        sent = {"subject": "defect", "of": str(number), "word": "okay", "state": states[str(number)]}
        before = server.poll().headers["x-hmi-snapshot"]
        began = time.perf_counter()
        body = json.dumps({**sent, "key": f"bench {number:08}"}).encode()
        answer = server.ask("POST", "/decisions", body, headers=headers)
        answered.append(1000 * (time.perf_counter() - began))
        assert answer.status == 201, answer.body
        while server.get(f"/live?v={before}").status == 204:
            time.sleep(0.005)
        shown.append(1000 * (time.perf_counter() - began))
        time.sleep(0.1)
    for what, took in (("stored and answered", answered), ("on the screens that are handed out", shown)):
        report(f"decisions: {kind}, {KIOSKS} kiosks, {what}, median", median(took), "ms", "")
        report(f"decisions: {kind}, {KIOSKS} kiosks, {what}, p95", _share(took, 0.95), "ms", "≤ 300 ms")


def _signed_in(server: Server, store: Store) -> dict[str, str]:
    """Headers of a supervisor's browser."""
    with store.write() as session:
        user = accounts.add(session, "bench", "Sven", SUPERVISOR, password=None)
        user.password_hash = passwords.hash_of(PASSWORD)
    return headers_of(server, "Sven")


def _count(store: Store, table: str) -> int:
    with store.read() as session:
        return int(session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def _share(took: list[float], share: float) -> float:
    return sorted(took)[ceil(share * len(took)) - 1]
