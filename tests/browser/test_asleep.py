"""A page that was hidden or put to sleep is veiled in its first frame, then asks at once."""

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.floors import Floor, shows
from tests.browser.sampler import Sample, Sampler, until

BACK_MS = 2000
NOTE_SHOWN = """() => document.addEventListener("visibilitychange", () => {
  if (!document.hidden) window.shownMs = performance.now();
})"""


@pytest.fixture
def kiosk(tabs: BrowserContext, floor: Floor) -> Page:
    failing = floor.judged(floor.failing(), "fail")
    page = tabs.new_page()
    page.goto(floor.proxy.url)
    page.evaluate(NOTE_SHOWN)
    shows(page, failing, "fail")
    return page


def hide(page: Page) -> None:
    page.context.new_page().bring_to_front()
    until(page, lambda: page.evaluate("document.hidden"))


def seen_when_shown_again(page: Page, sampler: Sampler) -> list[Sample]:
    """From the first frame on, until the screen is live again; the first is at 0 ms."""
    page.bring_to_front()
    until(page, lambda: page.evaluate("window.shownMs ?? 0"))
    shown_ms = page.evaluate("window.shownMs")
    until(page, lambda: sampler.live(shown_ms))
    back_ms = sampler.live(shown_ms)[0]
    assert back_ms - shown_ms <= BACK_MS
    return [sample for sample in sampler.samples() if shown_ms <= sample.at_ms < back_ms]


def test_a_page_that_is_shown_again_is_veiled_in_its_first_frame(kiosk):
    sampler = Sampler(kiosk)
    assert sampler.samples()[0].is_live
    hide(kiosk)
    kiosk.wait_for_timeout(1500)  # polls go on meanwhile
    seen = seen_when_shown_again(kiosk, sampler)
    assert seen != []
    assert [sample for sample in seen if not sample.is_veiled] == []
    assert {sample.banner for sample in seen} == {""}  # it accuses nobody of what it slept through


def test_a_page_that_was_put_to_sleep_is_veiled_in_its_first_frame(kiosk):
    sampler = Sampler(kiosk)
    session = kiosk.context.new_cdp_session(kiosk)
    hide(kiosk)
    session.send("Page.setWebLifecycleState", {"state": "frozen"})
    kiosk.context.pages[-1].wait_for_timeout(3000)
    session.send("Page.setWebLifecycleState", {"state": "active"})
    seen = seen_when_shown_again(kiosk, sampler)
    assert seen != []
    assert [sample for sample in seen if not sample.is_veiled] == []


def test_a_page_that_wakes_while_the_server_is_away_stays_veiled(kiosk, floor):
    sampler = Sampler(kiosk)
    hide(kiosk)
    floor.proxy.spoil(lambda _: None)
    kiosk.bring_to_front()
    until(kiosk, lambda: kiosk.evaluate("window.shownMs ?? 0"))
    shown_ms = kiosk.evaluate("window.shownMs")
    until(kiosk, lambda: sampler.samples()[-1].banner.startswith("NO CONNECTION"))
    assert [one for one in sampler.samples() if one.at_ms >= shown_ms and not one.is_veiled] == []
