"""The API as a program reads it: the line as it is, lists by pages, times, problems, the specification."""

import json
import re

import pytest
from sqlalchemy import event

from hmi.api import stated
from hmi.api.operations import operation_of
from hmi.parts import EXTENSION
from hmi.store.runs import Defect
from tests.lines import LARGE, QUICK_LINE, Line, defect, image, trigger
from tests.people import opened, settle_in, signed_in
from tests.waiting import until


@pytest.fixture
def app(sqlite_store, settings_of):
    with opened(settings_of(line=QUICK_LINE)) as app:
        settle_in(app.extensions[EXTENSION].store)
        yield app


@pytest.fixture
def line(app) -> Line:
    """Two parts: the first fails on camera A, the second has no image yet."""
    house = app.extensions[EXTENSION]
    line = Line(house.settings, house.store)
    line.read(0, trigger(), image(1, "A"), image(2, "B"), defect(1, 1, LARGE), defect(2, 1))
    line.files(1, 2)
    line.read(5, trigger(2, serial="=cmd|' /C calc'!A0"))
    return line


@pytest.fixture
def asked(app, line):
    """Asks as a program does that nobody knows."""
    follower = app.extensions[EXTENSION].follower
    follower.start()
    until(lambda: follower.snapshot is not None)
    follower.documented()
    return app.test_client()


def test_the_cameras_say_what_they_say_of_the_part_in_front_of_them(asked):
    answer = asked.get("/api/cameras")
    assert answer.status_code == 200
    cameras = {camera["serial_number"]: camera for camera in answer.json["items"]}
    assert {camera["verdict"] for camera in cameras.values()} == {"waiting"}
    assert cameras["A"]["image"] == "1"
    assert cameras["A"]["run"] == "2"
    assert asked.get("/api/cameras/A").json["px_per_mm"] == cameras["A"]["px_per_mm"]


def test_the_newest_image_of_an_older_part_never_stands_for_the_present_one(asked):
    latest = asked.get("/api/images/latest").json
    assert latest["part"]["run"] == "2"
    on_a = latest["items"][0]
    assert (on_a["verdict"], on_a["image"]["verdict"], on_a["image"]["run"]) == ("waiting", "fail", "1")
    assert asked.get("/api/cameras/A/latest").json["latest"] == on_a


def test_what_is_old_is_not_called_live(asked):
    latest = asked.get("/api/images/latest").json
    assert latest["is_live"] is False
    assert latest["trouble"]


def test_reading_the_line_touches_no_database(app, asked):
    queries = []
    engine = app.extensions[EXTENSION].store.engine
    app.extensions[EXTENSION].follower.close()
    event.listen(engine, "before_cursor_execute", lambda *_: queries.append(1))
    for path in ("/api/cameras", "/api/images/latest", "/api/cameras/A/latest", "/api/cameras/A"):
        assert asked.get(path).status_code == 200
    assert queries == []
    asked.get("/api/parts")
    assert queries


def test_an_answer_that_one_has_is_not_sent_again(asked):
    for path in ("/api/cameras", "/api/cameras/A", "/api/images/1", "/api/parts", "/api/openapi.json"):
        tag = asked.get(path).headers["ETag"]
        again = asked.get(path, headers={"If-None-Match": tag})
        assert (path, again.status_code, again.data) == (path, 304, b"")


def test_times_are_utc_and_say_so_and_lengths_say_their_unit(asked):
    found = asked.get("/api/images/1").json
    assert found["triggered_at"] == "2026-05-08T14:01:10Z"
    assert (found["width_px"], found["height_px"]) == (5120, 5120)
    box = asked.get("/api/defects/image/1").json["items"][0]
    assert (box["width_px"], round(box["size_mm"], 2), box["verdict"]) == (LARGE, 2.51, "fail")
    assert box["why"]


def test_a_part_is_told_with_all_that_is_known_of_it(asked):
    part = asked.get("/api/parts/1").json
    assert (part["verdict"], part["cameras_judged"]) == ("fail", 2)
    assert [one["id"] for one in part["images"]] == ["1", "2"]
    assert {one["camera"]: one["verdict"] for one in part["verdicts"]} == {"A": "fail", "B": "pass"}
    assert [one["id"] for one in asked.get("/api/images/trigger/1").json["items"]] == ["1", "2"]


def walk(browser, address: str) -> list[str]:
    """Every entry, page by page, by the links."""
    found = []
    while address:
        answer = browser.get(address)
        assert answer.status_code == 200, answer.text
        found += [one.get("run") or one["id"] for one in answer.json["items"]]
        linked = re.fullmatch(r'<([^>]+)>; rel="next"', answer.headers.get("Link", ""))
        assert (linked is None) == (answer.json["next"] is None)
        address = linked[1] if linked else ""
    return found


def test_a_list_is_walked_by_its_links_and_misses_and_repeats_nothing(asked, line):
    line.read(10, *(trigger(number) for number in range(3, 20)))
    assert walk(asked, "/api/parts?limit=3") == [str(number) for number in range(19, 0, -1)]
    assert walk(asked, "/api/defects/image/1?limit=1") == ["1", "2"]
    assert len(walk(asked, "/api/verdicts?limit=1&image=1")) >= 1


def test_a_defect_that_is_deleted_between_two_pages_makes_none_be_missed(app, asked, line):
    line.read(10, *(defect(number, 1) for number in (3, 4)))
    first = asked.get("/api/defects/image/1?limit=2")
    assert [one["id"] for one in first.json["items"]] == ["1", "2"]
    with app.extensions[EXTENSION].store.write() as session:
        session.get_one(Defect, (1, 1)).gone = True
    rest = asked.get(f"/api/defects/image/1?limit=2&cursor={first.json['next']}")
    assert ([one["id"] for one in rest.json["items"]], rest.json["next"]) == (["3", "4"], None)
    assert asked.get("/api/defects/1").status_code == 404


def test_verdicts_are_found_by_references_of_any_generation(asked):
    assert asked.get("/api/verdicts?image=1.10").json["items"] == []
    assert asked.get("/api/verdicts?image=1.1").status_code == 422


def test_a_table_of_many_defects_judges_them_once(asked, line, monkeypatch):
    line.read(10, *(defect(number, 1) for number in range(3, 500)))
    judged = []
    of_image = stated.defects
    monkeypatch.setattr(stated, "defects", lambda *given: judged.append(1) or of_image(*given))
    table = asked.get("/api/defects/image/1?format=csv").text
    assert len(table.splitlines()) == 1 + 499
    assert judged == [1]


def test_parts_of_no_usable_time_are_before_and_after_nothing(asked, line):
    line.read(10, trigger(3, timestamp=None))
    for query in ("until=2030-01-01T00:00:00Z", "since=1980-01-01T00:00:00Z"):
        assert [one["run"] for one in asked.get(f"/api/parts?{query}").json["items"]] == ["2", "1"]
    assert "3" in [one["run"] for one in asked.get("/api/parts").json["items"]]


def documented(app):
    follower = app.extensions[EXTENSION].follower
    follower.start()
    until(lambda: follower.snapshot is not None)
    follower.documented()
    return app.test_client()


def test_a_camera_that_is_not_expected_to_see_the_part_has_no_verdict(sqlite_store, settings_of):
    cameras = [{"serial": "A", "order": 1}, {"serial": "C", "order": 2, "part_types": ["40MC"]}]
    with opened(settings_of(line={"cameras": cameras, "settle_s": 1, "grace_s": 2})) as app:
        house = app.extensions[EXTENSION]
        line = Line(house.settings, house.store)
        line.read(0, trigger(1, "X", part="40MC"), image(1, "A"), image(2, "C"))
        line.files(1, 2)
        line.read(5, trigger(2, "Y"), image(3, "A", of=2))
        browser = documented(app)
        cameras = {one["serial_number"]: one for one in browser.get("/api/cameras").json["items"]}
        assert (cameras["C"]["verdict"], cameras["C"]["image"]) == (None, "2")
        latest = browser.get("/api/cameras/C/latest").json["latest"]
        assert (latest["verdict"], latest["image"]["id"]) == (None, "2")
        assert [one["camera"] for one in browser.get("/api/images/latest").json["items"]] == ["A", "C"]


def test_before_the_first_part_every_camera_waits(sqlite_store, settings_of):
    with opened(settings_of(line=QUICK_LINE)) as app:
        latest = documented(app).get("/api/cameras/A/latest").json["latest"]
        assert (latest["verdict"], latest["image"]) == ("waiting", None)


def test_another_text_has_another_tag(sqlite_store, settings_of):
    tags = set()
    for name in ("Bore", "Bore, renamed"):
        with opened(settings_of(line={"cameras": [{"serial": "A", "name": name, "order": 1}]})) as app:
            if not tags:
                Line(app.extensions[EXTENSION].settings, app.extensions[EXTENSION].store).read(0, trigger())
            tags.add(documented(app).get("/api/cameras").headers["ETag"])
    assert len(tags) == 2


def test_filters(asked):
    def runs(query: str) -> list[str]:
        return [one["run"] for one in asked.get(f"/api/parts?{query}").json["items"]]

    assert runs("verdict=fail") == ["1"]
    assert runs("part_type=nothing") == []
    assert runs("since=2026-05-08T14:02:00Z") == ["2"]
    assert runs("until=2026-05-08T10:02:00-04:00") == ["1"]
    assert runs("since=2026-05-09T00:00:00Z&until=2026-05-08T00:00:00Z") == []
    assert runs("since=0001-01-01T00:00:00%2B14:00&until=9999-12-31T23:59:59-14:00") == ["2", "1"]


def test_everything_that_is_listed_can_be_had_as_a_table(app, asked):
    ada = signed_in(app, "Ada")
    for path in ("parts", "verdicts", "decisions", "audit", "defects/image/1"):
        answer = ada.get(f"/api/{path}?format=csv")
        lines = answer.text.splitlines()
        assert (answer.status_code, answer.mimetype) == (200, "text/csv")
        assert lines[0].startswith(("run,", "id,"))
    table = ada.get("/api/parts?format=csv").text
    assert "'=cmd|" in table
    assert ",=cmd|" not in table


UNFIT_QUERIES = [
    "parts?limit=0",
    "parts?limit=201",
    "parts?limit=1e9",
    "parts?limit=%D9%A1%D9%A2",
    "parts?limit=1_0",
    "parts?limit=true",
    "parts?limit=",
    "parts?limit=1&limit=2",
    "parts?cursor=-1",
    "parts?cursor=1-1-1%20OR%201=1",
    "parts?verdict=good",
    "parts?since=yesterday",
    "parts?since=2026-05-08T14:00:00",
    "parts?since=0",
    "parts?nothing=1",
    "parts?offset=-1",
    "verdicts?run=0",
    "verdicts?image=5%2C0",
    "cameras?x=1",
]


def test_a_query_that_does_not_fit_is_told_by_field(asked, subtests):
    for path in UNFIT_QUERIES:
        with subtests.test(path=path):
            answer = asked.get(f"/api/{path}")
            assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
            assert answer.json["errors"][0]["field"]


NO_IDS = ["0", "-1", "9" * 20, "9" * 5000, "١٢", "1.1", "1.0", " 1", "+1", "null"]


def test_an_id_that_is_none_is_not_found(asked, subtests):
    for text in NO_IDS:
        with subtests.test(text=text):
            for path in ("images", "images/trigger", "defects/image", "defects", "parts"):
                assert asked.get(f"/api/{path}/{text}").status_code == 404


def test_a_nul_anywhere_is_refused(asked):
    for path in ("cameras/%00", "images/1%00", "parts?serial=%00", "nothing/%00"):
        answer = asked.get(f"/api/{path}")
        assert (answer.status_code, answer.mimetype) in (
            (400, "application/problem+json"),
            (404, "application/problem+json"),
        )


def test_every_error_is_a_problem_whatever_is_accepted(asked):
    for path, verb, status in (
        ("/api/nothing", "GET", 404),
        ("/api/parts", "DELETE", 405),
        ("/api/audit", "GET", 401),
        ("/api/images/77", "GET", 404),
    ):
        answer = asked.open(path, method=verb, headers={"Accept": "text/html"})
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
        assert answer.json["status"] == status
    assert "GET" in asked.delete("/api/parts").headers["Allow"]
    assert asked.get("/api/audit").headers["WWW-Authenticate"].startswith("Bearer")


def test_a_foreign_host_is_refused_in_front_too(asked):
    assert asked.get("/api/cameras", headers={"Host": "evil.example"}).status_code == 400
    assert asked.get("/api/cameras", headers={"Host": "localhost"}).status_code == 200


def test_what_is_answered_in_front_carries_the_headers_of_every_answer(app, asked):
    in_front = dict(asked.get("/api/cameras").headers)
    behind = dict(asked.get("/api/cameras", headers={"Origin": "http://localhost"}).headers)
    volatile = {"X-HMI-Age", "Vary", "Date", "X-Request-ID"}
    assert {name: in_front[name] for name in set(in_front) - volatile} == {
        name: behind[name] for name in set(behind) - volatile
    }


def test_the_file_of_an_image_is_told_by_its_content(app, asked, tmp_path):
    images = tmp_path / "images"
    images.mkdir(exist_ok=True)
    (images / "1.jpg").write_bytes(b"<svg onload=alert(1)>")
    answer = asked.get("/api/images/1/file")
    assert (answer.status_code, answer.mimetype) == (415, "application/problem+json")
    (images / "1.jpg").write_bytes(b"\xff\xd8\xff\xe0 anything \xff\xd9")
    answer = asked.get("/api/images/1/file")
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert asked.get("/api/images/2/file").status_code == 404


def test_the_specification_names_every_route_of_the_api(app, asked):
    stated = asked.get("/api/openapi.json").json
    assert stated["openapi"] == "3.1.0"
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), verb.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/") and not rule.endpoint.startswith("api_docs.")
        for verb in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert {(path, verb) for path, verbs in stated["paths"].items() for verb in verbs} == routes
    for verbs in stated["paths"].values():
        for operation in verbs.values():
            assert operation["summary"]
            assert operation["description"]
            assert {"400", "401", "403", "404", "405", "422", "500", "503"} <= set(operation["responses"])


def test_every_body_has_an_example_that_its_own_model_takes(app, asked):
    paths = asked.get("/api/openapi.json").json["paths"]
    tried = 0
    for rule in app.url_map.iter_rules():
        operation = operation_of(app.view_functions[rule.endpoint])
        for verb in () if operation is None else (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            stated = paths[re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", rule.rule)][verb.lower()]
            bodies = [(operation.body, stated.get("requestBody")), (operation.answer, None)]
            if operation.answer is not None:
                bodies[1] = operation.answer, stated["responses"][str(operation.status)]
            for model, body in bodies:
                if model is not None:
                    model.model_validate_json(json.dumps(body["content"]["application/json"]["example"]))
                    tried += 1
    assert tried > 20


def test_every_reference_of_the_specification_leads_somewhere(asked):
    stated = asked.get("/api/openapi.json").json
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(stated)):
        place = stated
        for step in reference.split("/"):
            place = place[step]


def test_statistics_are_those_of_the_page(asked):
    found = asked.get("/api/defects/statistics?since=2026-05-08T00:00:00Z&until=2026-05-09T00:00:00Z")
    assert found.status_code == 200, found.text
    assert found.json["units"]["total"] == 2
    assert found.json["units"]["by_verdict"]["fail"] == 1
    assert found.json["units"]["defects"] == 2
    assert found.json["question"]["since"].endswith("Z")
    wrong = asked.get("/api/defects/statistics?since=2026-05-09T00:00:00Z&until=2026-05-08T00:00:00Z")
    assert (wrong.status_code, wrong.json["errors"][0]["field"]) in ((422, "since"), (422, "until"))
    assert asked.get("/api/defects/statistics?step=minute").status_code == 422
