"""A small plant, the server on it, a proxy in front of that: everything a browser test stands on."""

import itertools
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from hmi.demo import DemoPlant, Written, camera_serial, demo_line, make_plant
from hmi.store.runs import reference
from tests.browser.http_proxy import HttpProxy
from tests.servers import Server
from tests.waiting import until

CAMERAS = 5
FAILING, BORDERLINE, SMALL = (100, 100, 30, 20), (100, 100, 17, 5), (300, 300, 8, 6)
_numbers = itertools.count(1)


class Floor:
    """Parts are written with the verdict that they will get; pages look through the proxy."""

    def __init__(
        self, folder: Path, *, plant_url: str = "", cameras: int = CAMERAS, **sections: dict[str, Any]
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.url = plant_url or f"sqlite:///{(folder / 'plant.db').as_posix()}"
        make_plant(self.url, cameras)
        self.vision = DemoPlant(self.url, folder / "images", cameras=cameras, picture_px=320)
        sections = {**sections, "line": {"cameras": demo_line(cameras), **sections.get("line", {})}}
        self.server = Server(folder / "server", self.url, images=folder / "images", **sections)
        self.expected: list[str] = []  # errors in the log that its tests provoke
        self.proxy = HttpProxy(self.server.port)
        self.proxy.__enter__()

    def close(self) -> None:
        self.proxy.__exit__()
        self.server.close()
        self.vision.close()

    def part(self, defects: Mapping[str, Any] | None = None, **how: Any) -> Written:
        """A part whose serial no other part has; without defects it passes."""
        serial = how.pop("serial", None) or f"38A26{next(_numbers):05}RFML3P 7006 MC"
        return self.vision.part(serial=serial, defects=defects or {}, **how)

    def failing(self, **how: Any) -> Written:
        return self.part({camera_serial(1): [FAILING, SMALL]}, **how)

    def borderline(self, **how: Any) -> Written:
        return self.part({camera_serial(1): [BORDERLINE]}, **how)

    def judged(self, written: Written, verdict: str) -> Written:
        """The same part, once the poll gives it with this verdict."""
        wanted = re.compile(rf'class="card is-{verdict}"[^>]*title="{re.escape(written.serial)}"')
        until(lambda: wanted.search(self.server.poll().body.decode()))
        return written


def run_of(written: Written) -> str:
    """The part's run as addresses name it."""
    return reference((1, written.trigger))


def shows(page: Page, written: Written, verdict: str = "") -> None:
    """Wait until the page is live on this part."""
    expect(page.locator("html")).to_have_attribute("data-link", "live", timeout=20_000)
    expect(page.locator("#header .wide dd")).to_have_text(written.serial, timeout=20_000)
    if verdict:
        expect(page.locator(".part-verdict")).to_have_attribute("data-verdict", verdict, timeout=20_000)


def poll_now(page: Page) -> None:
    """Let the page ask without waiting for its second to end."""
    with suppress(Exception):
        page.evaluate("document.getElementById('screen').dispatchEvent(new CustomEvent('wake'))")
