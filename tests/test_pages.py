"""The pages as a browser asks for them, without a browser: grid, pictures, health, errors, permissions."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image as Pillow

from hmi.auth import PERMISSIONS, PUBLIC, permission_of
from hmi.parts import EXTENSION
from hmi.store.runs import Run
from tests.lines import BEGAN, LARGE, QUICK_LINE, SERIAL, Line, defect, image, trigger
from tests.people import PAGE, opened
from tests.waiting import until


@pytest.fixture
def app(sqlite_store, settings_of):
    with opened(settings_of(line=QUICK_LINE)) as app:
        yield app


@pytest.fixture
def line(app) -> Line:
    parts = app.extensions[EXTENSION]
    return Line(parts.settings, parts.store)


@pytest.fixture
def visitor(app):
    return app.test_client()


@pytest.fixture
def failing(line, tmp_path) -> Line:
    return make_failing(line, tmp_path / "images")


def make_failing(line: Line, images: Path) -> Line:
    """A part whose camera A fails, with a real file for each image."""
    images.mkdir()
    for number in (1, 2):
        Pillow.new("L", (640, 640), 90).save(images / f"{number}.jpg")
    line.read(0, trigger(), image(1, "A"), image(2, "B"), defect(1, 1, LARGE), defect(2, 2))
    line.files(1, 2)
    line.read(5)
    return line


def shown(app, visitor) -> str:
    follower = app.extensions[EXTENSION].follower
    follower.start()
    follower.poke()
    until(lambda: follower.snapshot is not None)
    with app.extensions[EXTENSION].store.write() as session:
        from hmi.store import state

        state.touch(session)
    before = follower.snapshot.version
    until(lambda: follower.snapshot.version > before)
    return visitor.get("/", headers=PAGE).get_data(as_text=True)


def test_before_anything_is_known_every_expected_camera_is_unknown(visitor):
    page = visitor.get("/", headers=PAGE).get_data(as_text=True)
    assert page.count('data-verdict="waiting"') == 3
    assert "Valve body face" in page
    assert 'data-verdict="pass"' not in page


def test_the_grid_says_why_a_part_fails_and_by_which_rules(app, visitor, failing):
    page = shown(app, visitor)
    assert "2.51 mm" in page
    assert "&lt; 1.50 mm" in page
    assert "2 of 2 cameras judged · rules v1" in page
    assert SERIAL in page


def test_the_page_and_its_refresh_are_the_same_bytes(app, visitor, failing):
    page = shown(app, visitor)
    fragment = visitor.get("/live").get_data(as_text=True)
    assert fragment in page


def test_the_fragment_knows_nothing_of_who_asks(app, visitor, failing):
    shown(app, visitor)
    fragment = visitor.get("/live").get_data(as_text=True)
    assert "csrf" not in fragment
    assert "http" not in fragment.replace("http-equiv", "")
    assert "data-theme" not in fragment


def test_a_frozen_page_shows_its_run_and_says_so(visitor, failing):
    failing.read(6, trigger(2, serial="NEWER"))
    page = visitor.get("/?run=1", headers=PAGE).get_data(as_text=True)
    assert "FROZEN" in page
    assert 'hx-select="#header"' in page
    assert page.count(SERIAL) >= 2


@pytest.mark.parametrize("run", ["0", "-1", "99", "abc", "1.1", "9" * 40, "1'--", "%00", "١"])
def test_a_run_that_is_none_is_not_found(visitor, line, run):
    assert visitor.get("/", query_string={"run": run}).status_code == 404


def test_a_kiosk_keeps_its_name(visitor):
    visitor.get("/?kiosk=Station 3")
    assert 'data-station="Station 3"' in visitor.get("/", headers=PAGE).get_data(as_text=True)


NO_NAMES = ["<b>", "a" * 41, "", "x\r\ny", "a;b"]


def test_a_kiosk_cannot_take_a_name_that_is_none(visitor, subtests):
    for name in NO_NAMES:
        with subtests.test(name=name):
            answer = visitor.get("/", query_string={"kiosk": name})
            assert "hmi_station" not in answer.headers.get("Set-Cookie", "")


def test_a_forged_station_is_none(visitor):
    visitor.set_cookie("hmi_station", "IlN0YXRpb24gMyI.forged")
    assert "data-station" not in visitor.get("/", headers=PAGE).get_data(as_text=True)


def test_a_fail_is_acknowledged_once_with_the_station(visitor, failing):
    visitor.get("/?kiosk=Station 3")
    assert visitor.post("/acknowledge", data={"run": "1"}).status_code == 303
    at = failing.run().acknowledged_at
    visitor.get("/?kiosk=Station 4")
    visitor.post("/acknowledge", data={"run": "1"})
    assert (failing.run().acknowledged_by, failing.run().acknowledged_at) == ("Station 3", at)


def test_an_acknowledgement_answers_htmx_with_its_own_part_of_the_page(visitor, failing):
    answer = visitor.post("/acknowledge", data={"run": "1"}, headers={"HX-Request": "true"})
    assert "Acknowledged" in answer.get_data(as_text=True)
    assert "<html" not in answer.get_data(as_text=True)


def test_only_a_fail_can_be_acknowledged(visitor, line):
    line.read(0, trigger())
    assert visitor.post("/acknowledge", data={"run": "1"}).status_code == 409
    assert visitor.post("/acknowledge", data={"run": "7"}).status_code == 404
    assert visitor.post("/acknowledge").status_code == 404


def test_an_acknowledgement_needs_our_own_form(app, visitor, failing):
    app.config["WTF_CSRF_ENABLED"] = True
    assert visitor.post("/acknowledge", data={"run": "1"}).status_code == 403
    assert failing.run().acknowledged_at is None


def test_a_verdict_that_changes_must_be_acknowledged_anew(visitor, failing):
    visitor.post("/acknowledge", data={"run": "1"})
    failing.read(50, gone_defects=((1, 1),))
    failing.read(60, defect(9, 1, LARGE))
    assert failing.run().acknowledged_at is None


def test_pictures_are_served_under_addresses_that_never_change(app, visitor, failing):
    page = shown(app, visitor)
    address = re.search(r"/pictures/1/tile\.jpg\?v=\w+", page)[0]
    answer = visitor.get(address)
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_an_old_address_leads_to_the_picture_of_now(visitor, failing):
    answer = visitor.get("/pictures/1/tile.jpg?v=0123456789ab")
    assert answer.status_code == 302
    assert visitor.get(answer.headers["Location"]).status_code == 200


def test_the_worst_defect_is_shown_at_full_size(app, visitor, failing):
    address = re.search(r"/pictures/1/crop-1\.jpg\?v=\w+", shown(app, visitor))[0]
    assert visitor.get(address).status_code == 200


NO_PICTURES = [
    "9/tile",
    "1/huge",
    "1/crop-2",
    "1/crop-",
    "0/tile",
    "1.1/tile",
    "-1/tile",
    "1/..%2f..%2fx",
    "abc/tile",
]


def test_a_picture_that_is_none_is_not_found(visitor, failing, subtests):
    for path in NO_PICTURES:
        with subtests.test(path=path):
            assert visitor.get(f"/pictures/{path}.jpg?v=1").status_code == 404


def test_a_purged_picture_is_not_found_and_says_which(visitor, failing, tmp_path):
    (tmp_path / "images" / "2.jpg").unlink()
    answer = visitor.get("/pictures/2/tile.jpg", follow_redirects=True)
    assert answer.status_code == 404
    assert "2.jpg" in answer.json["error"]


@pytest.mark.parametrize(
    "path", [r"E:\images\..\..\etc\passwd", r"\\evil\share\x.jpg", r"C:\x.jpg", r"E:\images\NUL"]
)
def test_a_hostile_path_shows_nothing(visitor, line, path):
    line.read(0, trigger(), image(1, "A", path=path), past=True)
    answer = visitor.get("/pictures/1/tile.jpg", follow_redirects=True)
    assert answer.status_code == 404
    assert "passwd" not in answer.get_data(as_text=True)


def test_without_a_logo_there_is_none(visitor):
    assert visitor.get("/logo").status_code == 404


def test_the_logo_is_served_and_can_run_nothing(sqlite_store, settings_of, tmp_path):
    (tmp_path / "logo.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>", encoding="utf-8")
    with opened(settings_of(ui={"logo": str(tmp_path / "logo.svg")})) as app:
        visitor = app.test_client()
        answer = visitor.get("/logo")
        page = visitor.get("/", headers=PAGE).get_data(as_text=True)
    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert 'src="/logo"' in page


def test_liveness_needs_neither_store_nor_plant(visitor):
    assert visitor.get("/livez").json["status"] == "alive"


def test_not_ready_says_what_is_missing(visitor):
    answer = visitor.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["plant"] != "is read"


def test_every_route_states_its_permission(app):
    stated = {rule.endpoint: permission_of(app, rule.endpoint) for rule in app.url_map.iter_rules()}
    assert [
        endpoint for endpoint, permission in stated.items() if permission not in PERMISSIONS | {PUBLIC}
    ] == []


def test_a_route_that_states_none_is_closed_for_everybody(app, visitor):
    app._got_first_request = False
    app.add_url_rule("/forgotten", "forgotten", lambda: "open")
    assert visitor.get("/forgotten").status_code == 403


def test_every_page_is_confined_by_its_headers(visitor):
    headers = visitor.get("/").headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_an_error_is_a_page_for_people_and_json_for_programs(visitor):
    assert "<h1>" in visitor.get("/nowhere", headers=PAGE).get_data(as_text=True)
    assert visitor.get("/nowhere", headers={"Accept": "application/json"}).json["status"] == 404


def test_another_host_is_refused(visitor):
    assert visitor.get("/", headers={"Host": "evil.example"}).status_code == 400


def test_a_verb_that_is_none_here_is_refused(visitor):
    assert visitor.delete("/").status_code == 405
    assert visitor.get("/acknowledge").status_code == 405


def test_nothing_of_the_project_is_served(visitor):
    for path in (
        "/static/../wsgi.py",
        "/static/..%5cwsgi.py",
        "/.git/HEAD",
        "/config/default.yaml",
        "/console",
        "/docs",
    ):
        assert visitor.get(path).status_code == 404


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    'x" hx-get="/livez" hx-trigger="load',
]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_the_plant_stays_text(app, visitor, line, text):
    line.read(
        0, trigger(serial=text, part=text), image(1, "A"), image(2, text), defect(1, 1, LARGE, type=text)
    )
    page = shown(app, visitor)
    assert text not in page or text == "{{7*7}}"  # which is plain text to a browser
    assert "49" not in re.findall(r"<dd>(.*?)</dd>", page)
    assert 'hx-get="/livez"' not in page


def test_a_run_is_dated_in_the_plants_time(app, visitor, line):
    line.read(0, trigger(timestamp=datetime(2026, 5, 8, 16, 3, 22, tzinfo=UTC)))
    assert "12:03:22" in shown(app, visitor)


def test_the_newest_by_trigger_time_is_shown_not_the_newest_by_arrival(app, visitor, line):
    line.read(0, trigger(2, serial="NEWER"))
    line.read(1, trigger(1, serial="LATE"))
    page = shown(app, visitor)
    assert re.search(r"<dt>Serial</dt><dd><a[^>]*>(.*?)</a></dd>", page)[1] == "NEWER"


def test_a_clock_that_was_wrong_and_was_corrected_keeps_no_old_part_in_front(app, visitor, line):
    line.read(0, trigger(1, serial="AHEAD", timestamp=BEGAN + timedelta(minutes=10)))
    line.read(1, trigger(2, serial="NOW", timestamp=BEGAN))
    line.read(2, trigger(3, serial="NO TIME", timestamp=None))
    assert re.search(r"<dt>Serial</dt><dd><a[^>]*>(.*?)</a></dd>", shown(app, visitor))[1] == "NO TIME"


def test_a_fault_of_the_server_tells_nothing(app, visitor, caplog):
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app._got_first_request = False

    def broken():
        raise RuntimeError("password=hunter2")

    broken.hmi_permission = PUBLIC
    app.add_url_rule("/broken", "broken", broken)
    answer = visitor.get("/broken", headers=PAGE)
    assert answer.status_code == 500
    assert "hunter2" not in answer.get_data(as_text=True)


def test_runs_of_the_past_are_not_in_the_queue(app, visitor, line):
    line.read(0, trigger(), image(1, "A"), image(2, "B"), defect(1, 1, LARGE), past=True)
    found = re.search(r'<dt>To review</dt><dd><a [^>]*href="/review"[^>]*>(\d+)</a>', shown(app, visitor))
    assert found[1] == "0"
    with line.store.read() as session:
        assert session.get(Run, (1, 1)).verdict == "fail"


def test_the_theme_of_the_settings_is_that_of_kiosks(settings_of):
    with opened(settings_of(ui={"theme": "dark"})) as app:
        kiosk = app.test_client()
        kiosk.get("/?kiosk=Booth 2", headers=PAGE)
        assert 'data-theme="dark"' in kiosk.get("/search", headers=PAGE).text
        assert 'data-theme="auto"' in app.test_client().get("/search", headers=PAGE).text
