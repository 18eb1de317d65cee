"""The region editor: frames while one drags, from an edit to its numbers, from publishing to being judged.

In Chromium at 1920 × 1080, on an image of 5120 × 5120 px with 2,000 defects as dots and 100 regions of 200
corners each: frames a second while one corner, and then the whole region, is dragged for two seconds; and
from the end of a drag until the trial over the last parts shows its numbers. Publishing: from sending it to
the answer, and from the commit of a part, written then, until a kiosk is handed that it fails, which it does
by the new version alone; with the times that the product is shipped with.
"""

import json
import math
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Page

from hmi.auth import accounts, passwords
from hmi.demo import DemoPlant, camera_serial, demo_line, make_plant
from hmi.store.rules import Region
from hmi.store.users import ENGINEER
from tests.bench.chromium import chromium
from tests.bench.frames import COUNT, STOP
from tests.bench.watching import as_shipped
from tests.browser import browsers
from tests.servers import Server
from tests.signing_in import PASSWORD, headers_of
from tests.waiting import until

CAMERA = camera_serial(1)
ACROSS, CORNERS, DOTS = 10, 200, 2_000
PITCH_PX, RADIUS_PX = 500, 190
DRAG_S, PUBLISHED = 2.0, 7
Report = Callable[[str, float, str, str], None]


def run(report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix="hmi-bench-") as name, chromium() as browser:
        folder = Path(name)
        make_plant(_plant(folder), 1)
        plant = DemoPlant(_plant(folder), folder / "images", cameras=1)
        shipped = as_shipped(folder)
        line = {**shipped["line"], "cameras": demo_line(1)}
        with Server(
            folder / "server", _plant(folder), images=folder / "images", **{**shipped, "line": line}
        ) as server:
            _settle_in(server)
            _publishing(report, server, plant)
            _draw_many(server)
            plant.part(part_type="39MC", defects={CAMERA: _boxes()})
            until(lambda: server.poll().body.count(b'class="card') > PUBLISHED, 60)
            time.sleep(shipped["line"]["settle_s"] + 2)
            _dragging(report, _opened(browser.new_context(viewport=browsers.FLOOR).new_page(), server))
        plant.close()


def _plant(folder: Path) -> str:
    return f"sqlite:///{(folder / 'plant.db').as_posix()}"


def _settle_in(server: Server) -> None:
    store = server.store()
    with store.write() as session:
        user = accounts.add(session, "bench", "Edda", ENGINEER, password=None)
        user.password_hash = passwords.hash_of(PASSWORD)
    store.close()


def _publishing(report: Report, server: Server, plant: DemoPlant) -> None:
    """Each version has a limit of its own, which the next part just exceeds: nothing older would fail it."""
    until(server.is_fresh)
    plant.part(part_type="39MC", defects={})  # the first picture of a camera takes a second to make
    headers = {**headers_of(server, "Edda"), "Content-Type": "application/json"}
    answered, judged = [], []
    for number in range(PUBLISHED):
        side_px = 14 - number  # shorter from version to version
        limit_mm = round((side_px - 1.4) / (95 / 7.9375), 4)
        default = {"size_threshold": limit_mm, "outside_regions": "default", "uncertainty_px": 1}
        _sent(server, headers, "PUT", "/default", default=default)
        began = time.perf_counter()
        _sent(server, headers, "POST", "/publish", reason="the bench")
        answered.append(time.perf_counter() - began)
        box = (400, 400, side_px, 5)
        written = plant.part(part_type="39MC", serial=f"BENCH {number}", defects={CAMERA: [box]})
        began = time.perf_counter() - answered[-1]  # making its picture is the bench's own work
        fails = f'card is-fail" href="/?run={written.trigger}"'.encode()
        until(lambda fails=fails: fails in server.poll().body, 30)
        judged.append(time.perf_counter() - began)
    report("editor: publishing answered", median(answered), "s", "")
    report("editor: published → judged by the new version, median", median(judged), "s", "≤ 2 s")
    report("editor: published → judged by the new version, slowest", max(judged), "s", "≤ 2 s")


def _sent(server: Server, headers: dict[str, str], verb: str, path: str, **body: Any) -> None:
    address = f"/cameras/{CAMERA}/draft"
    revision = json.loads(server.get(address, headers=headers).body)["revision"]
    sent = json.dumps({"revision": revision, **body}).encode()
    answer = server.ask(verb, address + path, sent, headers=headers)
    assert answer.status == 200, answer.body


def _draw_many(server: Server) -> None:
    store = server.store()
    with store.write() as session:
        for number in range(ACROSS**2):
            polygon = [{"x": x, "y": y} for x, y in _outline(number)]
            region = {"camera_id": CAMERA, "region_id": f"Region {number + 1}", "polygon": polygon}
            session.add(Region(**region, size_threshold=1.0))
    store.close()


def _outline(number: int) -> list[tuple[float, float]]:
    """A star, so that no corner lies on the line between its neighbours."""
    x, y = (PITCH_PX * (place + 0.5) + 60 for place in (number % ACROSS, number // ACROSS))
    turns = [(2 * math.pi * n / CORNERS, RADIUS_PX - 20 * (n % 2)) for n in range(CORNERS)]
    return [(round(x + r * math.cos(turn), 1), round(y + r * math.sin(turn), 1)) for turn, r in turns]


def _boxes() -> list[tuple[int, int, int, int]]:
    return [(60 + 100 * (n % 50), 60 + 120 * (n // 50), 8, 7) for n in range(DOTS)]


def _opened(page: Page, server: Server) -> Page:
    page.goto(f"{server.url}/sign-in?next=/account")
    page.get_by_label("Name").fill("Edda")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/account")
    began = time.perf_counter()
    page.goto(f"{server.url}/cameras/{CAMERA}/regions")
    page.locator("#editor[data-editing]").wait_for(timeout=60_000)
    page.locator("#viewer[data-ready]").wait_for(timeout=60_000)
    page.locator("[data-what-if=ready]").wait_for(timeout=60_000)
    print(f"editor: opened in {time.perf_counter() - began:.2f} s")
    return page


def _dragging(report: Report, page: Page) -> None:
    number = ACROSS * (ACROSS // 2) + ACROSS // 2
    page.locator(".row-key", has=page.get_by_text(f"Region {number + 1}", exact=True)).click()
    page.wait_for_timeout(1000)
    corner = _outline(number)[0]
    middle = [PITCH_PX * (place + 0.5) + 60 for place in (number % ACROSS, number // ACROSS)]
    for what, (x, y) in (("corner", corner), ("region", middle)):
        rate, longest, numbers_s = _drag(page, *_place(page, x, y))
        drawn = f"{ACROSS**2} regions × {CORNERS} corners, {DOTS:,} dots"
        report(f"editor: frames while a {what} is dragged, {drawn}", rate, "frames/s", "≥ 30 frames/s")
        report(f"editor: longest pause between two frames, {what}", longest, "ms", "")
        report(f"editor: a {what} let go → numbers of the trial", numbers_s, "s", "≤ 1 s")


def _place(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a px of the image is on the screen while the whole image is seen."""
    box = page.locator("#map").bounding_box()
    assert box is not None
    scale = 1 / float(page.locator("#viewer").get_attribute("data-resolution") or "nan")
    half = 5120 / 2
    return (
        box["x"] + box["width"] / 2 + (x - half) * scale,
        box["y"] + box["height"] / 2 + (y - half) * scale,
    )


def _drag(page: Page, x: float, y: float) -> tuple[float, float, float]:
    """Frames a second, the longest pause in ms, and s from letting go until the numbers are there."""
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate(COUNT)
    until_s = time.monotonic() + DRAG_S
    step = 0
    while time.monotonic() < until_s:
        step += 1
        page.mouse.move(x + step % 25, y + (step // 3) % 20)
    rate, longest = page.evaluate(STOP)
    page.mouse.move(x + 6, y)  # outwards: no edges cross
    page.mouse.up()
    began = time.perf_counter()
    page.locator("[data-what-if=older], [data-what-if=running]").wait_for()
    page.locator("[data-what-if=ready]").wait_for()
    return rate, longest, time.perf_counter() - began
