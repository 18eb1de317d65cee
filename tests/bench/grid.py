"""The grid of five cameras in a browser that has nothing in its cache: bytes and time until it is painted.

The server has made all pictures before, from files of 5120 × 5120 px. Times count from the start of the
navigation, each in a context of its own.
"""

import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser

from hmi.demo import DemoPlant, camera_serial, demo_line, make_plant
from tests.bench.chromium import chromium
from tests.bench.watching import as_shipped
from tests.browser import browsers
from tests.servers import Server
from tests.waiting import until

CAMERAS, VISITS = 5, 5
FAILING = (2000, 2000, 30, 20)  # px: over the limit, so that the crop of a worst defect is shown too
PICTURES = CAMERAS + 1
SETTLED_S = 8.0
PAINTED = """async (pictures) => {
  const all = () => [...document.querySelectorAll("img[data-picture]")];
  const frame = () => new Promise(requestAnimationFrame);
  while (all().length < pictures || !all().every((one) => one.complete && one.naturalWidth)) {
    if (performance.now() > 20000) throw new Error("the pictures are not painted within 20 s");
    await frame();
  }
  await Promise.all(all().map((one) => one.decode()));
  await frame();
  await frame();
  return performance.now();
}"""
Report = Callable[[str, float, str, str], None]


def run(report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix="hmi-bench-") as name, chromium() as browser:
        folder = Path(name)
        sections = {**as_shipped(folder), **_write_plant(folder)}
        with Server(folder / "server", _plant(folder), images=folder / "images", **sections) as server:
            _wait_for_pictures(server)
            visits = [_visit(browser, server.url) for _ in range(1 + VISITS)][1:]  # the first warms up
    by_kind = {kind: median(visit[1].get(kind, 0) for visit in visits) for kind in visits[0][1]}
    report("grid: transferred, empty cache", sum(by_kind.values()), "KB", "≤ 400 KB")
    for kind, size in sorted(by_kind.items()):
        report(f"grid: of that {kind.lower()}", size, "KB", "")
    report("grid: all pictures painted, median", median(visit[0] for visit in visits), "s", "≤ 0.6 s")
    report("grid: all pictures painted, slowest", max(visit[0] for visit in visits), "s", "")


def _plant(folder: Path) -> str:
    return f"sqlite:///{(folder / 'plant.db').as_posix()}"


def _write_plant(folder: Path) -> dict[str, Any]:
    """Some history, and one part that fails on its first camera; the sections that its line needs."""
    make_plant(_plant(folder), CAMERAS)
    plant = DemoPlant(_plant(folder), folder / "images", cameras=CAMERAS)
    plant.history(20)
    boxes: dict[str, Any] = {camera_serial(number): 3 for number in range(2, CAMERAS + 1)}
    plant.part(part_type="39MC", defects={**boxes, camera_serial(1): [FAILING]})
    plant.close()
    return {"line": {**as_shipped(folder)["line"], "cameras": demo_line(CAMERAS)}}


def _wait_for_pictures(server: Server) -> None:
    """Until the newest part is settled and its pictures can be had from the cache."""
    until(lambda: len(_pictures(server)) == PICTURES, 60)
    time.sleep(SETTLED_S)
    for path in _pictures(server):
        until(lambda path=path: server.get(path).status == 200, 30)


def _pictures(server: Server) -> set[str]:
    return set(re.findall(r'src="(/pictures/[^"]+)"', server.poll().body.decode()))


def _visit(browser: Browser, url: str) -> tuple[float, dict[str, float]]:
    """Seconds until all is painted, and KB that came over the network until then, by kind of resource."""
    context = browser.new_context(viewport=browsers.FLOOR)
    page = context.new_page()
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    kinds: dict[str, str] = {}
    sizes: dict[str, float] = {}
    network.on("Network.responseReceived", lambda said: kinds.update({said["requestId"]: said["type"]}))
    network.on(
        "Network.loadingFinished",
        lambda said: sizes.update({said["requestId"]: said["encodedDataLength"]}),
    )
    page.goto(url, wait_until="commit")
    painted_s = page.evaluate(PAINTED, PICTURES) / 1000
    page.wait_for_load_state("load")
    context.close()
    by_kind: dict[str, float] = {}
    for request, size in sizes.items():
        kind = kinds.get(request, "other")
        by_kind[kind] = by_kind.get(kind, 0) + size / 1000
    return painted_s, by_kind
