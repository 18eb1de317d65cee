"""A draft tried against the past: what changes, agreement with people; dots and recurring spots."""

import threading
from datetime import timedelta

import pytest

from hmi.parts import EXTENSION
from hmi.rules.trials import THREADS
from hmi.store.decisions import OKAY, SCRAP
from tests.desk import Desk as Decisions
from tests.drawing import CAMERAS, Desk, drawing_app, region
from tests.lines import BEGAN, LARGE, defect, image, trigger
from tests.waiting import until

PARTS = 12


@pytest.fixture
def settings(store, settings_of):
    line = {"cameras": CAMERAS, "settle_s": 5, "grace_s": 20}
    return settings_of(line=line, store={"url": str(store.url.render_as_string(hide_password=False))})


def a_day_of_parts():
    """From part 2 on every one has a pore at one place; every fourth has a large one inside the square."""
    for number in range(2, PARTS + 2):
        yield trigger(number, f"part {number}")
        yield image(number, "A", of=number)
        yield defect(1000 + number, number, x=2000 + number % 3, y=2000, width=8, height=6)
        if number % 4 == 0:
            yield defect(2000 + number, number, LARGE, x=500 + 7 * number, y=500)


@pytest.fixture
def drawing(store, settings):
    with drawing_app(store, settings, *a_day_of_parts()) as (app, line):
        line.files(*range(2, PARTS + 2))
        line.read(6)
        yield app, line


def tried(desk, **asked):
    """The result of a trial, once it is there."""
    answer = desk.browser.post(f"{desk.at}/what-if", json={"revision": desk.revision, **asked})
    assert answer.status_code == 202, answer.get_data(as_text=True)
    number = answer.get_json()["number"]
    until(lambda: trial_of(desk, number)["state"] != "running")
    return trial_of(desk, number)


def trial_of(desk, number):
    return desk.browser.get(f"{desk.at}/what-if/{number}").get_json()


def test_a_draft_says_what_it_would_have_done(drawing):
    desk = Desk(drawing[0])
    desk.put(region(kind="ignore"))
    found = tried(desk, parts=100)
    result = found["result"]
    assert found["state"] == "ready"
    assert (result["parts"], result["defects"]) == (PARTS + 1, PARTS + 3)
    assert (result["now"], result["draft"]) == ({"pass": 10, "fail": 3}, {"pass": 13})
    assert result["changed_count"] == 3
    change = result["changed"][0]
    assert (change["serial"], change["from"], change["to"]) == ("part 12", "fail", "pass")
    assert [(day["parts"], day["fail_now"], day["fail_draft"]) for day in result["days"]] == [(13, 3, 0)]


def test_what_people_decided_stands_beside_it(drawing, store, settings):
    app = drawing[0]
    people = Decisions(settings, store)
    people.defect(2004, SCRAP)
    people.defect(2008, OKAY)
    desk = Desk(app)
    desk.put(region(kind="ignore"))
    result = tried(desk, parts=100)["result"]
    assert result["scrapped"] == {"total": 1, "caught_now": 1, "caught_draft": 0}
    assert result["okayed"] == {"total": 1, "spared_now": 0, "spared_draft": 1}
    assert result["released"] == ["part 4"]
    assert result["now"] == {"pass": 10, "fail": 2, "accepted": 1}
    assert result["draft"] == {"pass": 12, "fail": 1}


def test_a_newer_trial_ends_the_older_one(drawing):
    """Both threads are busy, as with two long trials; the first one waits for a place."""
    app = drawing[0]
    held = threading.Event()
    threads = app.extensions[EXTENSION].trials._threads
    busy = [threads.submit(held.wait) for _ in range(THREADS)]
    desk, ada = Desk(app), Desk(app, "Ada")
    first, of_ada, second = (
        one.browser.post(f"{one.at}/what-if", json={"parts": 5}).get_json()["number"]
        for one in (desk, ada, desk)
    )
    held.set()
    assert all(one.result() for one in busy)
    until(lambda: trial_of(desk, second)["state"] == "ready")
    until(lambda: trial_of(ada, of_ada)["state"] == "ready")
    assert trial_of(desk, first)["state"] == "cancelled"


def test_a_trial_since_a_time_takes_the_parts_from_then_on(drawing, settings):
    desk = Desk(drawing[0])
    sixth = (BEGAN + timedelta(seconds=6 * 70)).astimezone(settings.time.zone_info)
    result = tried(desk, since=f"{sixth:%Y-%m-%dT%H:%M:%S}")["result"]
    assert result["parts"] == PARTS + 2 - 6


NOTHING_SENSIBLE = [
    {},
    {"parts": 0},
    {"parts": 10_001},
    {"parts": True},
    {"parts": "5"},
    {"parts": 5, "since": "2026-01-01"},
    {"since": "yesterday"},
    {"since": "9999-12-31"},
    {"parts": 5, "who": "Ada"},
]


def test_a_trial_of_nothing_sensible_is_refused(drawing, subtests):
    for asked in NOTHING_SENSIBLE:
        with subtests.test(asked=asked):
            desk = Desk(drawing[0])
            answer = desk.browser.post(f"{desk.at}/what-if", json={"revision": desk.revision, **asked})
            assert answer.status_code == 422


def test_a_trial_is_its_persons_own(drawing):
    desk, ada = Desk(drawing[0]), Desk(drawing[0], "Ada")
    number = desk.browser.post(f"{desk.at}/what-if", json={"parts": 5}).get_json()["number"]
    assert ada.browser.get(f"{ada.at}/what-if/{number}").status_code == 404
    for odd in ("0", "-1", "١", "9" * 30, "x"):
        assert desk.browser.get(f"{desk.at}/what-if/{odd}").status_code == 404


def test_dots_show_where_defects_lie_and_which_places_come_again(drawing):
    desk = Desk(drawing[0])
    found = desk.browser.get(f"{desk.at}/dots?parts=50").get_json()
    assert len(found["dots"]) == found["defects"] == PARTS + 3
    assert sorted({dot[3] for dot in found["dots"]}) == [0, 1]
    [spot] = found["spots"]
    assert (spot["parts"], spot["count"]) == (PARTS, PARTS)
    assert Desk(drawing[0], camera="B").browser.get("/cameras/B/dots").get_json()["dots"] == []
    assert abs(spot["x"] - 2005) < 3
    assert len(found["histogram"]["bins_mm"]) == len(found["histogram"]["counts"]) + 1
    assert sum(found["histogram"]["counts"]) == found["defects"]


def test_one_tap_makes_an_ignore_region_of_a_spot(drawing):
    desk = Desk(drawing[0])
    [spot] = desk.browser.get(f"{desk.at}/dots").get_json()["spots"]
    answer = desk.put({"region_id": "Spot 1", "kind": "ignore", "polygon": spot["polygon"]}, "spot-1")
    assert answer.status_code == 200
    desk.publish("dirt on the fixture")
    dots = desk.browser.get(f"{desk.at}/dots").get_json()["dots"]
    assert sum(dot[3] == 3 for dot in dots) == PARTS


def test_an_image_that_cannot_be_read_passes_by_no_draft(drawing):
    """Its file never came; the pore that fails on the other image is ignored by the draft."""
    app, line = drawing
    line.read(100, trigger(90), image(90, "A", of=90), trigger(91), image(91, "A", of=91))
    line.read(101, defect(3091, 91, LARGE, x=500, y=500))
    line.files(90, 91, state="absent", at_s=101)
    line.read(200)
    assert (line.cameras(90)["A"], line.cameras(91)["A"]) == ("unreadable", "fail")
    desk = Desk(app)
    desk.put(region(kind="ignore"))
    result = tried(desk, parts=100)["result"]
    assert (result["now"]["unreadable"], result["draft"]["unreadable"]) == (1, 2)
    change = result["changed"][0]
    assert (change["from"], change["to"]) == ("fail", "unreadable")
