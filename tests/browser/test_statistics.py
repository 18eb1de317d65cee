"""Statistics at a real browser: nothing is cut off or too small, and axe finds nothing serious."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import looks
from tests.browser.browsers import Visits
from tests.browser.floors import Floor
from tests.browser.test_people import grave

SIZES = {"full hd": (1920, 1080), "touch": (1024, 768), "phone": (390, 844)}


@pytest.fixture
def statistics(visit: Visits, floor: Floor) -> Page:
    floor.judged(floor.failing(), "fail")
    return visit(f"{floor.server.url}/statistics")


def test_the_page_can_be_read_and_used_at_every_size_and_without_colour(statistics: Page):
    expect(statistics.get_by_role("heading", name="Recurring spots")).to_be_visible()
    for width, height in SIZES.values():
        statistics.set_viewport_size({"width": width, "height": height})
        assert looks.overflow(statistics)["across"] == 0
        assert looks.too_small(statistics, "main .key, main select, main input:not([type=hidden])", 48) == []
    for scheme in ("light", "dark"):
        statistics.emulate_media(color_scheme=scheme)
        assert looks.faint(statistics, 7) == []
        assert grave(statistics) == []


def test_filters_narrow_and_a_table_opens_beside_its_chart(statistics: Page):
    statistics.get_by_label("Camera", exact=True).select_option(index=1)
    statistics.get_by_role("button", name="Show").click()
    expect(statistics.locator(".totals dt").first).to_have_text("Images")
    statistics.locator("summary").first.click()
    expect(statistics.locator("details[open] tbody tr").last).to_be_visible()
