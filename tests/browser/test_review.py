"""Deciding at a real browser: the queue by keys alone, two people at one defect, a lost connection."""

import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from hmi.demo import camera_serial
from tests.browser import looks
from tests.browser.browsers import Visits
from tests.browser.floors import FAILING, Floor, run_of
from tests.browser.test_people import grave, sign_in
from tests.people import PASSWORD, settle_in

MANY = 60
SCREENS = ((1920, 1080), (1366, 768), (1024, 768), (390, 844))
CONFLICT = r"status of 409"


@pytest.fixture(scope="module")
def review_floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    """A part with more failing defects than a page of the queue holds."""
    floor = reviewed(tmp_path_factory.mktemp("review"), MANY)
    yield floor
    floor.close()


@pytest.fixture(scope="module")
def signed_floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    """Here scrap must be signed, and what overrides the rules needs a reason."""
    review = {"signed": ["scrap"], "reason_needed": "always"}
    floor = reviewed(tmp_path_factory.mktemp("signed"), 6, review=review)
    yield floor
    floor.close()


def reviewed(folder: Path, many: int, **sections: dict) -> Floor:
    """A floor whose people have accounts, with a part that fails by so many defects."""
    floor = Floor(folder, **sections)
    store = floor.server.store()
    settle_in(store)
    store.close()
    left, top, width, height = FAILING
    boxes = [(left, top + 3 * number, width, height) for number in range(many)]
    floor.judged(floor.part({camera_serial(1): boxes}), "fail")
    return floor


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


def undecided(page: Page, count: int) -> list[str]:
    rows = page.locator("[data-open]:not(.is-decided)").evaluate_all(
        "all => all.map(one => one.dataset.open)"
    )
    return rows[:count]


def item(page: Page, one: str) -> Locator:
    return page.locator(f'[data-open="{one}"]')


def tick(page: Page, *all_of_them: str) -> None:
    for one in all_of_them:
        item(page, one).get_by_role("checkbox").check()


def batch(page: Page, word: str) -> Locator:
    return page.locator(f'[data-batch] button[value="{word}"]')


def are_decided(page: Page, *all_of_them: str, word: str) -> None:
    for one in all_of_them:
        expect(item(page, one).locator('[data-subject="defect"]')).to_have_attribute("data-word", word)


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


def test_the_keys_are_listed_on_a_key(queue: Page):
    press(queue, "?")
    expect(queue.get_by_role("dialog", name="Keys")).to_be_visible()
    press(queue, "o")
    expect(queue.locator(".is-current .stands-word")).to_contain_text("Nobody has decided yet")


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


@pytest.fixture
def passed_part(visit: Visits, review_floor: Floor) -> Page:
    """The page of a part that is in no queue, as a supervisor sees it."""
    written = review_floor.judged(review_floor.part(), "pass")
    record = f"/parts/{quote(written.serial)}"
    page = visit(f"{review_floor.server.url}/sign-in?next={quote(record)}")
    sign_in(page, "Sven")
    expect(page.get_by_role("heading", level=1)).to_have_text(written.serial)
    return page


def test_a_part_of_no_queue_is_held_and_released_where_its_record_is(passed_part: Page):
    passed_part.evaluate("window.isTheSamePage = true")
    panel, decided = passed_part.locator(".is-current [data-panel]"), passed_part.locator("#decided tbody tr")
    panel.get_by_label("Reason").fill("waits for the lab")
    panel.get_by_role("button", name="hold").click()
    expect(panel.locator(".stands-word")).to_contain_text("hold")
    expect(decided).to_contain_text("waits for the lab")
    panel.get_by_role("button", name="Take back").click()
    expect(panel.locator(".stands-word")).to_contain_text("Nobody has decided yet")
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
    expect(panel.locator(".stands-word")).to_contain_text("Nobody has decided yet")


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
