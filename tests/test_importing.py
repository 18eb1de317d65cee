"""One file for all cameras, looked at and then taken into their drafts; regions given to another camera."""

import json

import pytest

from tests.drawing import LINE, SQUARE, Desk, drawing_app, region
from tests.people import PAGE

BOW_TIE = [[0, 0], [50, 50], [50, 0], [0, 50]]
SEAL = "Seal: new, kind inspect, size limit 1 mm, defects in a cluster 3, gap that links 2 mm"


@pytest.fixture
def settings(sqlite_store, settings_of):
    return settings_of(line=LINE)


@pytest.fixture
def app(sqlite_store, settings):
    with drawing_app(sqlite_store, settings) as (app, _):
        yield app


@pytest.fixture
def desk(app):
    return Desk(app)


def file_of(**cameras):
    """The text of a file: camera → its regions."""
    regions = {serial: {"regions": drawn} for serial, drawn in cameras.items()}
    return json.dumps({"format": "porosity regions", "version": 1, "cameras": regions})


def asked(desk, document, path="/look", **also):
    body = {"camera": "A", "document": document, **also}
    return desk.browser.post(f"/regions/import{path}", json=body)


def names(desk):
    return [one["region_id"] for one in desk.look()["regions"]]


def test_a_file_of_all_cameras_is_looked_at_and_taken_at_once(app, desk):
    bad = region("Bad", key="x", polygon=BOW_TIE)
    document = file_of(A=[region("Seal", key="s")], B=[region("Bore", key="b"), bad])
    at_a, at_b = asked(desk, document).get_json()["cameras"]
    assert (at_a["changes"], at_a["refused"]) == ([SEAL], [])
    assert at_b["refused"] == ["region Bad: edges 1 and 3 cross; edge 1 begins at corner 1"]
    assert desk.look()["changed"] == 0
    answer = asked(desk, document, "", revisions={"A": at_a["revision"]}).get_json()
    assert [one["region_id"] for one in answer["draft"]["regions"]] == ["Seal"]
    assert names(Desk(app, camera="B")) == []

    good = file_of(A=[], B=[region("Bore", key="b")], Nowhere=[])
    looked = asked(desk, good).get_json()["cameras"]
    assert [one["refused"] for one in looked] == [[], [], ["there is no such camera here"]]
    revisions = {one["camera"]: one["revision"] for one in looked}
    taken = asked(desk, good, "", revisions=revisions).get_json()["cameras"]
    assert [bool(one["refused"]) for one in taken] == [False, False, True]
    assert names(Desk(app, camera="B")) == ["Bore"]
    assert names(desk) == []


def test_what_somebody_else_drew_meanwhile_is_not_replaced(app, desk):
    document = file_of(A=[region("Seal", key="s")], B=[region("Bore", key="b")])
    revisions = {one["camera"]: one["revision"] for one in asked(desk, document).get_json()["cameras"]}
    Desk(app, "Ada", camera="B").put(region("By Ada"), "ada")
    at_a, at_b = asked(desk, document, "", revisions=revisions).get_json()["cameras"]
    assert at_a["refused"] == []
    assert at_b["refused"] == ["somebody else changed its draft meanwhile: look at the file again"]
    assert names(Desk(app, camera="B")) == ["By Ada"]


def test_a_file_of_one_camera_is_for_the_camera_at_which_it_is_looked_at(desk):
    [found] = asked(desk, file_of(Elsewhere=[region("Seal", key="s")])).get_json()["cameras"]
    assert (found["camera"], found["changes"]) == ("A", [SEAL])


def test_what_is_no_file_of_regions_is_refused(desk):
    for document in ("{", "a: *b", {"format": "x"}, 5, None):
        answer = asked(desk, document)
        assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (422, "document")
    for body in ({}, {"camera": 5, "document": "x"}, {"camera": "A", "document": "x", "more": 1}):
        assert desk.browser.post("/regions/import/look", json=body).status_code == 422
    assert asked(desk, file_of(A=[]), "", revisions=[]).status_code == 422


def test_regions_are_given_to_another_camera_from_the_draft(app, desk):
    desk.put(region("Seal"), "seal")
    desk.put(region("Bore", kind="ignore"), "bore")
    answer = desk.send("POST", "draft/copy-to", to="B").get_json()
    assert answer["text"] == "2 regions are in the draft of 2 · B now."
    assert answer["draft"]["camera"] == "A"
    desk.send("POST", "draft/copy-to", to="B", key="bore", part_number="39MC")
    desk.send("POST", "draft/copy-to", to="B", key="seal")
    there = Desk(app, camera="B").draft
    found = [(one["region_id"], one["part_number"]) for one in there["regions"]]
    assert found == [("Seal", None), ("Bore", None), ("Bore", "39MC"), ("Seal 2", None)]
    assert there["who"] == "Edda"
    assert all(one["polygon"] == SQUARE for one in there["regions"])


def test_what_cannot_be_given_is_said(desk):
    desk.put(region("Seal"), "seal")
    for odd in ({"to": "A"}, {"to": "nowhere"}, {"to": 5}, {"to": "B", "key": "none"}, {"to": "B", "key": 5}):
        answer = desk.send("POST", "draft/copy-to", **odd)
        assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (422, "to")
    assert desk.send("POST", "draft/copy-to", to="B", all=True).status_code == 422


def test_versions_are_compared_over_the_newest_picture(desk):
    desk.put(region())
    desk.publish()
    compared = desk.browser.get("/cameras/A/versions/compare?a=1&b=2", headers=PAGE).get_data(as_text=True)
    assert '<image href="/iiif/3/1/full/!1600,1600/0/default.jpg" width="5120" height="5120"' in compared
