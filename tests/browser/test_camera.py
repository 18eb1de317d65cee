"""What people do at the camera view: look closer, go from defect to defect, freeze, search, scan."""

import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from hmi.demo import Written, camera_serial
from hmi.store import Store
from hmi.store.rules import Region
from tests.browser import looks
from tests.browser.browsers import Visits
from tests.browser.floors import BORDERLINE, FAILING, SMALL, Floor, poll_now, run_of
from tests.browser.scanner import scan

SIZES = {"full hd": (1920, 1080), "laptop": (1366, 768), "touch": (1024, 768), "phone": (390, 844)}
GRAVE = {"serious", "critical"}
LONG = "38A25125390338RFML3P 7006 MC 38A25125390338RFML3P 7006 MC 12"
SQUARE = [{"x": 80, "y": 80}, {"x": 240, "y": 80}, {"x": 240, "y": 240}, {"x": 80, "y": 240}]
FAR = (270, 270, 25, 20)
CAMERA = camera_serial(1)
DEFECTS = {CAMERA: [SMALL, FAILING, BORDERLINE, FAR]}


@pytest.fixture(scope="module")
def standing_floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    floor = Floor(tmp_path_factory.mktemp("camera"), ui={"theme": "auto"})
    store = Store(floor.server.store_url)
    with store.write() as session:
        session.add(Region(camera_id=CAMERA, region_id="Seal face", size_threshold=1.0, polygon=SQUARE))
    store.close()
    yield floor
    floor.close()


@pytest.fixture(scope="module")
def bad(standing_floor: Floor) -> Written:
    """A part with two defects that fail, one that is borderline and one that passes, on camera 1."""
    return standing_floor.judged(standing_floor.part(DEFECTS, serial="38A BAD 0338"), "fail")


def image_of(written: Written) -> str:
    return f"/images/{written.images[CAMERA]}"


def look(visit: Visits, floor: Floor, path: str, **options: Any) -> Page:
    """The page, once its tiles are drawn."""
    page = visit(floor.proxy.url + path, **options)
    expect(page.locator("#viewer")).to_have_attribute("data-ready", re.compile(r"\d"), timeout=20_000)
    return page


def resolution(page: Page) -> float:
    """Image px per screen px."""
    return float(page.locator("#viewer").get_attribute("data-resolution") or "nan")


def settles_at(page: Page, expected: float) -> None:
    expect(page.locator("#viewer")).to_have_attribute("data-resolution", re.compile(rf"^{expected:.4f}"))


def selected(page: Page) -> str | None:
    return page.locator("#inspector").get_attribute("data-selected")


def test_a_tap_on_a_tile_leads_to_its_camera_and_back(visit, floor, bad):
    page = visit(floor.proxy.url)
    page.get_by_role("link", name="look closer").first.click()
    expect(page).to_have_url(re.compile(f"/cameras/{CAMERA}$"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("1 · ")
    page.get_by_role("link", name="Grid").click()
    expect(page).to_have_url(re.compile(r"/$"))


def test_a_tile_of_a_frozen_grid_leads_to_its_own_image(visit, floor, bad):
    page = visit(f"{floor.proxy.url}/?run={run_of(bad)}")
    page.get_by_role("link", name="look closer").first.click()
    expect(page).to_have_url(re.compile(image_of(bad)))
    expect(page.locator("#frozen")).to_be_visible()


def test_buttons_zoom_fit_and_show_one_to_one(visit, floor, bad):
    page = look(visit, floor, image_of(bad))
    whole = resolution(page)
    page.get_by_role("button", name="1:1").click()
    settles_at(page, 1)
    for closer in (0.5, 0.25):
        page.get_by_role("button", name="Zoom in").click()
        settles_at(page, closer)
    expect(page.locator("#minimap")).to_be_visible()
    page.get_by_role("button", name="Zoom out").click()
    settles_at(page, 0.5)
    page.get_by_role("button", name="Fit").click()
    settles_at(page, whole)
    expect(page.locator("#minimap")).to_be_hidden()  # it would cover defects and show nothing else


def test_keys_and_the_wheel_zoom(visit, floor, bad):
    page = look(visit, floor, image_of(bad))
    page.keyboard.press("1")
    settles_at(page, 1)
    page.keyboard.press("+")
    settles_at(page, 0.5)
    before = resolution(page)
    page.locator("#map").hover()
    page.mouse.wheel(0, -300)
    expect(page.locator("#viewer")).not_to_have_attribute("data-resolution", f"{before:.4f}")


def test_two_fingers_zoom(visit, floor, bad):
    page = look(visit, floor, image_of(bad), has_touch=True, viewport={"width": 1024, "height": 768})
    page.keyboard.press("1")
    settles_at(page, 1)
    pinch(page, from_px=60, to_px=240)
    expect(page.locator("#viewer")).to_have_attribute("data-resolution", re.compile(r"^0\.[1-5]"))
    pinch(page, from_px=240, to_px=60)
    expect(page.locator("#viewer")).to_have_attribute("data-resolution", re.compile(r"^(0\.[6-9]|[1-9])"))


def pinch(page: Page, *, from_px: int, to_px: int) -> None:
    """Two fingers on the map, that far from each other at first and at last."""
    box = page.locator("#map").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *apart_px: int) -> None:
        points = [
            {"x": x + side * apart / 2, "y": y, "id": place}
            for apart in apart_px
            for place, side in enumerate((-1, 1))
        ]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", from_px)
    for step in range(1, 11):
        touch("touchMove", from_px + (to_px - from_px) * step // 10)
    touch("touchEnd")


def test_the_scale_bar_says_how_long_a_millimetre_is(visit, floor, bad):
    page = look(visit, floor, image_of(bad))
    page.keyboard.press("1")
    settles_at(page, 1)
    expect(page.locator("[data-scale-text]")).to_have_text("10 mm")
    width = page.locator("[data-scale-bar]").bounding_box()["width"]
    assert width == pytest.approx(10 * 95 / 7.9375, abs=1)


def test_next_and_previous_go_from_defect_to_defect_and_the_view_flies_there(visit, floor, bad):
    page = look(visit, floor, image_of(bad))
    first = selected(page)
    page.get_by_role("link", name="Next").click()
    expect(page.locator("#inspector")).not_to_have_attribute("data-selected", first)
    expect(page).to_have_url(re.compile(r"\?defect="))
    expect(page.locator(".row-key[aria-current]")).to_have_attribute("data-defect", selected(page))
    expect(page.locator(".neighbours p")).to_have_text("2 / 3")
    expect(page.locator("#viewer")).to_have_attribute("data-resolution", re.compile(r"^0\.|^1\.0000"))
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#inspector")).to_have_attribute("data-selected", first)


def test_a_tap_on_a_mark_selects_its_defect(visit, floor, bad):
    page = look(visit, floor, image_of(bad))
    map_ = page.locator("#map").bounding_box()
    scale = 1 / resolution(page)
    x, y = FAR[0] + FAR[2] / 2 - 160, FAR[1] + FAR[3] / 2 - 160  # from the middle of an image of 320 px
    page.mouse.click(map_["x"] + map_["width"] / 2 + x * scale, map_["y"] + map_["height"] / 2 + y * scale)
    expect(page.locator("#inspector")).to_have_attribute("data-selected", str(bad.defects[CAMERA][3]))


def test_the_overlay_and_the_defects_are_chosen(visit, floor, bad):
    visit.expect(r"Canvas2D: Multiple readback operations")
    page = look(visit, floor, image_of(bad))
    marked = {name: painted(page, name) for name in ("Full", "Boxes", "None")}
    assert marked["Full"] > marked["Boxes"] > marked["None"] == 0
    painted(page, "Boxes")
    page.get_by_role("link", name="All 4").click()
    expect(page.locator(".row-key")).to_have_count(4)
    page.get_by_role("button", name="Fit").click()
    page.wait_for_timeout(500)
    assert painted(page, "Boxes") > marked["Boxes"]


def painted(page: Page, overlay: str) -> int:
    """Pixels that the overlay covers."""
    page.get_by_role("button", name=overlay, exact=True).click()
    page.wait_for_timeout(150)
    return page.evaluate(
        """() => {
          const drawn = [...document.querySelectorAll("#map canvas")].at(-1);
          const data = drawn.getContext("2d").getImageData(0, 0, drawn.width, drawn.height).data;
          let count = 0;
          for (let at = 3; at < data.length; at += 4) if (data[at]) count += 1;
          return count; }"""
    )


def test_words_of_two_places_that_are_close_are_not_written_over_each_other(visit, floor, bad):
    page = look(visit, floor, image_of(bad))
    placed = page.evaluate(
        """() => {
          const pen = document.querySelector("#viewer canvas").getContext("2d");
          pen.placed = [];
          for (const x of [300, 340, 300]) hmiMap.text(pen, "Seal face", x, 200);
          hmiMap.text(pen, "Bore", 700, 200);
          return pen.placed.map((one) => one.y);
        }"""
    )
    assert placed == [200, 220, 240, 200]


def test_brightness_and_contrast_change_the_picture_and_not_the_marks(visit, floor, bad):
    page = look(visit, floor, image_of(bad))
    page.keyboard.press("l")
    page.get_by_label("Brightness", exact=True).fill("180")
    assert "brightness(180%)" in page.locator("#map .pictures").evaluate("(one) => one.style.filter")
    page.get_by_role("button", name="As it was taken").click()
    assert "brightness(100%)" in page.locator("#map .pictures").evaluate("(one) => one.style.filter")


def test_the_live_page_follows_the_line(visit, floor, bad):
    page = look(visit, floor, f"/cameras/{CAMERA}")
    written = floor.judged(floor.part(), "pass")
    expect(page.locator("#viewer")).to_have_attribute(
        "data-image", str(written.images[CAMERA]), timeout=15_000
    )
    expect(page.locator("#about")).to_contain_text(written.serial)
    expect(page.locator("#about .verdict")).to_contain_text("pass")
    expect(page.locator("#frozen")).to_be_hidden()


def test_an_answer_that_gets_lost_is_asked_for_again(visit, floor, bad):
    visit.expect("Failed to load resource|request failed")
    page = look(visit, floor, f"/cameras/{CAMERA}")
    lost: list[str] = []

    def lose(route):
        if len(lost) >= 20:
            return route.continue_()
        lost.append(route.request.url)
        return route.abort()

    page.route("**/cameras/*?have=*", lose)
    written = floor.judged(floor.part(), "pass")
    expect(page.locator("#about .verdict")).to_be_hidden(timeout=20_000)  # what stands there is old by now
    expect(page.locator("#viewer")).to_have_attribute(
        "data-image", str(written.images[CAMERA]), timeout=40_000
    )
    expect(page.locator("#about .verdict")).to_be_visible()
    assert len(lost) == 20


def test_the_first_image_of_a_camera_brings_its_page(visit, tmp_path):
    with closing(Floor(tmp_path, cameras=1)) as empty:
        page = visit(f"{empty.server.url}/cameras/{CAMERA}")
        expect(page.locator(".empty")).to_contain_text("has brought no image yet")
        empty.judged(empty.part(), "pass")
        expect(page.locator("#viewer")).to_be_visible(timeout=15_000)


def test_whoever_looks_closer_freezes_the_image_and_a_tap_leads_back(visit, floor):
    shown = floor.judged(floor.failing(), "fail")
    page = look(visit, floor, f"/cameras/{CAMERA}")
    page.get_by_role("button", name="Zoom in").click()
    expect(page.locator("#frozen")).to_be_visible()
    expect(page).to_have_url(re.compile(image_of(shown)))
    newer = floor.judged(floor.part(), "pass")
    page.wait_for_timeout(2000)
    expect(page.locator("#viewer")).to_have_attribute("data-image", str(shown.images[CAMERA]))
    page.get_by_role("link", name="Back to live").click()
    expect(page.locator("#viewer")).to_have_attribute("data-image", str(newer.images[CAMERA]))


def test_a_live_page_that_gets_no_answers_says_so_and_shows_no_verdict(visit, floor, bad):
    visit.expect(r"Failed to load resource|console: htmx:|request failed")
    page = look(visit, floor, f"/cameras/{CAMERA}")
    expect(page.locator("html")).to_have_attribute("data-link", "live")
    page.context.set_offline(True)
    expect(page.locator("#link")).to_contain_text("NO CONNECTION", timeout=10_000)
    expect(page.locator("#about .verdict")).to_be_hidden()
    page.context.set_offline(False)
    expect(page.locator("#about .verdict")).to_be_visible(timeout=10_000)


def test_without_a_script_picture_and_defects_are_plain_html(visit, floor, bad):
    page = visit(floor.proxy.url + image_of(bad), java_script_enabled=False)
    assert page.locator(".still").evaluate("(one) => one.naturalWidth") > 0
    expect(page.locator(".row-key")).to_have_count(3)
    page.get_by_role("link", name="Next").click()
    expect(page.locator(".neighbours p")).to_have_text("2 / 3")
    page.get_by_role("link", name="All 4").click()
    expect(page.locator(".row-key")).to_have_count(4)


def test_a_piece_of_a_serial_finds_the_part(visit, floor, bad):
    page = visit(f"{floor.proxy.url}/search")
    page.get_by_label("Search a serial").fill("bad 03")
    page.keyboard.press("Enter")
    page.get_by_role("link", name=bad.serial).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(bad.serial)
    page.locator(".shot").first.click()
    expect(page).to_have_url(re.compile(image_of(bad)))


@pytest.mark.parametrize("path", ["/", "/search", "image"])
def test_a_scan_leads_to_the_part_from_everywhere(visit, floor, bad, path):
    page = visit(floor.proxy.url + (image_of(bad) if path == "image" else path))
    page.locator("body").evaluate("(body) => body.ownerDocument.activeElement.blur()")
    page.wait_for_timeout(500)
    scan(page, bad.serial)
    expect(page).to_have_url(re.compile("/parts/38A"))


def test_a_scan_never_acts_as_shortcuts_and_presses_no_button(visit, floor, bad):
    page = look(visit, floor, image_of(bad))
    before = resolution(page)
    page.get_by_role("button", name="Zoom in").focus()
    page.keyboard.type("+1+1f l-- 0")  # by real keys: those of a script press no button
    page.keyboard.press("Enter")
    expect(page.locator(".scanned")).to_contain_text("Not recognised: +1+1f l-- 0")
    assert resolution(page) == before
    expect(page).to_have_url(re.compile(image_of(bad)))
    expect(page.locator("#light")).to_be_hidden()


def test_a_storm_of_scans_leads_nowhere_it_should_not(visit, floor, bad):
    page = visit(floor.proxy.url)
    for number in range(20):
        scan(page, f"UNKNOWN{number:03}")
    expect(page.locator(".scanned")).to_contain_text("Not recognised: UNKNOWN019")
    assert page.url.rstrip("/") == floor.proxy.url.rstrip("/")


def test_typing_in_a_field_is_neither_scan_nor_shortcut(visit, floor, bad):
    page = visit(f"{floor.proxy.url}/search")
    page.get_by_label("Search a serial").click()
    page.keyboard.type("38A+1", delay=5)
    expect(page.get_by_label("Search a serial")).to_have_value("38A+1")
    expect(page.locator(".scanned")).to_have_count(0)


def test_the_record_of_a_part_prints_on_one_page(visit, floor):
    serial = "38A PRINT 7006 MC"
    for defects in ({CAMERA: [SMALL]}, {CAMERA: [FAILING]}):
        written = floor.judged(
            floor.part(defects, serial=serial), "pass" if SMALL in defects[CAMERA] else "fail"
        )
    page = visit(f"{floor.proxy.url}/parts/{written.serial}")
    expect(page.get_by_role("heading", name="Run 2")).to_be_visible()
    assert page.pdf(format="A4").count(b"/Type /Page\n") == 1


def test_nothing_is_cut_off_and_every_key_can_be_hit(visit, floor, subtests):
    written = floor.judged(floor.part(DEFECTS, serial=LONG), "fail")
    for path in (image_of(written), f"/cameras/{CAMERA}/history", f"/parts/{LONG}", "/search?q=38A"):
        page = visit(floor.proxy.url + path)
        for screen, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(200)
            with subtests.test(path=path, screen=screen):
                assert looks.overflow(page)["across"] <= 0
                assert looks.overlapping_texts(page) == []
                assert looks.cut_off(page, ".key, .verdict, .frozen-word, .facts dd, h2") == []
                keys = ".key, .row-key, .card, input:not([type=hidden]), select"
                assert looks.too_small(page, keys, 48) == []
                if path == image_of(written) and screen != "full hd":
                    assert looks.overlapping_boxes(page, ".tools, .overlays, .map") == []
                    assert page.locator("#viewer").bounding_box()["y"] < 280


def test_every_text_stands_out_and_axe_finds_nothing_grave(visit, floor, bad, subtests):
    for path in (image_of(bad), f"/cameras/{CAMERA}/history", f"/parts/{bad.serial}", "/search?q=38A"):
        page = visit(floor.proxy.url + path)
        poll_now(page)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            page.wait_for_timeout(200)
            with subtests.test(path=path, theme=theme):
                assert looks.faint(page, 7) == []
                found = Axe().run(page).response["violations"]
                assert [
                    f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found if one["impact"] in GRAVE
                ] == []
