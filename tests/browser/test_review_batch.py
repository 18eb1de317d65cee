"""Deciding on many defects at once at a real browser: by key, by finger, signed, refused, taken back."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.browsers import Visits
from tests.browser.floors import Floor
from tests.browser.reviewing import are_decided, batch, current, item, press, reviewing, tick, undecided
from tests.browser.test_people import sign_in
from tests.people import PASSWORD


def test_a_batch_is_decided_at_once(queue: Page):
    picked = []
    for _ in range(3):
        picked.append(current(queue))
        press(queue, "x")
        queue.keyboard.press("ArrowRight")
    expect(queue.locator("[data-picked]")).to_have_text("3 picked")
    batch(queue, "okay").click()
    are_decided(queue, *picked, word="okay")
    expect(queue.locator("[data-said]")).to_have_text("3 stored")
    expect(queue.locator("[data-batch]")).to_be_hidden()


@pytest.mark.parametrize(("width", "height"), [(1024, 768), (390, 844)])
def test_fingers_alone_pick_decide_and_take_back(visit: Visits, review_floor: Floor, width: int, height: int):
    page = reviewing(visit, review_floor, "Sven", has_touch=True, viewport={"width": width, "height": height})
    picked = undecided(page, 4)[1:]
    for one in picked:
        item(page, one).locator(".pick").tap(position={"x": 3, "y": 3})  # its corner is as good as its box
    expect(page.locator("[data-picked]")).to_have_text("3 picked")
    batch(page, "scrap").tap()
    are_decided(page, *picked, word="scrap")
    page.get_by_role("button", name="Take back 3").tap()
    are_decided(page, *picked, word="")
    expect(page.locator("[data-said]")).to_have_text("3 taken back")
    expect(page.locator("[data-picked]")).to_have_text("3 picked")


def test_keys_work_on_after_a_tick_and_the_last_tick_ends_the_batch(queue: Page):
    [one] = undecided(queue, 1)
    tick(queue, one)
    press(queue, "x")
    expect(queue.locator("[data-batch]")).to_be_hidden()
    before = current(queue)
    press(queue, "j")
    assert current(queue) != before


def test_a_batch_is_taken_back_whole_and_then_what_was_decided_before_it(queue: Page):
    first, *picked = undecided(queue, 4)
    item(queue, first).locator("[data-row]").click()
    press(queue, "o")
    are_decided(queue, first, word="okay")
    tick(queue, *picked)
    batch(queue, "scrap").click()
    are_decided(queue, *picked, word="scrap")
    press(queue, "u")
    are_decided(queue, *picked, word="")
    are_decided(queue, first, word="okay")
    press(queue, "u")
    are_decided(queue, first, word="")


def test_taking_a_batch_back_leaves_what_somebody_else_said_since_and_says_so(
    visit: Visits, review_floor: Floor
):
    sven = reviewing(visit, review_floor, "Sven")
    picked = undecided(sven, 3)
    tick(sven, *picked)
    batch(sven, "okay").click()
    are_decided(sven, *picked, word="okay")
    image = item(sven, picked[1]).get_attribute("data-image")
    edda = visit(f"{review_floor.server.url}/sign-in?next=/images/{image}?defect={picked[1]}")
    sign_in(edda, "Edda")
    edda.locator('[data-does="scrap"]').click()
    expect(edda.locator(".stands-word.is-scrap")).to_be_visible()
    press(sven, "u")
    are_decided(sven, picked[0], picked[2], word="")
    are_decided(sven, picked[1], word="scrap")
    expect(sven.locator("[data-said]")).to_contain_text("2 taken back, 1 refused: Edda was first: “scrap")
    assert current(sven) == picked[1]


def test_a_lost_answer_to_a_batch_is_said_and_the_same_press_counts_once(
    queue: Page, visit: Visits, review_floor: Floor
):
    visit.expect("ERR_", "Failed to load", "request failed")
    picked = undecided(queue, 2)
    image = item(queue, picked[0]).get_attribute("data-image")
    tick(queue, *picked)
    queue.get_by_label("Reason for all").fill("seen by hand")
    queue.route("**/decisions/batch", lambda route: route.fetch() and route.abort())
    batch(queue, "okay").click()
    expect(queue.locator("[data-said]")).to_contain_text("each counts once")
    expect(queue.get_by_label("Reason for all")).to_have_value("seen by hand")
    queue.unroute("**/decisions/batch")
    batch(queue, "okay").click()
    are_decided(queue, *picked, word="okay")
    queue.goto(f"{review_floor.server.url}/images/{image}?defect={picked[0]}")
    expect(queue.locator(".said-before li", has_text="seen by hand")).to_have_count(1)


def test_one_signature_is_sent_for_a_batch_and_a_refusal_loses_nothing(visit: Visits, signed_floor: Floor):
    visit.expect("status of 403")
    page = reviewing(visit, signed_floor, "Sven")
    picked = undecided(page, 2)
    tick(page, *picked)
    form, said = page.locator("[data-batch]"), page.locator("[data-said]")
    form.get_by_label("Reason").fill("burr")
    batch(page, "scrap").click()
    expect(said).to_have_text("0 stored, 2 refused: this must be signed")
    form.get_by_label("Password").fill("wrong")
    batch(page, "scrap").click()
    expect(said).to_contain_text("Name, password or code is wrong.")
    expect(form.get_by_label("Reason")).to_have_value("burr")
    expect(page.locator("[data-picked]")).to_have_text("2 picked")
    form.get_by_label("Name").fill("Edda")
    form.get_by_label("Password").fill(PASSWORD)
    batch(page, "scrap").click()
    are_decided(page, *picked, word="scrap")
    expect(item(page, picked[0]).locator(".stands")).to_contain_text("Edda")
    expect(form.locator('[name="password"]')).to_have_value("")


def test_a_signed_batch_is_taken_back_with_a_signature(visit: Visits, signed_floor: Floor):
    page = reviewing(visit, signed_floor, "Ada")
    picked = undecided(page, 2)
    tick(page, *picked)
    form = page.locator("[data-batch]")
    form.get_by_label("Password").fill(PASSWORD)
    batch(page, "scrap").click()
    are_decided(page, *picked, word="scrap")
    press(page, "u")
    expect(page.locator("[data-said]")).to_have_text("0 taken back, 2 refused: this must be signed")
    form.get_by_label("Password").fill(PASSWORD)
    batch(page, "undo").click()
    are_decided(page, *picked, word="")


def test_enter_in_a_field_of_the_batch_decides_nothing(queue: Page):
    picked = undecided(queue, 2)
    tick(queue, *picked)
    queue.get_by_label("Reason for all").press("Enter")
    queue.wait_for_timeout(300)
    expect(queue.locator("[data-said]")).to_be_empty()
    are_decided(queue, *picked, word="")
