"""How the review page looks on every screen: keys that nobody misses, nothing cut off, nothing faint."""

import re
from itertools import combinations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import looks
from tests.browser.browsers import Visits
from tests.browser.floors import Floor, run_of
from tests.browser.reviewing import batch, current, reviewing, tick
from tests.browser.test_people import grave, sign_in

SCREENS = ((1920, 1080), (1366, 768), (1024, 768), (390, 844))
KEYS = ".decide-keys .key"


def between(page: Page, first: Locator, second: Locator) -> float:
    """How far apart two keys are, in whichever direction that is more."""
    boxes = [key.bounding_box() for key in (first, second)]
    (left, right), (above, below) = (sorted(boxes, key=lambda box: box[axis]) for axis in ("x", "y"))
    across, down = right["x"] - left["x"] - left["width"], below["y"] - above["y"] - above["height"]
    return max(across, down)


def assert_keys_are_apart_and_large(page: Page, panel: Locator, opposite: tuple[str, str], subtests) -> None:
    first, second = (panel.locator(f'{KEYS}[value="{word}"]') for word in opposite)
    for width, height in SCREENS:
        page.set_viewport_size({"width": width, "height": height})
        with subtests.test(opposite=opposite, width=width, height=height):
            assert min(key.bounding_box()["height"] for key in panel.locator(KEYS).all()) >= 72
            assert between(page, first, second) >= 47
            assert looks.cut_off(page, KEYS) == []
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_opposite_keys_are_a_hand_apart_and_large(visit: Visits, review_floor: Floor, subtests):
    page = reviewing(visit, review_floor, "Sven")
    defect = page.locator('.is-current [data-subject="defect"]')
    assert_keys_are_apart_and_large(page, defect, ("okay", "scrap"), subtests)
    page.locator(".is-current .of-part summary").click()
    part = page.locator('.is-current [data-subject="part"]')
    expect(part).to_be_visible()
    assert_keys_are_apart_and_large(page, part, ("use_as_is", "scrap"), subtests)


def test_the_keys_of_a_part_are_a_hand_apart_however_many_fit_in_a_row(passed_part: Page, subtests):
    panel = passed_part.locator(".is-current [data-panel]")
    assert_keys_are_apart_and_large(passed_part, panel, ("use_as_is", "scrap"), subtests)
    keys = panel.locator(KEYS).all()
    for px in range(900, 130, -77):
        panel.evaluate("(panel, px) => (panel.style.width = `${px}px`)", px)
        with subtests.test(px=px):
            assert min(between(passed_part, *pair) for pair in combinations(keys, 2)) >= 47


def test_the_keys_of_a_batch_are_a_hand_apart_and_large(visit: Visits, signed_floor: Floor, subtests):
    page = reviewing(visit, signed_floor, "Sven")
    tick(page, current(page))
    for width, height in SCREENS:
        page.set_viewport_size({"width": width, "height": height})
        okay, scrap = (page.locator(f'[data-batch] button[value="{word}"]') for word in ("okay", "scrap"))
        with subtests.test(width=width, height=height):
            assert min(key.bounding_box()["height"] for key in (okay, scrap)) >= 72
            assert between(page, okay, scrap) >= 47
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_ticks_are_large_and_the_batch_is_seen_whole(visit: Visits, signed_floor: Floor, subtests):
    page = reviewing(visit, signed_floor, "Sven")
    tick(page, current(page))
    for width, height in SCREENS:
        page.set_viewport_size({"width": width, "height": height})
        bar = page.locator("[data-batch]").bounding_box()
        with subtests.test(width=width, height=height):
            assert looks.too_small(page, ".pick, .batch .key:not([hidden])", 48) == []
            assert bar["y"] >= 0
            assert bar["y"] + bar["height"] <= height
            assert looks.cut_off(page, ".batch") == []
            assert looks.overlapping_boxes(page, ".batch .key, .batch input:not([type=hidden])") == []


def test_axe_finds_nothing_grave_where_people_decide(visit: Visits, review_floor: Floor, subtests):
    page = visit(f"{review_floor.server.url}/sign-in")
    sign_in(page, "Ada")
    part = "/decisions/panel/part/" + run_of(review_floor.judged(review_floor.part(), "pass"))
    for path in ("/review", "/review/holds", "/review/conflicts", "/admin/audit", part):
        page.goto(review_floor.server.url + path)
        expect(page).to_have_url(re.compile(re.escape(path) + "$"))
        for scheme in ("light", "dark"):
            page.evaluate(f"document.documentElement.dataset.theme = '{scheme}'")
            with subtests.test(path=path, scheme=scheme):
                assert grave(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_batch_can_be_read_and_axe_finds_nothing_grave_in_it(
    visit: Visits, signed_floor: Floor, scheme: str
):
    page = reviewing(visit, signed_floor, "Sven", color_scheme=scheme)
    page.evaluate(f"document.documentElement.dataset.theme = '{scheme}'")
    tick(page, current(page))
    batch(page, "scrap").click()
    expect(page.locator("[data-said]")).to_contain_text("refused")
    assert grave(page) == []
    assert looks.faint(page, 7) == []
