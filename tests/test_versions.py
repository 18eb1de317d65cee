"""Versions listed, compared and brought back; what comes from files and other cameras; regions as files."""

import json
import re
from xml.etree import ElementTree

import pytest
import yaml

from tests.drawing import LINE, SQUARE, Desk, drawing_app, region, rows_of, versions
from tests.people import PAGE, audited

MOVED = [[x + 40, y - 8] for x, y in SQUARE]


@pytest.fixture
def settings(sqlite_store, settings_of):
    return settings_of(line=LINE)


@pytest.fixture
def drawing(sqlite_store, settings):
    with drawing_app(sqlite_store, settings) as (app, line):
        yield app, line


@pytest.fixture
def desk(drawing):
    return Desk(drawing[0])


@pytest.fixture
def published(desk):
    """Version 2 with one region, version 3 with it moved and its limit changed."""
    desk.put(region())
    desk.publish("first")
    desk.put(region(size_threshold=0.8, polygon=MOVED))
    desk.publish("tighter")
    return desk


def page(desk, path):
    answer = desk.browser.get(f"{desk.at}/{path}", headers=PAGE)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


def test_versions_are_listed_with_who_why_and_what(published):
    listed = page(published, "versions")
    assert "tighter" in listed
    assert "size limit 1 → 0.8 mm" in listed
    assert "Edda" in listed
    assert 'action="/cameras/A/versions/2/restore"' in listed


def test_one_version_is_shown_in_words_and_drawn(published):
    shown = page(published, "versions/2/drawing")
    assert re.search(r"<li>Seal face: [^<]*size limit 1 mm", shown)
    assert re.search(r"<li>default rule: size limit 1.5 mm", shown)
    assert "100,100 1100,100 1100,1100 100,1100" in shown
    assert "first" in shown
    assert 'href="/cameras/A/versions/2/drawing"' in page(published, "versions")
    assert "No active region here" in page(published, "versions/1/drawing")


def test_two_versions_are_compared_in_words_and_drawn_over_each_other(published):
    shown = page(published, "versions/compare?a=2&b=3")
    assert "moved by +40, -8 px, size limit 1 → 0.8 mm" in shown
    assert 'class="is-before"' in shown
    assert "100,100 1100,100 1100,1100 100,1100" in shown
    assert "140,92 1140,92 1140,1092 140,1092" in shown


def test_a_version_comes_back_as_a_draft_and_judges_when_it_is_published(published, sqlite_store):
    answer = published.browser.post(
        "/cameras/A/versions/2/restore", data={"revision": published.revision}, headers=PAGE
    )
    assert answer.status_code == 303
    assert rows_of(sqlite_store)[0].size_threshold == pytest.approx(0.8)
    published.look()
    assert published.draft["regions"][0]["size_threshold"] == 1.0
    published.publish("back")
    [row] = rows_of(sqlite_store)
    assert (row.size_threshold, row.polygon[0]) == (1.0, {"x": 100, "y": 100})
    assert len(versions(sqlite_store)) == 4


def test_a_deleted_region_is_in_its_versions_and_comes_back_from_there(published, sqlite_store):
    published.delete()
    published.publish("not needed")
    assert rows_of(sqlite_store) == []
    answer = published.send("POST", "draft/copy", **{"from": {"version": 3}})
    assert [one["key"] for one in answer.get_json()["draft"]["regions"]] == ["seal"]


def test_an_old_form_brings_nothing_back(published):
    answer = published.browser.post("/cameras/A/versions/2/restore", data={"revision": "1.1"}, headers=PAGE)
    assert answer.location.endswith("error=conflict")
    assert published.look()["changed"] == 0


def test_a_version_is_told_as_json(published):
    told = published.browser.get("/cameras/A/versions/2").get_json()
    assert told["regions"][0]["polygon"] == SQUARE
    for odd in ("0", "9", "x", "٢", "9" * 40):
        assert published.browser.get(f"/cameras/A/versions/{odd}").status_code == 404


def test_the_same_regions_stand_in_file_table_svg_and_annotations(published, sqlite_store):
    browser = published.browser
    file = yaml.safe_load(browser.get("/cameras/A/regions.yaml").get_data(as_text=True))
    assert file == browser.get("/cameras/A/regions.json").get_json()
    [kept] = file["cameras"]["A"]["regions"]
    [row] = rows_of(sqlite_store)
    assert kept["polygon"] == MOVED == [[vertex["x"], vertex["y"]] for vertex in row.polygon]
    svg = ElementTree.fromstring(browser.get("/cameras/A/regions.svg").data)
    [outline] = svg.iter("{http://www.w3.org/2000/svg}polygon")
    assert outline.get("points") == "140,92 1140,92 1140,1092 140,1092"
    page = browser.get("/cameras/A/regions.annotations.json").get_json()
    [annotation] = page["items"]
    assert "140,92 1140,92" in annotation["target"]["selector"]["value"]
    assert annotation["body"][0]["value"] == "Seal face"
    both = browser.get("/regions.json").get_json()
    assert set(both["cameras"]) == {"A", "B"}


def test_a_file_that_was_exported_comes_back_exactly(published):
    text = published.browser.get("/cameras/A/regions.yaml").get_data(as_text=True)
    before = published.look()["regions"]
    published.put(region("other", kind="ignore"), "other")
    published.delete()
    answer = published.send("POST", "draft/import", document=text)
    assert answer.status_code == 200, answer.get_json()
    assert published.look()["regions"] == before
    assert published.draft["changed"] == 0


def test_a_file_of_one_camera_can_be_taken_in_at_another(published, drawing):
    document = published.browser.get("/cameras/A/regions.json").get_json()
    other = Desk(drawing[0], camera="B")
    answer = other.send("POST", "draft/import", document=json.dumps(document))
    assert [one["region_id"] for one in answer.get_json()["draft"]["regions"]] == ["Seal face"]


NO_FILES = [
    ("{", "not valid"),
    ("a: *b", "not valid|aliases"),
    ("a: &x [1]\nb: *x", "aliases"),
    ("[" * 5000, "not valid"),
    ("!!python/object/apply:os.system [ls]", "not valid"),
    ({"format": "another"}, "no file of regions"),
    ({"format": "porosity regions", "version": 2}, "version"),
    ({"format": "porosity regions", "version": 1, "cameras": {}}, "no camera"),
    ({"format": "porosity regions", "version": 1, "cameras": {"A": {"regions": [5]}}}, "list of objects"),
    (17, "no file of regions"),
]


def test_a_file_that_is_none_is_refused_and_nothing_is_kept(published, subtests):
    for document, said in NO_FILES:
        with subtests.test(document=document, said=said):
            answer = published.send("POST", "draft/import", document=document)
            assert answer.status_code == 422
            [error] = answer.get_json()["errors"]
            assert error["field"] == "document"
            assert any(one in error["text"] for one in said.split("|"))
            assert published.look()["changed"] == 0


def test_a_file_with_a_wrong_region_says_which_and_why(published):
    bad = {**region("Bow tie"), "polygon": [[0, 0], [50, 50], [50, 0], [0, 50]], "key": "k"}
    document = {"format": "porosity regions", "version": 1, "cameras": {"A": {"regions": [bad]}}}
    [error] = published.send("POST", "draft/import", document=document).get_json()["errors"]
    assert error["field"] == "regions[0].polygon"
    assert error["text"] == "region Bow tie: edges 1 and 3 cross; edge 1 begins at corner 1"
    assert error["edges"] == [[0, 2]]


def test_regions_are_copied_to_another_camera_and_part_type(published, drawing):
    other = Desk(drawing[0], camera="B")
    answer = other.send("POST", "draft/copy", **{"from": {"camera": "A"}, "part_number": "39MC"})
    [copied] = answer.get_json()["draft"]["regions"]
    assert (copied["region_id"], copied["part_number"], copied["polygon"]) == ("Seal face", "39MC", MOVED)
    other.send("POST", "draft/copy", **{"from": {"camera": "A"}, "part_number": "39MC"})
    assert [one["region_id"] for one in other.look()["regions"]] == ["Seal face", "Seal face 2"]
    for odd in ({"camera": "nowhere"}, {"version": 99}, {"version": True}, {"camera": 5}, {"camera": []}):
        assert other.send("POST", "draft/copy", **{"from": odd}).status_code == 422


def test_calibrating_becomes_a_version_and_says_who(published, drawing, sqlite_store):
    app, line = drawing
    at = "/cameras/A/calibration"
    answer = published.browser.post(
        at,
        json={
            "length_mm": 50,
            "from": [100, 100],
            "to": [700, 900],
            "reason": "gauge block",
            "confirmed": True,
        },
    )
    assert answer.get_json() == {"px_per_mm": 20.0, "version": 4}
    version = versions(sqlite_store)[-1]
    assert (version.who, version.changes) == ("Edda", ["scale 11.9685 → 20 px/mm"])
    with sqlite_store.write() as session:
        line.judging.see_new_version(session)
        line.judging.check_rules(session, version.at)
    assert len(versions(sqlite_store)) == 4
    assert line.judging.rules.px_per_mm("A") == 20.0
    assert line.judging.rules.px_per_mm("B") == pytest.approx(11.9685, abs=1e-4)
    assert audited(app, "camera calibrated")[0].who == "Edda"
    assert "gauge block" in published.browser.get(at, headers=PAGE).get_data(as_text=True)
    told = published.put(region("x"), "x").get_json()
    assert told["difference"] == ["published as v4: scale 11.9685 → 20 px/mm"]


def test_a_scale_far_from_the_present_one_is_asked_about_first(published, sqlite_store):
    at, typed = "/cameras/B/calibration", {"px_per_mm": "120", "reason": "typo"}
    answer = published.browser.post(at, data=typed, headers=PAGE)
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert "120 px/mm is 10 times the present scale (11.97)" in page
    assert 'value="120"' in page
    assert 'name="confirmed"' in page
    assert len(versions(sqlite_store)) == 3
    assert 'name="confirmed"' not in published.browser.get(at, headers=PAGE).get_data(as_text=True)
    answer = published.browser.post(at, data={**typed, "confirmed": "yes"}, headers=PAGE)
    assert answer.status_code == 303
    assert versions(sqlite_store)[-1].changes == ["scale 11.9685 → 120 px/mm"]


def test_a_version_that_takes_the_place_of_a_draft_says_so_and_the_audit_keeps_what_was_lost(
    drawing, published
):
    assert "Into the draft…" not in page(published, "versions")
    published.put(region("Rim", polygon=[[x + 2000, y] for x, y in SQUARE]), key="rim")
    assert "1 change that Edda drafted and nobody has published" in " ".join(
        page(published, "versions").split()
    )
    sent = {"revision": published.revision}
    published.browser.post("/cameras/A/versions/1/restore", data=sent, headers=PAGE)
    (lost,) = audited(drawing[0], "draft replaced")
    assert (lost.who, lost.subject, lost.details["lost"]) == ("Edda", "A", ["Rim: deleted"])


NO_SCALES = [
    ({"px_per_mm": "11,97"}, "px_per_mm"),
    ({"px_per_mm": "0"}, "px_per_mm"),
    ({"px_per_mm": "-3"}, "px_per_mm"),
    ({"px_per_mm": "nan"}, "px_per_mm"),
    ({"px_per_mm": "1e999"}, "px_per_mm"),
    ({"px_per_mm": "١٢"}, "px_per_mm"),
    ({"px_per_mm": True}, "px_per_mm"),
    ({"px_per_mm": [12]}, "px_per_mm"),
    ({"px_per_mm": 10**400}, "px_per_mm"),
    ({"px_per_mm": 12, "reason": " "}, "reason"),
    ({}, "px_per_mm"),
    ({"length_mm": "5"}, "from"),
    ({"length_mm": 5, "from": [0, 0], "to": [3, 3]}, "from"),
    ({"length_mm": 5, "from": [0, 0], "to": [9999, 3]}, "to"),
    ({"length_mm": 5, "from": [0, 0], "to": ["x", 3]}, "to"),
    ({"length_mm": 0.01, "from": [0, 0], "to": [4000, 0]}, "length_mm"),  # metres typed for mm
    ({"length_mm": 1e-320, "from": [0, 0], "to": [4000, 0]}, "length_mm"),
    ({"length_mm": 1.0, "from": [0, 0], "to": [4000, 0]}, "length_mm"),  # 1.3 mm on the whole image
    ({"px_per_mm": 99_000}, "px_per_mm"),
]


def test_a_scale_that_is_none_is_refused_by_its_field(published, sqlite_store, subtests):
    for typed, field in NO_SCALES:
        with subtests.test(typed=typed, field=field):
            answer = published.browser.post("/cameras/A/calibration", json={"reason": "because", **typed})
            assert answer.status_code == 422
            assert [error["field"] for error in answer.get_json()["errors"]] == [field]
            assert len(versions(sqlite_store)) == 3


def test_a_form_with_a_wrong_scale_keeps_what_was_typed(published):
    answer = published.browser.post(
        "/cameras/A/calibration", data={"px_per_mm": "11,97", "reason": "gauge"}, headers=PAGE
    )
    shown = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "11,97" in shown
    assert "written with a point" in shown


def test_names_that_are_markup_are_only_text(published):
    evil = '"><script>alert(1)</script>'
    published.put(region(evil, polygon=MOVED))
    published.publish(evil)
    for path in ("versions", "versions/compare?a=2&b=4", "regions", "regions.svg"):
        assert "<script>alert" not in page(published, path)
    ElementTree.fromstring(published.browser.get("/cameras/A/regions.svg").data)
