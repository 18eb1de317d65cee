"""The region editor as one engineer has it open: what a hand does there, and what the server then has."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from hmi.demo import camera_serial
from hmi.judging import rulebook
from hmi.store import Store
from hmi.store.rules import Region
from tests.browser.floors import Floor
from tests.people import settle_in
from tests.waiting import until

CAMERA = camera_serial(1)
EDITOR = f"/cameras/{CAMERA}/regions"
SIDE = 320  # px of the image
SQUARE = [(200, 200), (280, 200), (280, 280), (200, 280)]
READ_BACK = "Canvas2D: Multiple readback operations"  # the map's library looks what is under the pointer
#: The worst that becomes of a px of the image on its way to the screen and back, px of the image; and how far
#: a mark of a canvas is from where the map has its place, px of the screen. Places and views at random.
PROJECTED = """() => {
  let seed = 7;
  const random = (most) => most * ((seed = (seed * 48271) % 2147483647) / 2147483647);
  const target = document.body.appendChild(document.createElement("div"));
  Object.assign(target.style, { width: "800px", height: "600px" });
  const projection = new ol.proj.Projection({ code: "image", units: "pixels", extent: [0, -5120, 5120, 0] });
  const view = new ol.View({ projection, center: [0, 0], resolution: 1, constrainOnlyCenter: true });
  let onScreen = null;
  const marks = hmiMap.canvas((pen, place) => (onScreen = place), 1);
  const map = new ol.Map({ target, view, layers: [marks], controls: [], interactions: [] });
  const apart = (one, other) => Math.max(...one.map((value, axis) => Math.abs(value - other[axis])));
  const worst = [0, 0];
  for (let number = 0; number < 300; number += 1) {
    view.setCenter(hmiMap.coordinate([random(5120), random(5120)]));
    view.setResolution(2 ** (random(8) - 4));
    map.renderSync();
    const px = [random(5120), random(5120)];
    const there = map.getPixelFromCoordinate(hmiMap.coordinate(px));
    worst[0] = Math.max(worst[0], apart(px, hmiMap.px(map.getCoordinateFromPixel(there))));
    worst[1] = Math.max(worst[1], apart(onScreen(...px), there));
  }
  map.setTarget(null);
  target.remove();
  return worst;
}"""


def editor_floor(folder: Path) -> Floor:
    """People have accounts, a region is published, and a part has failed."""
    floor = Floor(folder, ui={"theme": "auto"})
    store = floor.server.store()
    settle_in(store)
    with store.write() as session:
        polygon = [{"x": x, "y": y} for x, y in SQUARE]
        session.add(Region(camera_id=CAMERA, region_id="Seal face", size_threshold=1.0, polygon=polygon))
    until(lambda: _is_published(store))
    store.close()
    floor.judged(floor.failing(), "fail")
    return floor


def _is_published(store: Store) -> bool:
    """Whether the worker has seen what was written into the table by hand."""
    with store.read() as session:
        book = rulebook.newest(session)
        return book is not None and bool(book.regions_of(CAMERA))


@pytest.fixture(scope="module")
def standing_floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    floor = editor_floor(tmp_path_factory.mktemp("editor"))
    yield floor
    floor.close()


class Editor:
    """The page as one engineer has it open."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.opened()

    def opened(self) -> None:
        expect(self.page.locator("#editor")).to_have_attribute("data-editing", "", timeout=20_000)
        expect(self.page.locator("#viewer")).to_have_attribute("data-ready", re.compile(r"\d"))

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where a pixel of the image is on the screen while the whole image is seen."""
        box = self.page.locator("#map").bounding_box()
        scale = 1 / float(self.page.locator("#viewer").get_attribute("data-resolution") or "nan")
        middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        return middle[0] + (x - SIDE / 2) * scale, middle[1] + (y - SIDE / 2) * scale

    def click(self, x: float, y: float) -> None:
        self.page.mouse.click(*self.place(x, y))

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.page.evaluate(
            "new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
        )
        self.page.mouse.move(*self.place(*start))
        self.page.mouse.down()
        self.page.mouse.move(*self.place(*end), steps=6)
        self.page.mouse.up()

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def rectangle(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.press("Rectangle")
        self.drag(start, end)
        expect(self.page.get_by_role("button", name="Rectangle")).to_have_attribute("aria-pressed", "false")

    def polygon(self, *corners: tuple[float, float]) -> None:
        self.press("Polygon")
        for corner in corners:
            self.click(*corner)
        self.press("Finish")
        expect(self.page.get_by_role("button", name="Polygon")).to_have_attribute("aria-pressed", "false")

    def row(self, name: str) -> Any:
        return self.page.locator(".row-key", has_text=name)

    def field(self, label: str) -> Any:
        return self.page.locator("[data-form]").get_by_label(label, exact=True)

    def saved(self) -> None:
        expect(self.page.locator("[data-saving]")).to_have_attribute("data-saving", "saved", timeout=15_000)

    def draft(self) -> dict[str, Any]:
        """The draft as the server has it."""
        return dict(self.page.request.get(f"/cameras/{CAMERA}/draft").json())

    def region(self, name: str) -> dict[str, Any]:
        """As stored, once everything is."""
        self.saved()
        return next(one for one in self.draft()["regions"] if one["region_id"] == name)

    def polygon_of(self, name: str) -> list[list[float]]:
        return list(self.region(name)["polygon"])

    def tried(self) -> Any:
        """What the draft would do, once its numbers are of all that is saved."""
        self.saved()
        tried = self.page.locator("[data-what-if]")
        expect(tried).to_have_attribute("data-what-if", "ready", timeout=15_000)
        return tried

    def standing(self) -> list[Any]:
        """Where the map and what stands beside it are: a hand may be on it while answers come in."""
        places = "#map, [data-what-if], [data-changed], [data-what-if] details"
        found = self.page.locator(places).evaluate_all(
            "(all) => all.map((one) => [one.offsetTop, one.getBoundingClientRect().left, one.clientWidth])"
        )
        return [*found, self.page.locator("#map").bounding_box()]

    def more(self, name: str) -> None:
        self.page.locator(".menu summary").click()
        self.press(name)

    def discard(self) -> None:
        """Whatever an earlier test left."""
        self.saved()
        if self.page.get_by_role("button", name="Discard draft").is_enabled():
            self.press("Discard draft")
            self.press("Discard")
        expect(self.page.get_by_role("button", name="Discard draft")).to_be_disabled()


def near(polygon: list[list[float]], expected: list[tuple[float, float]], by: float = 2) -> bool:
    return all(
        any(abs(x - there[0]) <= by and abs(y - there[1]) <= by for there in polygon) for x, y in expected
    )
