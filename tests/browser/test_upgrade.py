"""A server of another build makes each kiosk reload once, and only when it answers."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from hmi.settings import PROJECT
from tests.browser.browsers import Visits, navigations
from tests.browser.floors import Floor, shows
from tests.browser.outages import LOST_POLLS
from tests.browser.sampler import until

PARTS = ("hmi", "regions", "templates", "static", "config")


@pytest.fixture
def upgraded(tmp_path: Path) -> Path:
    """A copy of the product that differs in one line of its style."""
    copy = tmp_path / "upgraded"
    for part in PARTS:
        shutil.copytree(PROJECT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "wsgi.py", copy)
    with (copy / "static/css/base.css").open("a", encoding="utf-8") as style:
        style.write("/* another build */\n")
    return copy


@pytest.fixture
def own_floor(tmp_path: Path) -> Iterator[Floor]:
    floor = Floor(tmp_path / "floor")
    yield floor
    floor.close()
    print(floor.server.log)
    assert floor.server.complaints() == []


@pytest.fixture
def kiosk(visit: Visits, own_floor: Floor) -> Page:
    visit.expect(LOST_POLLS)
    failing = own_floor.judged(own_floor.failing(), "fail")
    page = visit(own_floor.proxy.url)
    shows(page, failing, "fail")
    return page


def build_of(page: Page) -> str:
    return page.locator("#screen").get_attribute("data-build") or ""


def test_an_upgrade_under_an_open_kiosk_reloads_it_once_and_never_while_the_server_is_away(
    kiosk, own_floor, upgraded
):
    before = build_of(kiosk)
    with navigations(kiosk) as addresses:
        own_floor.server.close()
        kiosk.wait_for_timeout(2500)
        assert addresses == []
        own_floor.server.project = upgraded
        own_floor.server.start()
        expect(kiosk.locator("#screen")).not_to_have_attribute("data-build", before, timeout=20_000)
        expect(kiosk.locator("html")).to_have_attribute("data-link", "live", timeout=20_000)
        kiosk.wait_for_timeout(2500)
    assert addresses == [own_floor.proxy.url + "/"]


def test_a_page_that_cannot_get_the_other_build_does_not_reload_for_ever(kiosk, own_floor):
    with navigations(kiosk) as addresses:
        own_floor.proxy.hold(lambda asked: asked == "GET /livez")
        own_floor.proxy.spoil(lambda answer: answer.replaced(x_hmi_build="another"))
        until(kiosk, lambda: own_floor.proxy.requests("/livez"))
        kiosk.wait_for_timeout(1500)
        assert addresses == []
        own_floor.proxy.hold(lambda _: False)
        until(kiosk, lambda: addresses)
        kiosk.wait_for_timeout(2500)
    assert len(addresses) == 1
