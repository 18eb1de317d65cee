"""What was drawn and typed in the region editor is kept: refused, cut off, in two windows, imported."""

from typing import Any

from playwright.sync_api import expect

from hmi.demo import camera_serial
from tests.browser import editors
from tests.browser.editors import CAMERA, EDITOR, SQUARE, near

REFUSED = r"Failed to load resource: the server responded with a status of (409|422)"
LOST = r"Failed to load resource: net::|request failed"
standing_floor = editors.standing_floor


def test_what_is_refused_is_said_at_the_field_and_nothing_typed_or_drawn_is_lost(edit, visit):
    visit.expect(REFUSED)
    editor = edit()
    editor.discard()
    editor.row("Seal face").click()
    editor.field("Size limit").fill("5,0")
    said = editor.page.locator("#said-size_threshold")
    expect(said).to_be_visible()
    expect(editor.field("Size limit")).to_have_value("5,0")
    expect(editor.page.locator("[data-saving]")).to_contain_text("Seal face")
    expect(editor.row("Seal face")).to_contain_text("correct this")
    editor.field("Size limit").fill("0.2")
    expect(said).to_contain_text("5 px")
    assert editor.region("Seal face")["size_threshold"] == 0.2
    editor.field("Size limit").fill("1")
    expect(said).to_be_hidden()
    editor.drag((200, 200), (240, 300))
    expect(editor.page.locator("#said-polygon")).to_contain_text("cross")
    editor.page.locator("#viewer").focus()
    editor.page.keyboard.press("Control+z")
    assert editor.region("Seal face")["polygon"] == [list(corner) for corner in SQUARE]


def test_a_pause_behind_a_space_takes_nothing_from_who_types(edit):
    editor = edit()
    editor.discard()
    editor.row("Seal face").click()
    name = editor.field("Region name")
    name.fill("")
    name.press_sequentially("Oil ", delay=20)
    expect(editor.page.locator("[data-saving]")).to_contain_text("Saved")
    name.press_sequentially("duct", delay=20)
    expect(name).to_have_value("Oil duct")
    expect(editor.row("Oil duct")).to_be_visible()
    editor.discard()


def test_a_lost_connection_and_a_reload_lose_nothing(edit, visit):
    visit.expect(LOST)
    editor = edit()
    editor.discard()
    page = editor.page
    page.route("**/draft/**", lambda route: route.abort("connectionfailed"))
    editor.rectangle((20, 20), (90, 90))
    editor.field("Region name").fill("Drawn in the dark")
    expect(page.locator("[data-saving]")).to_contain_text("no connection")
    expect(page.locator("[data-form] [data-said='']")).to_contain_text("Kept here, will retry")
    expect(editor.row("Drawn in the dark").locator("[data-wrong]")).to_be_hidden()
    page.reload()
    editor.opened()
    expect(editor.row("Drawn in the dark")).to_be_visible()
    expect(page.locator("[data-saving]")).to_have_attribute("data-saving", "lost")
    assert "Drawn in the dark" not in {one["region_id"] for one in editor.draft()["regions"]}
    page.unroute("**/draft/**")
    assert near(editor.polygon_of("Drawn in the dark"), [(20, 20), (90, 90)])
    page.reload()
    editor.opened()
    expect(editor.row("Drawn in the dark")).to_be_visible()
    editor.discard()


def test_two_engineers_at_one_region_are_told_and_choose(edit, visit):
    visit.expect(REFUSED)
    edda, ada = edit(), edit("Ada")
    edda.discard()
    ada.page.reload()
    ada.opened()
    for editor in (edda, ada):
        editor.row("Seal face").click()
    edda.field("Size limit").fill("2")
    assert edda.region("Seal face")["size_threshold"] == 2
    ada.field("Size limit").fill("3")
    conflict = ada.page.get_by_role("dialog")
    expect(conflict).to_contain_text("Somebody else changed Seal face")
    expect(conflict.locator("[data-side=theirs]")).to_contain_text("size threshold: 2")
    expect(conflict.locator("[data-side=mine]")).to_contain_text("size threshold: 3")
    ada.press("Take theirs")
    expect(ada.field("Size limit")).to_have_value("2")
    edda.field("Size limit").fill("4")
    edda.saved()
    ada.field("Size limit").fill("5")
    ada.press("Keep mine")
    assert ada.region("Seal face")["size_threshold"] == 5

    edda.rectangle((20, 20), (90, 90))  # elsewhere: taken in on both sides, nobody is asked
    edda.saved()
    names = {one["region_id"] for one in edda.draft()["regions"]}
    assert len(names) >= 2
    expect(edda.row("Seal face")).to_contain_text("< 5.00 mm")
    edda.discard()


def test_without_a_script_regions_are_a_list_and_outlines_on_the_picture(edit, visit, floor, cookies):
    page = visit(floor.server.url + EDITOR, java_script_enabled=False, storage_state=cookies["Edda"])
    expect(page.locator("[data-list] li", has_text="Seal face")).to_contain_text("< 1.00 mm")
    expect(page.locator("svg.outlines polygon").first).to_be_visible()
    assert page.locator("img.still").evaluate("(one) => one.naturalWidth") > 0


def test_copied_and_imported_regions_come_into_the_draft_and_every_way_out_leads_somewhere(edit, visit):
    visit.expect(REFUSED)
    editor = edit()
    editor.discard()
    page = editor.page
    refused = page.locator("dialog[open] [data-refused]")
    dialog = page.locator("dialog[open]")
    editor.more("Copy…")
    dialog.get_by_label("Camera").select_option(camera_serial(2))
    editor.press("Copy")
    expect(refused).to_contain_text("nothing is published there")
    dialog.get_by_label("Camera").select_option(CAMERA)
    dialog.get_by_label("For part type").fill("39MC")
    editor.press("Copy")
    expect(editor.row("39MC").filter(has_text="Seal face")).to_be_visible()
    editor.more("Copy…")
    dialog.get_by_label("For part type").fill("")
    dialog.get_by_label("What").select_option("to")
    dialog.get_by_label("Camera").select_option(camera_serial(2))
    editor.press("Copy")
    expect(dialog).to_have_count(0)
    there = page.request.get(f"/cameras/{camera_serial(2)}/draft").json()
    here = [(one["region_id"], one["part_number"]) for one in editor.draft()["regions"]]
    assert [(one["region_id"], one["part_number"]) for one in there["regions"]] == here

    editor.more("Import…")
    page.get_by_label("YAML or JSON").set_input_files(file_of("regions: {}"))
    expect(refused).to_contain_text("no file of regions")
    published = page.request.get("/regions.yaml").text()
    page.get_by_label("YAML or JSON").set_input_files(file_of(published.replace("Seal face", "Seal ring")))
    would = dialog.locator("[data-cameras] li")
    expect(would).to_have_count(5)
    expect(would.filter(has_text="Seal ring: renamed from Seal face")).to_be_visible()
    expect(refused).to_be_hidden()
    editor.press("Cancel")
    editor.more("Import…")
    expect(would).to_have_count(0)  # a file that was looked at before is none that is chosen now
    editor.press("Import")
    expect(refused).to_contain_text("Choose a file")
    page.get_by_label("YAML or JSON").set_input_files(file_of(published.replace("Seal face", "Seal ring")))
    expect(would).to_have_count(5)
    editor.press("Import")
    expect(editor.row("Seal ring")).to_be_visible()
    expect(page.locator(".scanned")).to_contain_text("Taken into the drafts of: 1")
    expect(page.locator("[data-saving]")).to_contain_text("Saved")
    expect(editor.row("39MC")).to_have_count(0)
    editor.tried()
    editor.discard()

    ways = page.locator(".editor-bar a").evaluate_all("(all) => all.map((one) => one.pathname)")
    assert {f"/cameras/{CAMERA}/{way}" for way in ("versions", "calibration", "regions.yaml")} < set(ways)
    assert "/rejudging" in ways
    assert [path for path in ways if not page.request.get(path).ok] == []


def file_of(text: str) -> dict[str, Any]:
    return {"name": "regions.yaml", "mimeType": "application/yaml", "buffer": text.encode()}
