"""Deciding at a real browser: the queue by keys alone, two people at one defect, a lost connection."""

import re

from playwright.sync_api import Page, expect

from tests.browser.browsers import Visits
from tests.browser.floors import Floor
from tests.browser.reviewing import are_decided, current, item, press, reviewing, undecided
from tests.browser.test_people import sign_in

CONFLICT = r"status of 409"
#: A form that was just swapped in is a plain one for 20 ms: faster than people, not than a test.
SENDS_BY_SCRIPT = "'htmx-internal-data' in document.querySelector('.is-current [data-panel] form')"


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


def test_after_a_lost_answer_the_same_defect_is_taken_back_and_no_other(visit: Visits, review_floor: Floor):
    visit.expect(r"ERR_", "Failed to load", "request failed", "htmx:")
    page = reviewing(visit, review_floor, "Ada")
    first, second = undecided(page, 2)
    for one in (first, second):
        item(page, one).locator("[data-row]").click()
        press(page, "o")
        are_decided(page, one, word="okay")
    page.route("**/decisions", lambda route: route.abort())
    press(page, "u")
    expect(item(page, second).locator("[data-lost]")).to_contain_text("it counts once")
    page.unroute("**/decisions")
    press(page, "u")
    are_decided(page, second, word="")
    are_decided(page, first, word="okay")
    press(page, "u")
    are_decided(page, first, word="")
    expect(page.locator("[data-take-back]")).to_be_disabled()


def test_the_keys_are_listed_on_a_key(queue: Page):
    press(queue, "?")
    expect(queue.get_by_role("dialog", name="Keys")).to_be_visible()
    press(queue, "o")
    expect(queue.locator(".is-current .stands-word")).to_contain_text("Nobody has decided yet")


def test_a_part_of_no_queue_is_held_and_released_where_its_record_is(passed_part: Page):
    passed_part.evaluate("window.isTheSamePage = true")
    panel, decided = passed_part.locator(".is-current [data-panel]"), passed_part.locator("#decided tbody tr")
    panel.get_by_label("Reason").fill("waits for the lab")
    panel.get_by_role("button", name="hold").click()
    expect(panel.locator(".stands-word")).to_contain_text("hold")
    expect(decided).to_contain_text("waits for the lab")
    passed_part.wait_for_function(SENDS_BY_SCRIPT)
    panel.get_by_role("button", name="Take back").click()
    expect(panel.locator(".stands-word")).to_contain_text("No decision stands")
    expect(decided).to_have_count(2)
    assert passed_part.evaluate("window.isTheSamePage")


def test_a_part_on_hold_is_reached_from_the_list_and_released_without_a_script(visit, passed_part: Page):
    panel = passed_part.locator(".is-current [data-panel]")
    panel.get_by_role("button", name="hold").click()
    expect(panel.locator(".stands-word")).to_contain_text("hold")
    page = visit(
        passed_part.url.split("/parts")[0] + "/sign-in?next=/review/holds", java_script_enabled=False
    )
    sign_in(page, "Edda")
    page.get_by_role("link", name="Decide").first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    panel = page.locator("[data-panel]")
    panel.get_by_role("button", name="Take back").click()
    expect(page).to_have_url(passed_part.url)
    expect(panel.locator(".stands-word")).to_contain_text("No decision stands")


def test_a_picture_that_is_still_being_made_says_so_and_comes_by_itself(visit: Visits, review_floor: Floor):
    page = reviewing(visit, review_floor, "Sven")
    page.route("**/pictures/**", lambda route: route.fulfill(status=503))
    page.reload()
    crop = page.locator(".is-current .open-crop")
    expect(crop.locator(".no-picture")).to_be_visible()
    expect(crop.locator("img")).to_be_hidden()
    page.unroute("**/pictures/**")
    expect(crop.locator("img")).to_be_visible()
    expect(crop.locator(".no-picture")).to_be_hidden()
