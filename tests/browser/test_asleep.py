"""A page that was hidden or put to sleep is veiled in its first frame, then asks at once."""

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.floors import Floor, shows
from tests.browser.sampler import Sample, Sampler, until

BACK_MS = 2000
NOTE_SHOWN = """() => document.addEventListener("visibilitychange", () => {
  window.shownMs = document.hidden ? 0 : performance.now();
})"""


@pytest.fixture
def tab(tabs: BrowserContext, floor: Floor) -> Page:
    failing = floor.judged(floor.failing(), "fail")
    page = tabs.new_page()
    page.goto(floor.proxy.url)
    shows(page, failing, "fail")
    return page


def hide(page: Page) -> Sampler:
    """Another tab comes to the front."""
    sampler = Sampler(page)
    assert sampler.samples()[0].is_live
    page.evaluate(NOTE_SHOWN)
    page.context.new_page().bring_to_front()
    until(page, lambda: page.evaluate("document.hidden"))
    return sampler


def show(page: Page) -> float:
    """When it was shown again, in ms of its monotonic clock."""
    page.bring_to_front()
    until(page, lambda: page.evaluate("window.shownMs"))
    return float(page.evaluate("window.shownMs"))


def seen_before_an_answer(page: Page, sampler: Sampler, floor: Floor) -> list[Sample]:
    """What is shown from the first frame on while nothing has been answered yet."""
    floor.proxy.hold(lambda asked: asked.startswith("GET /live?"))
    shown_ms = show(page)
    page.wait_for_timeout(300)
    floor.proxy.heal()
    until(page, lambda: sampler.live(shown_ms))
    assert sampler.live(shown_ms)[0] - shown_ms <= 300 + BACK_MS
    return [sample for sample in sampler.samples() if shown_ms <= sample.at_ms <= shown_ms + 300]


def test_a_page_that_is_shown_again_is_veiled_in_its_first_frame(tab, floor):
    sampler = hide(tab)
    tab.wait_for_timeout(1500)  # polls go on meanwhile
    seen = seen_before_an_answer(tab, sampler, floor)
    assert seen[0].is_veiled
    assert {sample.banner for sample in seen} == {""}  # it accuses nobody of what it slept through


def test_a_page_that_was_put_to_sleep_is_veiled_in_its_first_frame(tab, floor):
    sampler = hide(tab)
    session = tab.context.new_cdp_session(tab)
    session.send("Page.setWebLifecycleState", {"state": "frozen"})
    tab.context.pages[-1].wait_for_timeout(2000)
    session.send("Page.setWebLifecycleState", {"state": "active"})
    assert seen_before_an_answer(tab, sampler, floor)[0].is_veiled


def test_a_page_that_wakes_while_the_server_is_away_stays_veiled_and_tells(tab, floor):
    sampler = hide(tab)
    floor.proxy.spoil(lambda _: None)
    shown_ms = show(tab)
    until(tab, lambda: sampler.samples()[-1].banner.startswith("NO CONNECTION"))
    assert [one for one in sampler.samples() if one.at_ms >= shown_ms and not one.is_veiled] == []
