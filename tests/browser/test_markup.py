"""Texts from outside are texts: whatever stands in them, the page is built as with any other words."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from hmi.store import Store, migrate
from hmi.store.rules import Region
from hmi.store.runs import reference
from tests.browser.floors import Floor
from tests.image_files import jpeg
from tests.plants import VisionSystem
from tests.waiting import until

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img id=foreign src=x onerror=alert(2)>',
    "'><svg id=foreign onload=alert(3)>",
    "{{7*7}}",
    "${7*7}",
    "javascript:alert(4)",
    'x" hx-get="/api" hx-trigger="load',
    '" autofocus onfocus=alert(5) x="',
    "</title></style></script><b id=foreign>",
    "<!--",
)
PLAIN = "plain words"
SQUARE = [{"x": 0, "y": 0}, {"x": 300, "y": 0}, {"x": 300, "y": 300}, {"x": 0, "y": 300}]
#: Every element with the names of its attributes, in order.
STRUCTURE = """() => [...document.querySelectorAll("*")].map(
  (element) => `${element.tagName} ${element.getAttributeNames().sort()}`)"""
ASKED_FOR = {"", "live", "livez", "static", "pictures", "favicon.ico"}


class Worded:
    """A floor on which every text that comes from outside holds the same words."""

    def __init__(self, folder: Path, words: str) -> None:
        self.words = words
        self.region = words[:100].strip()  # longer names are refused
        store = Store(f"sqlite:///{(folder / 'server/store.db').as_posix()}")
        migrate.upgrade(store)
        with store.write() as session:
            session.add(Region(camera_id=words, region_id=self.region, size_threshold=1.0, polygon=SQUARE))
        store.close()
        cameras = [{"serial": words, "name": words}, {"serial": f"{words} 2", "name": words}]
        ui = {"customer": words, "site": words, "line": words}
        self.floor = Floor(folder, cameras=1, line={"cameras": cameras}, ui=ui)
        self.run = self._part(folder / "images")

    def _part(self, images: Path) -> str:
        """It fails in the region, and its second camera brought nothing."""
        vision = VisionSystem(self.floor.url)
        now = datetime.now(UTC)
        with vision.writing() as connection:
            trigger = vision.part_in(connection, self.words, images=0, timestamp=now, part=self.words)
            image = vision.image_in(connection, trigger, self.words)
            vision.defect_in(connection, image, x=50, y=50, width=40, height=10, type=self.words)
            file = images / "picture.jpg"
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(jpeg(320, 320))
            connection.exec_driver_sql('UPDATE "Images" SET image = ?', (r"E:\images\picture.jpg",))
        until(lambda: b"no image for trigger" in self.floor.server.poll().body)
        return reference((1, trigger))


@contextmanager
def worded(folder: Path, words: str) -> Iterator[Worded]:
    (folder / "server").mkdir(parents=True)
    made = Worded(folder, words)
    try:
        yield made
        assert made.floor.server.complaints() == []
    finally:
        made.floor.close()


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worded]:
    with worded(tmp_path_factory.mktemp("hostile") / "floor", " ".join(HOSTILE)) as made:
        yield made


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worded]:
    with worded(tmp_path_factory.mktemp("plain") / "floor", PLAIN) as made:
        yield made


def structure_of(page: Page) -> list[str]:
    expect(page.locator("html")).to_have_attribute("data-link", "live")
    expect(page.locator(".why td").first).to_be_visible()
    return list(page.evaluate(STRUCTURE))


@pytest.mark.parametrize("address", ["/", "/?run={run}"])
def test_hostile_texts_build_the_same_page_as_plain_ones(visit, hostile, plain, address):
    pages = [visit(made.floor.proxy.url + address.format(run=made.run)) for made in (hostile, plain)]
    for page in pages:
        page.wait_for_timeout(1200)  # an answer to the poll too
    found, expected = map(structure_of, pages)
    assert found == expected
    assert pages[0].locator("#foreign").count() == 0
    asked = {asked.path.split("?")[0].split("/")[1] for asked in hostile.floor.proxy.asked}
    assert asked <= ASKED_FOR


def test_hostile_texts_are_shown_as_they_are(visit, hostile):
    page = visit(hostile.floor.proxy.url)
    words = hostile.words
    expect(page.locator("#header .wide dd")).to_have_text(words)
    expect(page.locator("#header .facts dd").first).to_have_text(words)
    expect(page.locator("#tile-1 h2")).to_have_text(f"1 · {words}")
    expect(page.locator(".why td").first).to_have_text(f"1 · {hostile.region}")
    expect(page).to_have_title(f"{words} · {words}")
    assert page.locator(".card").get_attribute("title") == words
    assert page.locator("#tile-1").get_attribute("aria-label") == f"1 · {words}"


def test_hostile_addresses_are_answered_with_nothing_of_theirs(visit, hostile):
    visit.expect(r"Failed to load resource: the server responded with a status of 404")
    page = visit("about:blank")
    for text in HOSTILE:
        for name, statuses in {"kiosk": (200,), "run": (404,)}.items():
            answer = page.goto(f"{hostile.floor.proxy.url}/?{urlencode({name: text})}")
            assert answer is not None
            assert answer.status in statuses
            assert page.locator("#foreign").count() == 0
    assert [cookie for cookie in page.context.cookies() if cookie["name"] != "hmi_form"] == []
