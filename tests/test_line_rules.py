"""What judges the line, all cameras on one page."""

import html
import re

import pytest
from sqlalchemy import delete

from hmi.store.rules import Region, RulesVersion
from tests.drawing import LINE, SQUARE, Desk, drawing_app, region
from tests.people import PAGE, signed_in


@pytest.fixture
def desk(sqlite_store, settings_of):
    with drawing_app(sqlite_store, settings_of(line=LINE)) as (app, _):
        yield Desk(app)


def cameras_of(browser) -> list[str]:
    """What the page says of each camera, in words."""
    page = browser.get("/rules", headers=PAGE).get_data(as_text=True)
    told = re.findall(r"<article.*?</article>", page, re.DOTALL)
    return [" ".join(html.unescape(re.sub(r"<[^>]*>", " ", one)).split()) for one in told]


def test_every_camera_says_by_what_it_is_judged_and_since_when(desk):
    desk.put(region())
    desk.put(region("Rust edge", kind="ignore", polygon=[[x + 2000, y] for x, y in SQUARE]), key="rust")
    desk.publish("tighter seal")
    a, b = cameras_of(desk.browser)
    assert "1 inspect · 1 ignore" in a
    assert "Seal face: kind inspect, size limit 1 mm" in a
    assert re.search(r"Changed v2 · \S+ \S+ · Edda: tighter seal", a)
    assert "No region" in b
    assert "Default the plant's" in b
    assert "from the settings" in b


def test_a_default_rule_of_its_own_stands_at_its_camera(desk):
    limits = {**desk.draft["default"], "size_threshold": 0.7, "outside_regions": "ignore"}
    desk.send("PUT", "draft/default", default=limits)
    desk.publish("by the drawing")
    a, b = cameras_of(desk.browser)
    assert "Default size limit 0.7 mm" in a
    assert "outside all regions not judged" in a
    assert "Default the plant's" in b


def test_a_draft_is_named_and_judges_nothing(desk):
    desk.put(region())
    a, b = cameras_of(desk.browser)
    assert "Draft 1 change by Edda" in a
    assert "judges nothing until it is published" in a
    assert "No region" in a
    assert "Draft" not in b
    desk.send("POST", "draft/discard")
    assert "Draft" not in cameras_of(desk.browser)[0]


def test_who_calibrated_is_named(desk):
    desk.browser.post(
        "/cameras/B/calibration", data={"px_per_mm": "12.5", "reason": "new lens"}, headers=PAGE
    )
    a, b = cameras_of(desk.browser)
    assert re.search(r"12\.5 px/mm, Edda, \S+", b)
    assert "from the settings" in a


def test_a_camera_that_cannot_be_judged_says_so(desk, sqlite_store):
    """Somebody wrote into the table by hand what is no polygon."""
    desk.put(region())
    desk.publish()
    with sqlite_store.write() as session:
        session.query(Region).update({"polygon": [{"x": 1, "y": 1}]})
    desk.browser.post(
        "/cameras/B/calibration", data={"px_per_mm": "12.5", "reason": "new lens"}, headers=PAGE
    )
    a, b = cameras_of(desk.browser)
    assert "Nothing on this camera can be judged: " in a
    assert "cannot" not in b
    assert "can be judged" not in b


def test_more_regions_than_a_glance_takes_are_counted(desk):
    for number in range(8):
        place = [[x / 10 + 600 * number, y / 10] for x, y in SQUARE]
        desk.put(region(f"Bore {number}", polygon=place), key=f"bore{number}")
    desk.publish("all bores")
    (a, _) = cameras_of(desk.browser)
    assert "8 inspect" in a
    assert "Bore 5:" in a
    assert "Bore 6:" not in a
    assert "2 more under Drawn" in a


def test_before_the_first_version_nothing_is_said_to_be_judged(desk, sqlite_store):
    with sqlite_store.write() as session:
        session.execute(delete(RulesVersion))
    page = desk.browser.get("/rules", headers=PAGE).get_data(as_text=True)
    assert "No rules are published yet: nothing is judged." in page


def test_only_who_may_draw_is_shown_the_way_to_draw(desk):
    app = desk.browser.application
    supervisor = signed_in(app, "Sven").get("/rules", headers=PAGE).get_data(as_text=True)
    engineer = signed_in(app, "Edda").get("/rules", headers=PAGE).get_data(as_text=True)
    assert "/cameras/A/versions" in supervisor
    assert "/cameras/A/regions" not in supervisor
    assert "/cameras/A/regions" in engineer
