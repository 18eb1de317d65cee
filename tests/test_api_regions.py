"""Regions over the API: drawn and published in one go, by the code of the editor."""

import pytest
from sqlalchemy import select

from hmi.api import regions as regions_api
from hmi.parts import EXTENSION
from hmi.store.audit import AuditEntry
from hmi.store.rules import Region, RulesVersion
from tests.lines import NAMED_CAMERAS, Line, image, trigger
from tests.people import opened, settle_in, signed_in

SQUARE = [[0, 0], [400, 0], [400, 400], [0, 400]]
BOW_TIE = [[0, 0], [400, 400], [400, 0], [0, 400]]


@pytest.fixture
def app(sqlite_store, settings_of):
    with opened(settings_of(line={"cameras": NAMED_CAMERAS})) as app:
        house = app.extensions[EXTENSION]
        settle_in(house.store)
        line = Line(house.settings, house.store)
        line.read(0, trigger(), image(1, "A"))
        line.files(1)
        yield app


@pytest.fixture
def edda(app):
    return signed_in(app, "Edda")


def new(**changed) -> dict:
    return {"camera_id": "A", "region_id": "Face", "polygon": SQUARE, "size_threshold": 0.8, **changed}


def versions(app) -> list[tuple]:
    with app.extensions[EXTENSION].store.read() as session:
        return [(row.version, row.who, row.why) for row in session.scalars(select(RulesVersion))]


def test_a_region_is_a_published_version_by_whoever_drew_it(app, edda):
    before = edda.get("/api/regions/camera/A").json
    assert before["items"] == []
    answer = edda.post("/api/regions", json=new(reason="pores at the rim"))
    assert answer.status_code == 201, answer.text
    assert answer.json["version"] == before["version"] + 1
    region = answer.json["region"]
    assert (region["region_id"], region["polygon"], region["size_threshold"]) == ("Face", SQUARE, 0.8)
    assert versions(app)[-1] == (answer.json["version"], "Edda", "pores at the rim")
    assert edda.get("/api/regions/camera/A").json["items"] == [region]
    with app.extensions[EXTENSION].store.read() as session:
        assert "rules published" in session.scalars(select(AuditEntry.kind)).all()


def test_it_is_changed_and_ended_under_its_id(app, edda):
    made = edda.post("/api/regions", json=new()).json
    assert versions(app)[-1][2] == "by API"
    number = made["region"]["id"]
    sent = {name: value for name, value in new(size_threshold=1.2).items() if name != "camera_id"}
    changed = edda.put(f"/api/regions/{number}", json={**sent, "base_version": made["version"]}).json
    assert (changed["region"]["id"], changed["region"]["size_threshold"]) == (number, 1.2)
    ended = edda.delete(f"/api/regions/{number}?base_version={changed['version']}")
    assert (ended.status_code, ended.json["region"]) == (200, None)
    assert edda.get("/api/regions/camera/A").json["items"] == []
    assert edda.delete(f"/api/regions/{number}").status_code == 404


def test_what_was_made_on_an_older_version_overwrites_nothing(app, edda):
    made = edda.post("/api/regions", json=new()).json
    edda.post("/api/regions", json=new(region_id="Rim"))
    sent = {name: value for name, value in new(size_threshold=3).items() if name != "camera_id"}
    answer = edda.put(f"/api/regions/{made['region']['id']}", json={**sent, "base_version": made["version"]})
    assert (answer.status_code, answer.mimetype) == (409, "application/problem+json")
    assert answer.json["version"] == made["version"] + 1
    with app.extensions[EXTENSION].store.read() as session:
        assert session.get(Region, int(made["region"]["id"])).size_threshold == pytest.approx(0.8)


def test_what_somebody_is_drawing_is_never_published_along(app, edda):
    draft = edda.get("/cameras/A/draft").json
    drawn = {"revision": draft["revision"], "region": {"region_id": "Half", "polygon": SQUARE}}
    assert edda.put("/cameras/A/draft/regions/half", json=drawn).status_code == 200
    answer = signed_in(app, "Ada").post("/api/regions", json=new())
    assert (answer.status_code, answer.json["who"]) == (409, "Edda")
    assert edda.get("/api/regions/camera/A").json["items"] == []


UNFIT = [
    *({"size_threshold": value} for value in (float("nan"), float("inf"), -1, 1e9, True, "5", [5], "5,0")),
    *({"density_threshold": value} for value in (0, -1, 2.5, True, "3")),
    *({name: 1} for name in ("id", "version", "created_by", "disposition_by")),
    *({"polygon": value} for value in ([], SQUARE[:2], [[0, 0]] * 4, [[0, 0], [1, 1], [2, 2]], BOW_TIE)),
    *({"polygon": [[0, 0], [5000, 0], [10, point]]} for point in (float("nan"), 1e308, "5", None, [1], -9)),
    {"polygon": [[0, 0], [5120.5, 0], [10, 10]]},
    {"polygon": [[number, number % 2] for number in range(501)]},
    *({"region_id": value} for value in ("", "   ", "x" * 10_000, "a\0b", "a\u202eb", None, 5)),
    {"kind": "other"},
    {"active": "yes"},
]


def test_what_does_not_fit_is_named_and_nothing_is_published(app, edda, subtests):
    for changed in UNFIT:
        with subtests.test(changed=changed):
            edda.get("/api/regions/camera/A")
            before = len(versions(app))
            answer = edda.post("/api/regions", json=new(**changed))
            assert (answer.status_code, answer.mimetype) == (422, "application/problem+json"), answer.text
            assert answer.json["errors"][0]["field"]
            assert len(versions(app)) == before
            assert edda.get("/api/regions/camera/A").json["items"] == []


def test_the_same_name_twice_is_refused(edda):
    assert edda.post("/api/regions", json=new()).status_code == 201
    assert edda.post("/api/regions", json=new(region_id="FACE")).status_code in (409, 422)


def test_a_million_vertices_are_too_much(edda):
    assert edda.post("/api/regions", json=new(polygon=[[1, 1]] * 100_000)).status_code == 413


def test_who_may_not_draw_publishes_nothing(app):
    assert app.test_client().post("/api/regions", json=new()).status_code == 401
    assert signed_in(app, "Sven").post("/api/regions", json=new()).status_code == 403


def test_a_camera_that_nobody_knows_is_not_found(edda):
    assert edda.get("/api/regions/camera/nothing").status_code == 404
    assert edda.post("/api/regions", json=new(camera_id="nothing")).status_code == 404


def test_an_id_is_never_given_twice(app, edda):
    first = edda.post("/api/regions", json=new()).json["region"]["id"]
    edda.delete(f"/api/regions/{first}")
    other = edda.post("/api/regions", json=new(camera_id="B", region_id="Bore face")).json["region"]["id"]
    assert other != first
    sent = {name: value for name, value in new(size_threshold=9.0).items() if name != "camera_id"}
    assert edda.put(f"/api/regions/{first}", json=sent).status_code == 404
    assert edda.get("/api/regions/camera/B").json["items"][0]["size_threshold"] == 0.8


def test_a_region_that_somebody_ended_a_moment_ago_is_not_brought_back(app, edda, monkeypatch):
    number = edda.post("/api/regions", json=new()).json["region"]["id"]
    named = regions_api._named

    def ended_meanwhile(text: str) -> tuple[str, str]:
        found = named(text)
        monkeypatch.setattr(regions_api, "_named", named)
        assert edda.delete(f"/api/regions/{number}").status_code == 200
        return found

    monkeypatch.setattr(regions_api, "_named", ended_meanwhile)
    sent = {name: value for name, value in new(size_threshold=1.2).items() if name != "camera_id"}
    assert edda.put(f"/api/regions/{number}", json=sent).status_code == 404
    assert edda.get("/api/regions/camera/A").json["items"] == []
