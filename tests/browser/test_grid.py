"""The live grid: what it says of cameras and of the line, and that nothing moves on it."""

import io
import time
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from hmi.demo import camera_serial
from hmi.store.runs import reference
from tests.browser.floors import Floor, shows
from tests.browser.sampler import Sampler, until
from tests.plants import VisionSystem

WATCH_PLACES = """() => {
  window.places = new Set();
  window.shifts = [];
  const nameOf = (node) => node?.id || node?.getAttribute?.("class") || "?";
  const look = () => window.places.add(JSON.stringify(
    [...document.querySelectorAll(".tile, .part, .strip, .header")].map((element) => {
      const box = element.getBoundingClientRect();
      return [element.id, box.x, box.y, box.width, box.height];
    })));
  look();
  setInterval(look, 50);
  new PerformanceObserver((list) => {
    for (const shift of list.getEntries()) {
      window.shifts.push(...shift.sources.map(({ node }) => nameOf(node)));
    }
  }).observe({ type: "layout-shift" });
}"""


def tile(page: Page, number: int) -> Locator:
    return page.locator(f"#tile-{number}")


def picture(page: Page, number: int) -> Locator:
    return tile(page, number).locator(".picture")


def test_a_camera_that_brings_no_image_says_for_which_trigger_and_the_part_never_passes(kiosk, floor):
    written = floor.part(missing=[camera_serial(5)])
    shows(kiosk, written)
    sampler = Sampler(kiosk)
    shows(kiosk, written, "missing")
    expect(tile(kiosk, 5).locator(".verdict")).to_have_text("NO IMAGE")
    expect(tile(kiosk, 5).locator(".text")).to_have_text(f"no image for trigger {written.trigger}")
    expect(tile(kiosk, 5).locator(".no-picture")).to_contain_text("last image")
    of_part = [sample.seen[5]["words"].split("\n")[0] for sample in sampler.samples()]
    assert set(of_part) <= {"WAITING", "NO IMAGE"}


def test_an_image_without_a_file_is_said_to_have_none(kiosk, floor):
    shows(kiosk, floor.part(pictures=False), "unreadable")
    expect(tile(kiosk, 2).locator(".verdict")).to_have_text("UNREADABLE")
    expect(tile(kiosk, 2).locator(".text")).to_have_text("image file is not there")
    expect(picture(kiosk, 2).locator("img")).to_have_count(0)


def test_nothing_moves_when_verdicts_pictures_and_texts_change(kiosk, floor):
    kiosk.evaluate(WATCH_PLACES)
    shows(kiosk, floor.part(), "pass")
    shows(kiosk, floor.borderline(), "review")
    shows(kiosk, floor.part(missing=[camera_serial(1), camera_serial(4)]), "missing")
    shows(kiosk, floor.part(serial="S" * 60), "pass")
    shows(kiosk, floor.failing(), "fail")
    kiosk.wait_for_timeout(200)
    assert kiosk.evaluate("window.places.size") == 1
    moved = set(kiosk.evaluate("window.shifts"))
    assert {
        name for name in moved if name.startswith(("tile", "part", "picture", "strip", "header"))
    } == set()


def test_the_picture_of_the_last_part_is_never_seen_under_the_next_one(kiosk, floor):
    for number in range(1, 6):
        expect(picture(kiosk, number).locator("img")).to_be_visible()
    assert contrast_of(picture(kiosk, 1)) > 60
    floor.proxy.hold(lambda asked: asked.startswith("GET /pictures/"))
    written = floor.borderline()
    shows(kiosk, written, "review")
    assert [contrast_of(picture(kiosk, number)) for number in range(1, 6)] == [0, 0, 0, 0, 0]
    floor.proxy.heal()
    until(kiosk, lambda: contrast_of(picture(kiosk, 1)) > 60)


def contrast_of(element: Locator) -> int:
    """Between the darkest and the brightest grey in the middle of it."""
    grey = Image.open(io.BytesIO(element.screenshot())).convert("L")
    width, height = grey.size
    darkest, brightest = grey.crop((width // 4, height // 4, 3 * width // 4, 3 * height // 4)).getextrema()
    return int(brightest - darkest)


def test_only_the_picture_that_changed_is_fetched_again(kiosk, floor):
    written = floor.part()
    shows(kiosk, written, "pass")
    until(kiosk, lambda: pictures_fetched(floor) >= set(map(reference_of, written.images.values())))
    changed = written.images[camera_serial(3)]
    first = len(floor.proxy.asked)
    VisionSystem(floor.url).defect(changed, x=100, y=100, width=40, height=10)
    expect(tile(kiosk, 3).locator(".verdict")).to_have_text("FAIL")
    expect(kiosk.locator(".worst img")).to_be_visible()
    assert pictures_fetched(floor, first) == {reference_of(changed)}


def reference_of(image: int) -> str:
    return reference((1, image))


def pictures_fetched(floor: Floor, first: int = 0) -> set[str]:
    """References of the images of which pictures were asked for."""
    paths = [asked.path for asked in floor.proxy.asked[first:]]
    return {path.split("/")[2] for path in paths if path.startswith("/pictures/")}


def test_a_picture_that_cannot_be_loaded_says_so_and_comes_when_it_can(visit, floor):
    written = floor.judged(floor.failing(), "fail")
    page = visit("about:blank")
    page.route("**/pictures/**", lambda route: route.fulfill(status=503))
    page.goto(floor.proxy.url)
    shows(page, written, "fail")
    assert_no_picture(page)
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator(".acknowledge .seen")).to_be_visible()
    assert_no_picture(page)
    page.unroute("**/pictures/**")
    expect(picture(page, 1).locator("img")).to_be_visible()
    expect(picture(page, 1).locator(".no-picture")).to_be_hidden()


def assert_no_picture(page: Page) -> None:
    for number in range(1, 6):
        expect(picture(page, number).locator(".no-picture")).to_be_visible()
        expect(picture(page, number).locator("img")).to_be_hidden()


@pytest.fixture(scope="module")
def quiet_floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    """A line that says after 2 s without a trigger that there is none, and forgets frozen pages after 5 s."""
    floor = Floor(tmp_path_factory.mktemp("quiet"), cameras=1, line={"idle_after_s": 2}, ui={"frozen_s": 5})
    yield floor
    floor.close()


def test_before_any_part_came_every_camera_waits(visit, quiet_floor):
    page = visit(quiet_floor.proxy.url)
    expect(page.locator("html")).to_have_attribute("data-link", "live")
    expect(tile(page, 1).locator(".verdict")).to_have_text("WAITING")
    expect(page.locator(".part-verdict strong")).to_have_text("WAITING")
    expect(page.locator(".strip")).to_contain_text("The last parts will be listed here.")


def test_a_vision_system_that_stops_is_told_and_not_taken_for_a_fault_of_ours(visit, quiet_floor):
    written = quiet_floor.judged(quiet_floor.failing(), "fail")
    page = visit(quiet_floor.proxy.url)
    began = time.monotonic()
    expect(page.locator("[data-last-part]")).to_contain_text("no trigger for", timeout=10_000)
    assert time.monotonic() - began <= 2 + 5
    shows(page, written, "fail")
    expect(page.locator("#link")).to_be_hidden()
    quiet_floor.failing()
    expect(page.locator("[data-last-part]")).to_contain_text("ago")


def test_a_frozen_page_that_is_left_alone_goes_back_to_live(visit, quiet_floor):
    page = visit(f"{quiet_floor.proxy.url}/?run={newest_run(quiet_floor)}")
    expect(page.locator(".frozen")).to_contain_text("FROZEN")
    page.wait_for_timeout(1500)
    page.mouse.click(5, 500)  # somebody is there
    page.wait_for_timeout(4500)
    assert "run=" in page.url
    page.wait_for_url(f"{quiet_floor.proxy.url}/", timeout=10_000)


def test_a_frozen_page_stays_while_nobody_answers(visit, quiet_floor):
    visit.expect(r"Failed to load resource|console: htmx:|request failed: \S+/(livez?\b|static/icon)")
    page = visit(f"{quiet_floor.proxy.url}/?run={newest_run(quiet_floor)}")
    page.context.set_offline(True)
    page.wait_for_timeout(7500)
    page.locator(".card").first.click()
    page.get_by_role("link", name="Back to live").click()
    page.wait_for_timeout(300)
    expect(page.locator(".frozen")).to_contain_text("FROZEN")
    page.context.set_offline(False)
    page.wait_for_url(f"{quiet_floor.proxy.url}/", timeout=10_000)


def newest_run(floor: Floor) -> str:
    written = floor.judged(floor.failing(), "fail")
    return reference((1, written.trigger))


def test_a_tap_on_a_card_freezes_the_page_while_the_line_goes_on(kiosk, floor):
    frozen_on = kiosk.locator("#header .wide dd").inner_text()
    kiosk.locator(".card").first.click()
    expect(kiosk.locator(".frozen")).to_contain_text(frozen_on)
    pictures = kiosk.locator(".tile img").evaluate_all("all => all.map((one) => one.src)")
    written = floor.judged(floor.borderline(), "review")
    expect(kiosk.locator("#header .wide dd")).to_have_text(written.serial)
    expect(kiosk.locator(".card").first).to_have_attribute("title", written.serial)
    expect(kiosk.locator(".card[aria-current]")).to_have_attribute("title", frozen_on)
    expect(kiosk.locator(".part-verdict")).to_have_attribute("data-verdict", "fail")
    assert kiosk.locator(".tile img").evaluate_all("all => all.map((one) => one.src)") == pictures
    kiosk.get_by_role("link", name="Back to live").click()
    shows(kiosk, written, "review")


def test_a_fail_is_acknowledged_with_one_tap_and_everybody_sees_by_which_station(visit, floor):
    failing = floor.judged(floor.failing(), "fail")
    page = visit(f"{floor.proxy.url}/?kiosk=Station 3")
    other = visit(floor.proxy.url)
    for one in (page, other):
        shows(one, failing, "fail")
    page.get_by_role("button", name="Acknowledge").click()
    for one in (page, other):
        expect(one.locator(".acknowledge .seen")).to_contain_text("· Station 3", timeout=2000)


def test_a_kiosk_keeps_its_name(visit, floor):
    failing = floor.judged(floor.failing(), "fail")
    page = visit(f"{floor.proxy.url}/?kiosk=Station 4")
    page.goto(floor.proxy.url)
    expect(page.locator("html")).to_have_attribute("data-station", "Station 4")
    shows(page, failing, "fail")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator(".acknowledge .seen")).to_contain_text("· Station 4")
    (cookie,) = [one for one in page.context.cookies() if one["name"] == "hmi_station"]
    assert cookie["httpOnly"]
    assert cookie["expires"] > time.time() + 300 * 86_400


def test_a_fail_is_acknowledged_on_a_frozen_page_too(kiosk, floor):
    kiosk.locator(".card").first.click()
    expect(kiosk.locator(".frozen")).to_be_visible()
    kiosk.get_by_role("button", name="Acknowledge").click()
    expect(kiosk.locator(".acknowledge .seen")).to_contain_text("no station")
    kiosk.wait_for_timeout(1500)
    expect(kiosk.locator(".tile")).to_have_count(5)
