"""The camera view in a browser: the first picture after a tap, sharp at 1:1, and 5,000 defects in motion.

Images of 5120 × 5120 px, one with 14 defects and one with 5,000. *First picture*: from the tap on the part's
tile in the grid until the browser has painted the image, everything warm, the browser too. *Sharp*: from
pressing 1:1 until the tiles of that place are drawn, in a browser that has none of them; the flight there
takes 200 ms. *Cold*: 1:1 is pressed as soon as the key is there, on a server that was started anew and has
decoded nothing of that image. *Frames*: while the view is dragged for two seconds with every defect drawn.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Page

from hmi.demo import DemoPlant, camera_serial, demo_line, make_plant
from tests.bench.chromium import chromium
from tests.bench.frames import COUNT, STOP
from tests.bench.watching import as_shipped
from tests.browser import browsers
from tests.servers import Server
from tests.waiting import until

MANY, VISITS = 5_000, 5
USUAL = 14
#: when the browser says that it painted the whole image; it is the largest thing of the page
STILL = """() => new Promise((resolve) =>
  new PerformanceObserver((list) => {
    const still = list.getEntries().find((one) => one.element?.matches(".still"));
    if (still) resolve(still.renderTime || still.startTime);
  }).observe({ type: "largest-contentful-paint", buffered: true }))"""
READY = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  while (!("ready" in (document.getElementById("viewer")?.dataset ?? {}))) await frame();
  return performance.now();
}"""
KEYS = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  while (document.querySelector(".tools")?.hidden ?? true) await frame();
}"""
#: from the press of 1:1 until the tiles of that place are drawn, the flight of 200 ms included
SHARP = """async () => {
  const began = performance.now();
  const frame = () => new Promise(requestAnimationFrame);
  document.querySelector("[data-tool=one]").click();
  while (document.getElementById("viewer").dataset.ready !== "1.0000") await frame();
  return performance.now() - began;
}"""
Report = Callable[[str, float, str, str], None]


def run(report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix="hmi-bench-") as name, chromium() as browser:
        folder = Path(name)
        counts = (USUAL, MANY, *[USUAL] * VISITS)  # a usual part, a blown one, some that nobody opens
        (usual, full, *others), sections = write_plant(folder, counts)
        with Server(folder / "server", plant_of(folder), images=folder / "images", **sections) as server:
            for image in (usual, full, *others):
                until(lambda image=image: b"is-fail" in server.get(f"/images/{image}").body, 90)
            address = f"{server.url}/images/{usual}"
            visits = _visits(browser, server.url, usual)
            report("camera: first picture, warm", median(first for first, _ in visits), "ms", "≤ 150 ms")
            report("camera: tiles and overlay drawn, warm", median(ready for _, ready in visits), "ms", "")
            sharp = [_sharp_ms(browser, address) for _ in range(VISITS)]
            report("camera: sharp at 1:1", median(sharp), "ms", "≤ 400 ms")
            server.restart()
            cold = [_sharp_ms(browser, f"{server.url}/images/{image}", KEYS) for image in others]
            report("camera: sharp at 1:1, cold, median", median(cold), "ms", "≤ 400 ms")
            report("camera: sharp at 1:1, cold, slowest (the first after the start)", max(cold), "ms", "")
            server.restart()
            opened = _unseen_ms(browser, [f"{server.url}/images/{image}" for image in others])
            report("camera: tiles and overlay drawn, image never opened before", median(opened), "ms", "")
            crowded = _visits(browser, server.url, full)
            report(
                f"camera: first picture, {MANY:,} defects", median(first for first, _ in crowded), "ms", ""
            )
            rate, longest = _frames(browser, f"{server.url}/images/{full}?show=all")
            report(f"camera: frames while {MANY:,} defects are dragged", rate, "frames/s", "≥ 30 frames/s")
            report("camera: longest pause between two frames", longest, "ms", "")


def plant_of(folder: Path) -> str:
    return f"sqlite:///{(folder / 'plant.db').as_posix()}"


def write_plant(folder: Path, counts: Sequence[int]) -> tuple[list[int], dict[str, Any]]:
    """Parts with so many defects: ids of their images, and sections of the line."""
    make_plant(plant_of(folder), 1)
    plant = DemoPlant(plant_of(folder), folder / "images", cameras=1)
    images = []
    for count in counts:
        boxes = [(40 + n % 71 * 71, 40 + n // 71 * 71, 30 if n % 50 == 0 else 8, 7) for n in range(count)]
        written = plant.part(part_type="39MC", defects={camera_serial(1): boxes})
        images.append(written.images[camera_serial(1)])
    plant.close()
    sections = as_shipped(folder)
    return images, {**sections, "line": {**sections["line"], "cameras": demo_line(1), "settle_s": 0.5}}


def _page(browser: Browser, address: str) -> Page:
    page = browser.new_context(viewport=browsers.FLOOR).new_page()
    page.goto(address, wait_until="commit")
    return page


def _visits(browser: Browser, url: str, image: int) -> list[tuple[float, float]]:
    """Of visits by one browser, the first of which fills its cache and is not counted."""
    page = _page(browser, f"{url}/images/{image}")
    page.evaluate(READY)
    grid = page.locator(".camera-bar a.key").get_attribute("href")
    found = []
    for _ in range(VISITS):
        page.goto(f"{url}{grid}")
        page.wait_for_function("document.documentElement.dataset.link === 'live'")
        page.wait_for_load_state("networkidle")
        page.locator(f'a[href^="/images/{image}"]').first.click(no_wait_after=True)
        page.wait_for_url(f"**/images/{image}*", wait_until="commit")
        found.append((page.evaluate(STILL), page.evaluate(READY)))
    page.context.close()
    return found


def _sharp_ms(browser: Browser, address: str, until_then: str = READY) -> float:
    page = _page(browser, address)
    page.evaluate(until_then)
    took = float(page.evaluate(SHARP))
    page.context.close()
    return took


def _unseen_ms(browser: Browser, addresses: list[str]) -> list[float]:
    """Of images that nobody has opened: from the start of the navigation until all is drawn."""
    page = _page(browser, addresses[0])
    page.evaluate(READY)
    found = []
    for address in addresses[1:]:
        page.goto(address, wait_until="commit")
        found.append(float(page.evaluate(READY)))
    page.context.close()
    return found


def _frames(browser: Browser, address: str) -> tuple[float, float]:
    page = _page(browser, address)
    page.evaluate(READY)
    page.mouse.move(600, 500)
    page.mouse.down()
    page.evaluate(COUNT)
    until_s = time.monotonic() + 2
    step = 0
    while time.monotonic() < until_s:
        step += 1
        page.mouse.move(600 + 5 * (step % 60), 500 + 3 * (step % 40))
    rate, longest = page.evaluate(STOP)
    page.mouse.up()
    page.context.close()
    return rate, longest
