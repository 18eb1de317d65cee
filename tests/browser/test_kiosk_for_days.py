"""A kiosk is never reloaded: it may hold nothing of the parts that it showed before."""

from itertools import cycle, islice

from playwright.sync_api import Page

from tests.browser.floors import poll_now, shows
from tests.browser.held import Held, Holding


def least(kiosk: Page, holding: Holding) -> Held:
    """Of some looks that with the fewest nodes: a fragment that is just being taken in is there as well."""
    looks = []
    for _ in range(6):
        looks.append(holding.now())
        kiosk.wait_for_timeout(350)
    return min(looks, key=lambda held: held.nodes)


def test_a_kiosk_that_has_shown_many_parts_holds_no_more_than_after_a_few(kiosk, floor):
    makers = cycle((floor.part, floor.failing, floor.borderline))
    holding = Holding(kiosk)

    def watch(parts: int) -> Held:
        for make in islice(makers, parts):
            written = make()
            kiosk.wait_for_timeout(300)
            poll_now(kiosk)
        shows(kiosk, floor.judged(written, "review"), "review")
        kiosk.wait_for_load_state("networkidle")
        return least(kiosk, holding)

    before = watch(18)
    after = watch(45)
    assert abs(after.nodes - before.nodes) <= before.nodes / 100
    assert after.listeners <= before.listeners
    assert after.heap_mb <= before.heap_mb + 0.5
