"""Drafts and publishing: kept as they are drawn, one winner of two, "Regions" exactly what is published."""

import pytest
from sqlalchemy import update

from hmi.store.rules import Region
from tests.drawing import LINE, SQUARE, Desk, drawing_app, region, rows_of, versions
from tests.lines import LARGE, defect, image, trigger
from tests.people import audited, signed_in


@pytest.fixture
def settings(store, settings_of):
    return settings_of(line=LINE, store={"url": str(store.url.render_as_string(hide_password=False))})


@pytest.fixture
def drawing(store, settings):
    with drawing_app(store, settings) as (app, line):
        yield app, line


@pytest.fixture
def app(drawing):
    return drawing[0]


@pytest.fixture
def desk(app):
    return Desk(app)


def test_a_draft_is_kept_and_judges_nothing(store, desk):
    answer = desk.put(region()).get_json()
    assert answer["region"]["polygon"] == SQUARE
    assert answer["changed"] == 1
    assert desk.look()["regions"][0]["region_id"] == "Seal face"
    assert desk.draft["published"] == []
    assert (rows_of(store), len(versions(store))) == ([], 1)


def test_publishing_makes_the_next_version_and_says_who_and_why(app, store, desk):
    desk.put(region())
    answer = desk.publish("after the trial of 5 May").get_json()
    assert answer["version"] == 2
    version = versions(store)[-1]
    assert (version.who, version.why, version.cameras) == ("Edda", "after the trial of 5 May", ["A"])
    assert version.changes == [
        "Seal face: new, kind inspect, size limit 1 mm, defects in a cluster 3, gap that links 2 mm"
    ]
    entry = audited(app, "rules published")[0]
    assert (entry.who, entry.subject) == ("Edda", "rules v2")


def test_the_table_of_regions_holds_exactly_what_is_published(store, desk):
    desk.put(region(max_count=7, min_edge_mm=0.25, description="by the gasket"))
    desk.publish()
    [row] = rows_of(store)
    assert (row.region_id, row.size_threshold, row.max_count, row.min_edge_mm) == ("Seal face", 1.0, 7, 0.25)
    assert row.polygon == [{"x": x, "y": y} for x, y in SQUARE]
    desk.put(region("Seal", size_threshold=0.8))
    desk.put(region("Bore", kind="ignore"), "bore")
    desk.publish()
    first, second = rows_of(store)
    assert (first.id, first.region_id, first.size_threshold) == (row.id, "Seal", 0.8)
    assert (second.kind, second.size_threshold, second.ignore_below_mm) == ("ignore", None, 0)
    desk.delete()
    desk.publish()
    assert [one.region_id for one in rows_of(store)] == ["Bore"]
    assert [len(version.body["regions"]) for version in versions(store)] == [0, 1, 2, 1]


def test_two_regions_can_change_names(store, desk):
    desk.put(region("Left"), "a")
    desk.put(region("Right"), "b")
    desk.publish()
    desk.put(region("x"), "a")
    desk.put(region("Left"), "b")
    desk.put(region("Right"), "a")
    assert desk.publish().status_code == 200
    assert [row.region_id for row in rows_of(store)] == ["Right", "Left"]


def test_what_judges_next_is_judged_by_the_new_version(drawing, store):
    app, line = drawing
    desk = Desk(app)
    line.read(5)
    desk.put(region(kind="ignore"))
    desk.publish()
    with store.write() as session:
        assert line.judging.see_new_version(session)
    line.read(6, trigger(2), image(2, "A", of=2), defect(5, 2, LARGE, x=500))
    line.files(2)
    line.read(12)
    assert line.cameras(2) == {"A": "pass"}
    assert [verdict.rules_version for verdict in line.verdicts(2)] == [2]
    assert [verdict.rules_version for verdict in line.verdicts(1)] == [1]


def test_of_two_engineers_the_second_is_told_what_the_first_one_did(app, desk):
    ada = Desk(app, "Ada")
    desk.put(region())
    answer = ada.put(region("Bore"), "bore")
    assert answer.status_code == 409
    told = answer.get_json()
    assert told["difference"] == [
        "Edda: Seal face: new, kind inspect, size limit 1 mm, defects in a cluster 3, gap that links 2 mm"
    ]
    assert [one["key"] for one in told["draft"]["regions"]] == ["seal"]
    ada.look()
    assert ada.put(region("Bore"), "bore").status_code == 200
    assert len(desk.look()["regions"]) == 2


def test_whoever_publishes_over_a_change_by_hand_is_told_first(drawing, store):
    desk = Desk(drawing[0])
    desk.put(region())
    desk.publish()
    desk.put(region(size_threshold=2.0))
    with store.write() as session:
        session.execute(update(Region).values(proximity_threshold=5.0))
    answer = desk.publish()
    assert answer.status_code == 409
    assert answer.get_json()["difference"] == ["published as v3: Seal face: gap that links 2 → 5 mm"]
    assert versions(store)[-1].who == "database"
    desk.look()
    assert desk.publish().get_json()["version"] == 4
    assert rows_of(store)[0].proximity_threshold == 2.0


def test_a_publication_of_another_camera_disturbs_nobody(app, desk):
    other = Desk(app, "Ada", "B")
    desk.put(region())
    other.put(region())
    assert other.publish().get_json()["version"] == 2
    assert desk.publish().get_json()["version"] == 3


def test_a_default_rule_of_its_own_stays_with_the_camera(drawing, store):
    app, line = drawing
    desk = Desk(app)
    default = {**desk.draft["default"], "size_threshold": 0.7, "uncertainty_px": 0}
    assert desk.send("PUT", "draft/default", default=default).status_code == 200
    desk.publish()
    with store.write() as session:
        line.judging.see_new_version(session)
        line.judging.check_rules(session, versions(store)[-1].at)
    assert len(versions(store)) == 2
    rules = line.judging.rules
    assert rules.rules_for("A", None).default.size_threshold == 0.7
    assert rules.rules_for("B", None).default.size_threshold == 1.5


def test_a_thrown_away_draft_leaves_what_is_published(desk):
    desk.put(region())
    desk.publish()
    desk.put(region(size_threshold=9))
    draft = desk.send("POST", "draft/discard").get_json()["draft"]
    assert (draft["changed"], draft["regions"][0]["size_threshold"]) == (0, 1.0)


def test_nothing_new_and_no_reason_are_not_published(store, desk):
    assert desk.publish().get_json()["errors"][0]["field"] == "draft"
    desk.put(region())
    for reason in ("", "  ", None, 5, "x" * 501, "a\u202eb"):
        errors = desk.publish(reason).get_json()["errors"]
        assert errors[0]["field"] == "reason"
    assert len(versions(store)) == 1


def test_a_size_below_what_the_camera_resolves_is_warned_of(desk):
    warnings = desk.put(region(size_threshold=0.2)).get_json()["warnings"]
    assert [warning["field"] for warning in warnings] == ["size_threshold"]
    assert "2.4 px" in warnings[0]["text"]


def test_a_draft_is_for_engineers(app):
    sven = signed_in(app, "Sven")
    assert sven.get("/cameras/A/draft").status_code == 403
    assert sven.put("/cameras/A/draft/regions/x", json={}).status_code == 403


def test_the_page_draws_on_the_newest_image_that_is_whole(drawing, desk):
    _, line = drawing
    line.read(80, trigger(2, "Y"), image(2, "A", of=2))
    line.files(2, state="incomplete", at_s=80)
    assert desk.look()["image"]["id"] == "1"
    line.files(2, at_s=82)
    assert desk.look()["image"]["id"] == "2"


def test_the_page_says_which_version_changed_this_camera_last(app, desk):
    desk.put(region())
    desk.publish()
    other = Desk(app, camera="B")
    other.put(region())
    other.publish()
    seen = desk.look()
    assert (seen["version"], seen["published_version"]) == (3, 2)


def test_a_comma_and_corners_are_spoken_of_as_people_see_them(desk):
    def said(**fields) -> dict:
        errors = desk.put(region(**fields)).get_json()["errors"]
        return {one["field"]: one["text"] for one in errors}

    assert said(size_threshold="1,5") == {"size_threshold": "is written with a point: 1.5"}
    assert said(polygon=[[-5, 0], [100, 0], [100, 100]]) == {"polygon": "corner 1 lies outside the image"}
    warned = desk.put(region(size_threshold=0.2, ignore_below_mm=0.42)).get_json()["warnings"]
    assert [one["text"] for one in warned] == [
        "0.2 mm are 2.4 px: below 5 px the camera resolves nothing.",
        "Defects below 0.42 mm are ignored: the limit begins there.",
    ]
