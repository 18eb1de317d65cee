"""From a commit in the plant database to the screens: 24 cameras, 40 kiosks, a part every 5 s.

Measured are two commits of each part: its trigger (the kiosk shows the part, waiting) and the defect for
which it fails. HMI_BENCH_PARTS is the number of parts. Kiosks load the pictures too, as browsers do.
"""

import os
import re
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from hmi.demo import demo_line
from hmi.store import Store, migrate
from tests.bench.kiosks import Kiosks, Sight
from tests.bench.station import Station
from tests.bench.watching import Watch, as_shipped, server_process
from tests.postgres import OwnServer, own_server
from tests.servers import Server
from tests.waiting import until

CAMERAS, KIOSKS, PERIOD_S = 24, 40, 5.0
PARTS = int(os.environ.get("HMI_BENCH_PARTS", "12"))
Report = Callable[[str, float, str, str], None]


def run(report: Report) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="hmi-bench-") as name,
        own_server() as postgres,
        postgres.database() as plant_url,
        postgres.database() as store_url,
    ):
        folder = Path(name)
        station = Station(plant_url, folder / "images", CAMERAS)
        sections = _sections(folder, store_url)
        with (
            _fresh(Server(folder / "server", plant_url, images=folder / "images", **sections)) as server,
            Kiosks(server.port, KIOSKS) as kiosks,
            Watch(server_process()) as watch,
            _connections(server_process(), postgres) as connections,
        ):
            until(lambda: len(list(kiosks)) == KIOSKS and all(kiosk.polls["204"] for kiosk in kiosks))
            committed = _write_parts(station)
            time.sleep(PERIOD_S)
        station.close()
        logged = re.findall(".* (?:WARNING|ERROR|CRITICAL) .*", server.log)
        complaints = [line for line in logged if "nobody can sign in yet" not in line]
    print("\n".join(complaints))
    _report_latency(report, committed, kiosks)
    _report_answers(report, kiosks)
    report("latency: server's CPU, share of one core", 100 * watch.cpu_share, "%", "")
    report("latency: server's memory, most", watch.max_rss_mb, "MB", "≤ 300 MB")
    report("latency: its connections to both databases, most", max(connections), "", "≤ 8")
    report("latency: warnings and errors in the server's log", len(complaints), "", "≤ 0")


@contextmanager
def _fresh(server: Server) -> Iterator[Server]:
    """Once it has read the plant: what it answers before is no fault."""
    with server:
        until(lambda: server.poll().is_fresh)
        yield server


def _sections(folder: Path, store_url: str) -> dict[str, Any]:
    store = Store(store_url)
    migrate.upgrade(store)
    store.close()
    shipped = as_shipped(folder)
    return {
        **shipped,
        "store": {"url": store_url},
        "line": {**shipped["line"], "cameras": demo_line(CAMERAS)},
    }


def _write_parts(station: Station) -> dict[Sight, float]:
    committed: dict[Sight, float] = {}
    began = time.monotonic()
    for number in range(PARTS):
        time.sleep(max(0.0, began + PERIOD_S * number - time.monotonic()))
        committed.update(station.part())
    return committed


@contextmanager
def _connections(server: psutil.Process, postgres: OwnServer) -> Iterator[list[int]]:
    """How many connections the server has to PostgreSQL, looked at each second."""
    counts: list[int] = []
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(1):
            remote = [connection.raddr for connection in server.net_connections("tcp")]
            counts.append(sum(address.port == postgres.port for address in remote if address))

    thread = threading.Thread(target=look, name="connections", daemon=True)
    thread.start()
    try:
        yield counts
    finally:
        ended.set()
        thread.join(5)


def _report_latency(report: Report, committed: Mapping[Sight, float], kiosks: Kiosks) -> None:
    for verdict, what in (("waiting", "trigger"), ("fail", "failing defect")):
        asked = {sight: at for sight, at in committed.items() if sight.verdict == verdict}
        took = [[_first_seen(kiosk.seen, sight) - at for kiosk in kiosks] for sight, at in asked.items()]
        each = sorted(took_s for of_kiosks in took for took_s in of_kiosks)
        last = sorted(max(of_kiosks) for of_kiosks in took)
        report(f"latency: {what} → a kiosk, median", median(each), "s", "")
        report(f"latency: {what} → a kiosk, p95", _share(each, 0.95), "s", "≤ 2 s")
        report(f"latency: {what} → a kiosk, slowest", each[-1], "s", "≤ 5 s")
        report(f"latency: {what} → all kiosks, p95", _share(last, 0.95), "s", "")


def _first_seen(seen: Mapping[Sight, float], sight: Sight) -> float:
    """When the kiosk first showed the part so, or already worse; inf if never."""
    worse = Sight(sight.serial, "fail")
    return min(seen.get(sight, float("inf")), seen.get(worse, float("inf")))


def _report_answers(report: Report, kiosks: Kiosks) -> None:
    took = sorted(kiosks.took_s)
    report("latency: a poll's answer, median", 1000 * median(took), "ms", "≤ 20 ms")
    report("latency: a poll's answer, p95", 1000 * _share(took, 0.95), "ms", "≤ 100 ms")
    report("latency: a poll's answer, p99", 1000 * _share(took, 0.99), "ms", "≤ 250 ms")
    report("latency: polls", kiosks.polls.total(), "", "")
    _report_bad(report, "polls", kiosks.polls, {"200", "204"})
    report("latency: pictures", kiosks.pictures.total(), "", "")
    _report_bad(report, "pictures", kiosks.pictures, {"200", "302"})
    size_mb = sum(kiosk.picture_bytes for kiosk in kiosks) / 1_000_000
    report("latency: pictures, a second", size_mb / (PARTS * PERIOD_S), "MB/s", "")


def _report_bad(report: Report, what: str, answers: Counter[str], good: set[str]) -> None:
    bad = {answer: count for answer, count in answers.items() if answer not in good}
    named = f" ({', '.join(f'{answer}: {count}' for answer, count in bad.items())})" if bad else ""
    report(f"latency: {what} without a good answer{named}", sum(bad.values()), "", "≤ 0")


def _share(ordered: list[float], share: float) -> float:
    """The value below which lies this share of them."""
    return ordered[ceil(share * len(ordered)) - 1]
