"""A kiosk in a browser at ten times the pace of a line: what it holds must not grow.

Parts come twice a second, pass, fail and wait for people in turn, and the page asks as often.
HMI_BENCH_MINUTES is for how long, 5 by default: ten times as much of a kiosk's time. What the page holds is
looked at every 10 s, after everything that it let go was collected, and the last 80 % count. The browser
compiles nothing to machine code here: that is in its heap as well, and grows while it learns the page.
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

from tests.bench.chromium import chromium
from tests.bench.hurried import hurried
from tests.browser import browsers
from tests.browser.floors import Floor
from tests.browser.held import Held, Holding

MINUTES = float(os.environ.get("HMI_BENCH_MINUTES", "5"))
PERIOD_S, LOOK_S, LAST = 0.5, 10, 0.8
NOTHING_COMPILED = "--js-flags=--jitless"
ASK = """() => {
  const screen = document.getElementById("screen");
  setInterval(() => screen.dispatchEvent(new CustomEvent("wake")), 500);
}"""
Report = Callable[[str, float, str, str], None]


def run(report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix="hmi-bench-") as name, chromium(NOTHING_COMPILED) as browser:
        floor = Floor(Path(name))
        try:
            with hurried(floor, PERIOD_S) as written:
                page = browser.new_context(viewport=browsers.FLOOR).new_page()
                page.goto(f"{floor.server.url}/")
                page.evaluate(ASK)
                seen = _looks(page)
        finally:
            floor.close()
    _report(report, seen, len(written))


def _looks(page: Page) -> list[Held]:
    holding, seen = Holding(page), []
    for _ in range(round(60 * MINUTES / LOOK_S)):
        page.wait_for_timeout(1000 * LOOK_S)
        seen.append(holding.now())
    return seen


def _report(report: Report, seen: list[Held], parts: int) -> None:
    """What a page holds depends on the part that it shows: the least of each half is of the same kind."""
    last = seen[-int(LAST * len(seen)) :]
    halves = last[: len(last) // 2], last[len(last) // 2 :]
    heaps = [min(held.heap_mb for held in half) for half in halves]
    nodes = [min(held.nodes for held in half) for half in halves]
    apart_h = LOOK_S * len(last) / 2 / 3600
    report(f"kiosk: heap, least of the second half, {MINUTES:g} min, {parts} parts", heaps[1], "MB", "")
    report("kiosk: heap, slope from half to half", (heaps[1] - heaps[0]) / apart_h, "MB/h", "≤ 1 MB/h")
    report("kiosk: nodes, least of the second half", nodes[1], "", "")
    report("kiosk: nodes, more than in the first half", 100 * (nodes[1] / nodes[0] - 1), "%", "≤ 1 %")
    report("kiosk: listeners more than at first", last[-1].listeners - last[0].listeners, "", "≤ 0")
