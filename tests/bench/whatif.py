"""A draft tried against the past: from what the store holds to the numbers, in SQLite and PostgreSQL.

10,000 images of one camera with 30,000 and with 100,000 defects, five regions.
"""

import math
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import insert, text

from hmi.judging.rulebook import Rulebook
from hmi.rules import recent
from hmi.rules.recent import Asked
from hmi.rules.trying import try_out
from hmi.store import Store, migrate
from hmi.store.runs import Defect, Image, Run
from tests.bench.reporting import Report
from tests.lines import BEGAN
from tests.postgres import own_server

IMAGES, SIDE_PX = 10_000, 5120
LIMITS = {
    "size_threshold": 1.5,
    "density_threshold": 3,
    "proximity_threshold": 2.0,
    "ignore_below_mm": 0.42,
}


def run(report: Report) -> None:
    for name, opened in (("SQLite", _sqlite), ("PostgreSQL", _postgres)):
        for defects, target in ((30_000, "≤ 1"), (100_000, "≤ 2")):
            with opened() as store:
                _fill(store, defects)
                read_s, all_s, next_s = _seconds(store)
                report(f"read {IMAGES:,} images, {defects:,} defects, {name}", read_s, "s", "")
                report(
                    f"what if, first: read and judge by both, {defects:,} defects, {name}", all_s, "s", target
                )
                report(f"what if, at each further edit, {defects:,} defects, {name}", next_s, "s", target)


def _seconds(store: Store) -> tuple[float, float, float]:
    """The best of three: reading alone, all of it, and another draft tried on what was read."""
    best = (math.inf, math.inf, math.inf)
    for _ in range(3):
        began = time.perf_counter()
        with store.read() as session:
            found = recent.read(session, "A", Asked(IMAGES))
        read_s = time.perf_counter() - began
        try_out(found, "A", _book(1.5), _book(1.0), ZoneInfo("America/Detroit"), lambda _: None)
        all_s = time.perf_counter() - began
        try_out(found, "A", _book(1.5), _book(0.9), ZoneInfo("America/Detroit"), lambda _: None)
        took = (read_s, all_s, time.perf_counter() - began - all_s)
        best = (min(best[0], took[0]), min(best[1], took[1]), min(best[2], took[2]))
    return best


def _book(size_mm: float) -> Rulebook:
    limits = {**LIMITS, "size_threshold": size_mm}
    regions = [
        {
            "camera_id": "A",
            "part_number": None,
            "region_id": f"R{number}",
            "kind": "ignore" if number == 0 else "inspect",
            "active": True,
            "polygon": _polygon(number),
            **limits,
        }
        for number in range(5)
    ]
    body = {
        "px_per_mm": 95 / 7.9375,
        "cameras": {},
        "uncertainty_px": 1,
        "outside_regions": "default",
        "judge_suppressed": False,
        "default": limits,
        "regions": regions,
        "faults": {},
    }
    return Rulebook(1, body, "")


def _polygon(number: int) -> list[dict[str, float]]:
    x, y, radius = 900 + 800 * number, 1200 + 500 * number, 700
    turns = [n * math.pi / 20 for n in range(40)]
    return [{"x": x + radius * math.cos(turn), "y": y + radius * math.sin(turn)} for turn in turns]


def _fill(store: Store, defects: int) -> None:
    random = np.random.default_rng(3)
    of = np.sort(random.integers(1, IMAGES + 1, defects)).tolist()
    places = random.integers(0, SIDE_PX - 30, (2, defects)).tolist()
    sides = random.integers(5, 26, (2, defects)).tolist()
    rows: list[tuple[type[Run | Image | Defect], list[dict[str, object]]]] = [
        (Run, [_run(number) for number in range(1, IMAGES + 1)]),
        (Image, [_image(number) for number in range(1, IMAGES + 1)]),
        (Defect, [_defect(n, *row) for n, row in enumerate(zip(of, *places, *sides, strict=True), 1)]),
    ]
    with store.engine.begin() as connection:
        if not store.is_sqlite:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
        for model, values in rows:
            connection.execute(insert(model), values)


def _run(number: int) -> dict[str, object]:
    order_ms = int(BEGAN.timestamp() * 1000) + 70_000 * number
    row = {"generation": 1, "id": number, "order_ms": order_ms, "serial": f"part {number}", "part": "39MC"}
    return {**row, "first_seen": BEGAN, "past": False, "verdict": "pass"}


def _image(number: int) -> dict[str, object]:
    order_ms = int(BEGAN.timestamp() * 1000) + 70_000 * number
    row = {"generation": 1, "id": number, "run_generation": 1, "run_id": number, "camera": "A"}
    shown = {"part": "39MC", "order_ms": order_ms, "first_seen": BEGAN, "verdict": "pass"}
    return {**row, **shown, "width": SIDE_PX, "height": SIDE_PX}


def _defect(number: int, of: int, x: int, y: int, width: int, height: int) -> dict[str, object]:
    row = {"generation": 1, "id": number, "image_generation": 1, "image_id": of, "suppressed": False}
    return {**row, "x": x, "y": y, "width": width, "height": height, "first_seen": BEGAN}


@contextmanager
def _sqlite() -> Iterator[Store]:
    with tempfile.TemporaryDirectory(prefix="hmi-bench-") as folder:
        store = Store(f"sqlite:///{(Path(folder) / 'store.db').as_posix()}")
        migrate.upgrade(store)
        yield store
        store.close()


@contextmanager
def _postgres() -> Iterator[Store]:
    with own_server() as server, server.database() as url:
        store = Store(url)
        migrate.upgrade(store)
        yield store
        store.close()
