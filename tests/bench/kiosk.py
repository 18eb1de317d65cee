"""A kiosk in a browser at ten times the pace of a line: what it holds must not grow.

Parts come twice a second, pass, fail and wait for people in turn, and the page asks as often.
HMI_BENCH_MINUTES is for how long, 5 by default: ten times as much of a kiosk's time. What the page holds is
looked at every 10 s, after everything that it let go was collected. The slope is that of a straight line
through the last 80 %.
"""

import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

import numpy as np
from playwright.sync_api import Page

from tests.bench.chromium import chromium
from tests.browser import browsers
from tests.browser.floors import Floor
from tests.browser.held import Held, Holding

MINUTES = float(os.environ.get("HMI_BENCH_MINUTES", "5"))
PERIOD_S, LOOK_S, LAST = 0.5, 10, 0.8
ASK = """() => {
  const screen = document.getElementById("screen");
  setInterval(() => screen.dispatchEvent(new CustomEvent("wake")), 500);
}"""
Report = Callable[[str, float, str, str], None]


def run(report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix="hmi-bench-") as name, chromium() as browser:
        floor = Floor(Path(name))
        try:
            with _parts(floor) as written:
                page = browser.new_context(viewport=browsers.FLOOR).new_page()
                page.goto(f"{floor.server.url}/")
                page.evaluate(ASK)
                seen = _looks(page)
        finally:
            floor.close()
    _report(report, seen, len(written))


@contextmanager
def _parts(floor: Floor) -> Iterator[list[int]]:
    """A part every half second; the ids of their triggers so far."""
    written: list[int] = []
    ended = threading.Event()

    def write() -> None:
        for make in cycle((floor.part, floor.failing, floor.borderline)):
            written.append(make().trigger)
            if ended.wait(PERIOD_S):
                return

    thread = threading.Thread(target=write, name="parts", daemon=True)
    thread.start()
    try:
        yield written
    finally:
        ended.set()
        thread.join(10)


def _looks(page: Page) -> list[Held]:
    holding, seen = Holding(page), []
    for _ in range(round(60 * MINUTES / LOOK_S)):
        page.wait_for_timeout(1000 * LOOK_S)
        seen.append(holding.now())
    return seen


def _report(report: Report, seen: list[Held], parts: int) -> None:
    last = seen[-int(LAST * len(seen)) :]
    hours = np.arange(len(last)) * LOOK_S / 3600
    slope = float(np.polyfit(hours, [held.heap_mb for held in last], 1)[0])
    nodes = [held.nodes for held in last]
    middle = float(np.median(nodes))
    report(f"kiosk: heap at the end, {MINUTES:g} min, {parts} parts", last[-1].heap_mb, "MB", "")
    report("kiosk: heap, slope of the last 80 %", slope, "MB/h", "≤ 1 MB/h")
    ends = [float(np.mean(part)) for part in (nodes[: len(nodes) // 2], nodes[len(nodes) // 2 :])]
    report("kiosk: nodes, median", middle, "", "")
    report("kiosk: nodes, second half to first half", 100 * abs(ends[1] / ends[0] - 1), "%", "≤ 1 %")
    report("kiosk: listeners more than at first", last[-1].listeners - last[0].listeners, "", "≤ 0")
