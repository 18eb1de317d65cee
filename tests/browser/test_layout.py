"""The grid fits its screen, can be read from afar and hit with gloves, whatever it has to show."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from hmi.demo import Written, camera_serial, demo_line
from tests.browser import looks
from tests.browser.floors import BORDERLINE, FAILING, SMALL, Floor, run_of, shows

SIZES = {"full hd": (1920, 1080), "laptop": (1366, 768), "touch": (1024, 768), "phone": (390, 844)}
CAMERAS = {"ONE": 1, "FIVE": 5, "ALL": 24}
LONG = "38A25125390338RFML3P 7006 MC 38A25125390338RFML3P 7006 MC 12"
AREAS = ".header, .tile, .part, .strip, .frozen"
PARTS = ".part-verdict, .why, .acknowledge, .line-facts"
WORDS = ".tile .verdict, .part-verdict strong, .key, .frozen-word, #link"


@pytest.fixture(scope="module")
def standing_floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    """24 cameras, of which a part of type ONE expects the first and one of type FIVE the first five."""
    cameras = demo_line(24)
    for camera in cameras[1:]:
        camera["part_types"] = ["FIVE", "ALL"] if camera["order"] <= 5 else ["ALL"]
    ui = {"theme": "auto", "customer": "Livonia Transmission", "site": "Mod A"}
    floor = Floor(tmp_path_factory.mktemp("layout"), cameras=24, line={"cameras": cameras}, ui=ui)
    for _ in range(9):
        part(floor, "FIVE")
    yield floor
    floor.close()


def part(floor: Floor, kind: str, lost: int = 0, **how: object) -> Written:
    """A part of a type; `lost` is a camera that brings nothing."""
    missing = [camera_serial(number) for number in range(1, 25) if number > CAMERAS[kind] or number == lost]
    return floor.part(part_type=kind, missing=missing, **how)


def bad(floor: Floor, kind: str) -> Written:
    """As much to say as there can be: failing, borderline, a camera without an image, a long serial."""
    defects = {camera_serial(1): [FAILING, (150, 120, 40, 9), SMALL], camera_serial(3): [BORDERLINE]}
    return part(floor, kind, lost=2, defects=defects, serial=LONG)


@pytest.fixture(scope="module")
def bad_runs(standing_floor: Floor) -> dict[str, str]:
    """By part type, the run of a part with as much to say as there can be."""
    return {kind: run_of(standing_floor.judged(bad(standing_floor, kind), "fail")) for kind in CAMERAS}


@pytest.fixture(scope="module")
def runs(standing_floor: Floor) -> dict[str, str]:
    """By verdict, a run that has it."""
    floor = standing_floor
    written = {
        "fail": part(floor, "FIVE", defects={camera_serial(1): [FAILING]}),
        "review": part(floor, "FIVE", defects={camera_serial(1): [BORDERLINE]}),
        "missing": part(floor, "FIVE", lost=2),
        "unreadable": part(floor, "FIVE", pictures=False),
        "pass": part(floor, "FIVE"),
    }
    return {verdict: run_of(floor.judged(one, verdict)) for verdict, one in written.items()}


def size(name: str) -> dict[str, int]:
    return dict(zip(("width", "height"), SIZES[name], strict=True))


@pytest.mark.parametrize("kind", CAMERAS)
def test_nothing_is_cut_off_and_nothing_lies_on_anything_else(visit, floor, bad_runs, kind, subtests):
    page = visit(f"{floor.proxy.url}/?run={bad_runs[kind]}")
    expect(page.locator(".tile")).to_have_count(CAMERAS[kind])
    for screen in SIZES:
        page.set_viewport_size(size(screen))
        with subtests.test(screen=screen):
            assert looks.overflow(page)["across"] <= 0
            assert looks.overflow(page)["down"] <= 0 or screen == "phone"
            assert looks.overlapping_boxes(page, AREAS) == []
            assert looks.overlapping_boxes(page, PARTS) == []
            assert looks.overlapping_boxes(page, ".card") == []
            assert looks.overlapping_texts(page) == []
            assert looks.cut_off(page, WORDS) == []
            assert looks.too_small(page, "a, button", 48) == []


@pytest.mark.parametrize("verdict", ["fail", "review", "missing", "unreadable", "pass"])
def test_verdicts_can_be_read_from_afar_and_stand_out(visit, floor, runs, verdict, subtests):
    page = visit(f"{floor.proxy.url}/?run={runs[verdict]}")
    expect(page.locator(".part-verdict")).to_have_attribute("data-verdict", verdict)
    for screen in SIZES:
        page.set_viewport_size(size(screen))
        with subtests.test(screen=screen):
            assert looks.cut_off(page, WORDS) == []
            assert min(font_px(page, ".part-verdict strong")) >= 44
            assert min(font_px(page, ".tile .word")) >= 16
            assert set(weights(page, ".tile .word, .part-verdict strong")) <= {"700", "800"}
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        with subtests.test(theme=theme):
            assert looks.faint(page, 7) == []


def test_the_serial_in_the_header_is_whole(visit, floor, runs, subtests):
    page = visit(floor.proxy.url)
    expect(page.locator("html")).to_have_attribute("data-link", "live")
    for screen in SIZES:
        page.set_viewport_size(size(screen))
        with subtests.test(screen=screen):
            assert looks.cut_off(page, "#header .facts") == []


def font_px(page: Page, selector: str) -> list[float]:
    found = page.locator(selector)
    return found.evaluate_all("all => all.map((one) => parseFloat(getComputedStyle(one).fontSize))")


def weights(page: Page, selector: str) -> list[str]:
    return page.locator(selector).evaluate_all("all => all.map((one) => getComputedStyle(one).fontWeight)")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_theme_of_the_settings_looks_as_the_one_that_a_browser_asks_for(visit, floor, runs, theme):
    page = visit(f"{floor.proxy.url}/?run={runs['fail']}", color_scheme=theme)
    asked_for = colours(page)
    page.emulate_media(color_scheme="dark" if theme == "light" else "light")
    assert colours(page) != asked_for
    page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    assert colours(page) == asked_for


def colours(page: Page) -> list[str]:
    expect(page.locator("html")).to_have_attribute("data-link", "live")
    return page.locator("body *").evaluate_all(
        "all => all.map((one) => getComputedStyle(one)).map((style) => style.color + style.backgroundColor)"
    )


def test_the_words_of_a_lost_connection_stand_out_and_are_whole(visit, floor, subtests):
    visit.expect(r"Failed to load resource|console: htmx:|request failed")
    shown = floor.judged(part(floor, "FIVE"), "pass")
    page = visit(floor.proxy.url)
    shows(page, shown, "pass")
    page.context.set_offline(True)
    expect(page.locator("#link")).to_be_visible(timeout=10_000)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for screen in SIZES:
            page.set_viewport_size(size(screen))
            with subtests.test(screen=screen, theme=theme):
                assert looks.cut_off(page, "#link, .link-note") == []
                assert [one for one in looks.faint(page, 7) if "NO CONNECTION" in one[0]] == []
