"""Deciding at a real browser: the queue by keys alone, two people at one defect, a lost connection."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from hmi.demo import camera_serial
from tests.browser.browsers import Visits
from tests.browser.floors import FAILING, Floor
from tests.browser.test_people import grave, sign_in
from tests.people import settle_in

MANY = 60
CONFLICT = r"status of 409"


@pytest.fixture(scope="module")
def review_floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    """A part with more failing defects than a page of the queue holds, and one for each test beside."""
    floor = Floor(tmp_path_factory.mktemp("review"))
    store = floor.server.store()
    settle_in(store)
    store.close()
    left, top, width, height = FAILING
    boxes = [(left, top + 3 * number, width, height) for number in range(MANY)]
    floor.judged(floor.part({camera_serial(1): boxes}), "fail")
    yield floor
    floor.close()


@pytest.fixture
def queue(visit: Visits, review_floor: Floor) -> Page:
    return reviewing(visit, review_floor, "Sven")


def reviewing(visit: Visits, floor: Floor, name: str, **options) -> Page:
    page = visit(f"{floor.server.url}/sign-in?next=/review", **options)
    sign_in(page, name)
    expect(page.locator(".is-current")).to_have_count(1)
    return page


def current(page: Page) -> str:
    return page.locator(".is-current").get_attribute("data-open") or ""


def press(page: Page, key: str) -> None:
    """As a person does: the next key comes after the shortcut has acted."""
    page.keyboard.press(key)
    page.wait_for_timeout(120)


def test_the_keys_alone_decide_and_go_on_without_a_reload(queue: Page):
    queue.evaluate("window.isTheSamePage = true")
    seen = [current(queue)]
    for _ in range(3):
        queue.keyboard.press("o")
        expect(queue.locator(f'[data-open="{seen[-1]}"]')).to_have_class(re.compile("is-decided"))
        expect(queue.locator(f'[data-open="{seen[-1]}"]')).not_to_have_class(re.compile("is-current"))
        seen.append(current(queue))
    assert len(set(seen)) == 4
    assert queue.evaluate("window.isTheSamePage")
    queue.keyboard.press("u")
    expect(queue.locator(f'[data-open="{seen[2]}"]')).not_to_have_class(re.compile("is-decided"))
    assert current(queue) == seen[2]


def test_going_on_fetches_what_comes_after_the_page(queue: Page):
    first = queue.locator("[data-open]").count()
    for _ in range(first):
        queue.keyboard.press("ArrowRight")
    expect(queue.locator("[data-next]")).to_have_count(0)
    assert queue.locator("[data-open]").count() > first
    identities = queue.locator("[data-open]").evaluate_all("all => all.map(one => one.dataset.open)")
    assert len(identities) == len(set(identities))


def test_the_second_of_two_people_is_told_who_was_first(visit: Visits, review_floor: Floor):
    visit.expect(CONFLICT)
    sven, edda = (reviewing(visit, review_floor, name) for name in ("Sven", "Edda"))
    wanted = current(edda)
    sven.locator(f'[data-open="{wanted}"] [data-row]').click()
    sven.locator(f'[data-open="{wanted}"] [data-does="scrap"]').click()
    expect(sven.locator(f'[data-open="{wanted}"] .stands-word')).to_contain_text("scrap")
    edda.locator(".is-current [data-reason]").fill("just dirt")
    edda.locator('.is-current [data-does="okay"]').click()
    expect(edda.locator(".is-current .refused")).to_contain_text("Sven said “scrap (true defect)”")
    expect(edda.locator(".is-current [data-reason]")).to_have_value("just dirt")
    assert current(edda) == wanted


def test_a_scanner_is_no_shortcut(queue: Page):
    sent: list[str] = []
    queue.on("request", lambda request: sent.append(request.url))
    queue.evaluate(
        """() => { for (const key of "oso12")
             dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true })); }"""
    )
    expect(queue.get_by_text("Not recognised: oso12")).to_be_visible()
    assert [url for url in sent if url.endswith("/decisions")] == []
    expect(queue.locator(".is-current .stands-word")).to_contain_text("Nobody has decided yet")


def test_letters_in_a_field_decide_nothing(queue: Page):
    before = current(queue)
    queue.keyboard.press("r")
    expect(queue.locator(".is-current [data-reason]")).to_be_focused()
    queue.keyboard.type("oos", delay=150)
    expect(queue.locator(".is-current [data-reason]")).to_have_value("oos")
    queue.keyboard.press("Escape")
    assert current(queue) == before
    expect(queue.locator(".is-current .stands-word")).to_contain_text("Nobody has decided yet")


def test_a_lost_connection_is_said_and_the_same_press_counts_once(visit: Visits, review_floor: Floor):
    visit.expect(r"ERR_", "Failed to load", "request failed", "htmx:")
    page = reviewing(visit, review_floor, "Ada")
    wanted = current(page)
    page.locator(".is-current [data-reason]").fill("seen by hand")
    page.route("**/decisions", lambda route: route.abort())
    page.locator('.is-current [data-does="okay"]').click()
    expect(page.locator(".is-current [data-lost]")).to_contain_text("it counts once")
    expect(page.locator(".is-current [data-reason]")).to_have_value("seen by hand")
    page.unroute("**/decisions")
    page.locator('.is-current [data-does="okay"]').click()
    expect(page.locator(f'[data-open="{wanted}"]')).to_have_class(re.compile("is-decided"))


def test_a_batch_is_decided_at_once(queue: Page):
    picked = []
    for _ in range(3):
        picked.append(current(queue))
        press(queue, "x")
        queue.keyboard.press("ArrowRight")
    queue.locator('[data-batch-word="okay"]').click()
    for one in picked:
        expect(queue.locator(f'[data-open="{one}"]')).to_have_class(re.compile("is-decided"))
    expect(queue.locator("[data-batch]")).to_be_hidden()


def test_the_keys_are_listed_on_a_key(queue: Page):
    press(queue, "?")
    expect(queue.get_by_role("dialog", name="Keys")).to_be_visible()
    press(queue, "o")
    expect(queue.locator(".is-current .stands-word")).to_contain_text("Nobody has decided yet")


def test_opposite_keys_are_a_hand_apart_and_large(visit: Visits, review_floor: Floor, subtests):
    page = reviewing(visit, review_floor, "Sven")
    for width, height in ((1920, 1080), (1366, 768), (1024, 768), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        okay = page.locator('.is-current [data-does="okay"]').bounding_box()
        scrap = page.locator('.is-current [data-does="scrap"]').bounding_box()
        with subtests.test(width=width, height=height):
            assert min(okay["height"], scrap["height"]) >= 72
            across, down = scrap["x"] - okay["x"] - okay["width"], scrap["y"] - okay["y"] - okay["height"]
            assert max(across, down) >= 47
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_axe_finds_nothing_grave_where_people_decide(visit: Visits, review_floor: Floor, subtests):
    page = visit(f"{review_floor.server.url}/sign-in")
    sign_in(page, "Ada")
    for path in ("/review", "/review/holds", "/review/conflicts", "/admin/audit"):
        page.goto(review_floor.server.url + path)
        expect(page).to_have_url(re.compile(re.escape(path) + "$"))
        for scheme in ("light", "dark"):
            page.evaluate(f"document.documentElement.dataset.theme = '{scheme}'")
            with subtests.test(path=path, scheme=scheme):
                assert grave(page) == []
