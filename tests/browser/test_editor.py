"""What engineers do at the region editor: draw, alter, publish. Nothing of it gets lost."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser import editors, looks
from tests.browser.editors import CAMERA, EDITOR, PROJECTED, SIDE, near
from tests.waiting import until

GRAVE = {"serious", "critical"}
LONG = "Dichtfläche zum Ventilgehäuse, linke Seite, unterhalb der Gussmarke " * 2
SPOT = (240, 40, 30, 20)
standing_floor = editors.standing_floor


def test_a_region_is_drawn_tried_and_published_and_the_grid_follows(edit, floor):
    scrapped = floor.judged(floor.failing(), "fail")
    spared = floor.judged(floor.failing(), "fail")
    editor = edit()
    page = editor.page
    page.goto(f"{floor.server.url}/images/{scrapped.images[CAMERA]}")
    page.locator("[data-does=scrap]").first.click()
    expect(page.locator(".stands-word.is-scrap").first).to_be_visible()
    page.get_by_role("link", name="Regions").click()
    editor.opened()

    editor.polygon((60, 60), (170, 60), (120, 110), (60, 160))
    editor.field("Region name").fill("Cast mark")
    editor.field("Kind").select_option("ignore")
    expect(editor.field("Size limit")).to_be_hidden()
    editor.saved()
    before = editor.standing()
    editor.drag((120, 110), (170, 160))
    assert near(editor.polygon_of("Cast mark"), [(60, 60), (170, 60), (170, 160), (60, 160)])

    tried = editor.tried()
    assert editor.standing() == before  # the numbers have come, and nothing has moved
    now, then = (int(tried.locator(f"[data-text=fail-{when}]").inner_text()) for when in ("now", "then"))
    assert now - then == int(tried.locator("[data-text=changed]").inner_text()) >= 1
    expect(tried.locator("[data-changed] li", has_text=spared.serial)).to_contain_text("✕ fail → ✓ pass")
    shown = tried.locator("[data-changed] img").first
    shown.scroll_into_view_if_needed()
    until(lambda: shown.evaluate("(one) => one.naturalWidth"))
    expect(tried.locator("[data-text=caught-then]")).to_have_text("0 of 1")
    assert float(tried.locator("[data-share=freed]").get_attribute("width") or 0) > 0
    expect(tried.get_by_role("alert")).to_have_text(f"1 scrapped part would now pass: {scrapped.serial}")
    tried.get_by_text("Fail rate by day").click()
    expect(tried.locator("[data-days] tr").first).to_contain_text("%")

    editor.press(f"Publish v{editor.draft()['next_version']}…")
    expect(page.locator("dialog [data-changes] li").first).to_contain_text("Cast mark")
    page.get_by_label("Reason").fill("The mark is cast")
    before = editor.draft()["version"]
    editor.press("Publish")
    expect(page.locator(".facts")).to_contain_text(f"v{before + 1}")
    floor.judged(floor.failing(), "pass")


def test_a_recurring_spot_becomes_an_ignore_region_by_one_tap(edit, floor):
    for _ in range(6):
        written = floor.part({CAMERA: [SPOT]})
    floor.judged(written, "fail")
    editor = edit()
    editor.discard()
    places = editor.page.locator("[data-spots] li")
    ignored = places.filter(has_text="at 255, 50 px")
    ignored.get_by_role("button").click()
    expect(ignored).to_have_count(0)
    expect(editor.page.locator("[data-histogram]")).to_be_hidden()
    region = editor.region("Recurring spot")
    assert region["kind"] == "ignore"
    xs, ys = zip(*region["polygon"], strict=True)
    assert min(xs) <= 240 < 270 <= max(xs)
    assert min(ys) <= 40 < 60 <= max(ys)
    editor.press("Undo")
    expect(editor.row("Recurring spot")).to_have_count(0)
    expect(ignored).to_have_count(1)
    editor.row("Default rule").click()
    expect(editor.page.locator("[data-histogram]")).to_contain_text("defects reach")
    editor.discard()

    editor.page.goto(f"{floor.server.url}{EDITOR}?spot=100,250")  # as the statistics link to it
    editor.opened()
    expect(editor.page.locator("#viewer")).to_have_attribute("data-resolution", "1.0000")
    chosen = places.filter(has_text="Chosen in the statistics")
    expect(chosen).to_be_in_viewport()
    chosen.get_by_role("button").click()
    assert near(editor.polygon_of("Recurring spot"), [(76, 226), (124, 274)])
    editor.discard()


def test_what_is_drawn_can_be_altered_in_every_way_and_each_step_undone(edit):
    editor = edit()
    editor.discard()
    keyboard = editor.page.keyboard
    editor.rectangle((20, 180), (100, 260))
    editor.field("Region name").fill("Bore")
    assert near(editor.polygon_of("Bore"), [(20, 180), (100, 180), (100, 260), (20, 260)])
    editor.drag((60, 220), (61, 218))  # the whole shape
    start = editor.polygon_of("Bore")
    assert near(start, [(21, 178), (101, 258)])

    editor.page.locator("#viewer").focus()
    keyboard.press("ArrowRight")
    keyboard.press("Shift+ArrowDown")
    assert editor.polygon_of("Bore") == [[x + 1, y + 10] for x, y in start]
    keyboard.press("Control+z")
    assert editor.polygon_of("Bore") == start
    keyboard.press("Control+y")
    assert editor.polygon_of("Bore") == [[x + 1, y + 10] for x, y in start]

    editor.drag((62, 188), (62, 160))  # a new corner on an edge
    assert len(editor.polygon_of("Bore")) == 5
    keyboard.press("ArrowUp")  # …which is the selected one
    assert near(editor.polygon_of("Bore"), [(62, 159), (22, 188), (102, 188)])
    editor.press("Corner")
    assert len(editor.polygon_of("Bore")) == 4
    editor.drag((22, 268), (2, 318))  # to the corner of the image
    assert [0, SIDE] in editor.polygon_of("Bore")
    editor.drag((102, 268), (198, 278))  # to a corner of the region beside it
    assert [200, 280] in editor.polygon_of("Bore")

    editor.page.get_by_text("Corners:").click()
    editor.page.get_by_label("x of corner 1, px").fill("33.25")
    assert editor.polygon_of("Bore")[0][0] == 33.25
    editor.page.locator("#viewer").focus()
    while editor.page.get_by_role("button", name="Undo").is_enabled():
        keyboard.press("Control+z")
    editor.saved()
    assert "Bore" not in {one["region_id"] for one in editor.draft()["regions"]}

    assert max(editor.page.evaluate(PROJECTED)) < 0.01
    editor.press("Polygon")
    editor.click(40, 40)
    keyboard.press("Escape")
    expect(editor.page.get_by_role("button", name="Polygon")).to_have_attribute("aria-pressed", "false")


def test_fingers_draw_move_and_zoom(edit):
    editor = edit(viewport={"width": 1024, "height": 768}, has_touch=True)
    editor.discard()
    page = editor.page
    page.get_by_role("button", name="Polygon").tap()
    for x, y in ((120, 180), (180, 180), (180, 240), (120, 240)):
        page.touchscreen.tap(*editor.place(x, y))
    page.get_by_role("button", name="Finish").tap()
    expect(page.get_by_role("button", name="Polygon")).to_have_attribute("aria-pressed", "false")
    editor.field("Region name").fill("By hand")
    assert near(editor.polygon_of("By hand"), [(120, 180), (180, 240)])
    page.touchscreen.tap(*editor.place(120, 240))
    page.get_by_role("button", name="Corner").tap()
    assert len(editor.polygon_of("By hand")) == 3

    fingers = page.context.new_cdp_session(page)

    def touch(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    start, end = editor.place(180, 180), editor.place(150, 150)
    touch("touchStart", start)
    for part in (0.3, 0.6, 1):
        touch("touchMove", (start[0] + part * (end[0] - start[0]), start[1] + part * (end[1] - start[1])))
    touch("touchEnd")
    assert near(editor.polygon_of("By hand"), [(150, 150)])

    before = page.locator("#viewer").get_attribute("data-resolution")
    x, y = editor.place(60, 60)
    touch("touchStart", (x - 20, y), (x + 20, y))
    for gap in (40, 70, 100):
        touch("touchMove", (x - gap, y), (x + gap, y))
    touch("touchEnd")
    expect(page.locator("#viewer")).not_to_have_attribute("data-resolution", before)
    editor.discard()


def test_the_scale_is_set_by_a_line_of_known_length(edit, floor):
    editor = edit()
    page = editor.page
    page.goto(f"{floor.server.url}/cameras/{CAMERA}/calibration")
    expect(page.locator("#viewer")).to_have_attribute("data-ready", re.compile(r"\d"))
    page.get_by_label("Length").fill("10")
    for x in (60, 180):
        editor.click(x, 100)
    expect(page.locator("[data-length]")).to_contain_text("px/mm")
    page.get_by_label("Reason").fill("A gauge was laid under the camera")
    page.get_by_role("button", name="Set the scale").click()
    expect(page.locator(".words")).to_contain_text("A gauge was laid under the camera")
    assert editor.draft()["px_per_mm"] == pytest.approx(12, abs=0.2)


def test_every_text_stands_out_nothing_is_cut_off_and_axe_finds_nothing_grave(edit, floor):
    editor = edit()
    page = editor.page
    editor.rectangle((100, 130), (180, 200))
    editor.field("Region name").fill(LONG[:100])
    editor.tried()
    versions = f"/cameras/{CAMERA}/versions"
    for path in (
        EDITOR,
        f"/cameras/{CAMERA}/calibration",
        versions,
        f"{versions}/compare?a=1&b=2",
        "/rejudging",
    ):
        if path != EDITOR:
            page.goto(floor.server.url + path)
        for theme, width in (("dark", 1024), ("light", 1920)):
            page.set_viewport_size({"width": width, "height": 768})
            page.emulate_media(color_scheme=theme)
            assert looks.faint(page, 7) == [], (path, theme)
            assert looks.overflow(page)["across"] <= 0, (path, theme)
            tools = page.locator(".drawing .key").evaluate_all("(all) => all.map((one) => one.offsetTop)")
            assert len(set(tools)) <= 1, (path, theme)  # in one row
            assert looks.cut_off(page, ".key, h2, .facts dd") == [], (path, theme)
            large = ".key, .row-key, input:not([type=checkbox], [type=hidden]), select"
            assert looks.too_small(page, large, 47) == [], (path, theme)
        found = Axe().run(page).response["violations"]
        grave = [one for one in found if one["impact"] in GRAVE]
        assert [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in grave] == [], path
