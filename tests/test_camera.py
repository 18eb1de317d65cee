"""Camera and image pages as they are served."""

import html
import re

import pytest

from hmi.store.rules import Region
from tests import looking
from tests.desk import Desk
from tests.lines import LARGE, NAMED_CAMERAS, SERIAL, Line, defect, image, trigger
from tests.looking import judged, page_of, words
from tests.people import opened, store_of

app = looking.app
visitor = looking.visitor
line = looking.line
failing = looking.failing


def test_a_camera_shows_its_newest_image(visitor, failing):
    judged(failing, 2, serial="38A25125390339", at_s=10)
    assert 'data-image="20"' in page_of(visitor, "/cameras/A")


def test_a_defect_says_its_size_its_limit_its_region_and_why(visitor, failing):
    said = words(page_of(visitor, "/images/10?defect=1"))
    assert "2.51 × 0.42 mm" in said
    assert "2.51 mm ≥ 1.00 mm in Seal face" in said
    assert "< 1.00 mm" in said


def test_a_defect_that_passes_says_by_which_limits(visitor, failing):
    inside, outside = (words(page_of(visitor, f"/images/10?defect={number}")) for number in (2, 4))
    assert "Region Seal face" in inside
    assert "Limit < 1.00 mm" in inside
    assert "Region default rule" in outside
    assert "< 1.50 mm · < 3 in 2.00 mm" in outside


def test_the_worst_defect_is_selected_and_the_list_shows_what_fails(visitor, failing):
    page = page_of(visitor, "/images/10")
    assert 'data-selected="1"' in page
    assert re.findall(r'data-defect="(\d+)"', page) == ["1"]
    assert re.findall(r'data-defect="(\d+)"', page_of(visitor, "/images/10?show=all")) == ["1", "2", "3", "4"]


def test_next_and_previous_lead_through_the_list(visitor, failing):
    page = page_of(visitor, "/images/10?show=all&defect=2")
    assert re.search(r'rel="prev" href="/images/10\?defect=1&amp;show=all"', page)
    assert re.search(r'rel="next" href="/images/10\?defect=3&amp;show=all"', page)


def test_htmx_is_given_the_defects_alone(visitor, failing):
    page = page_of(visitor, "/images/10?defect=2", **{"HX-Request": "true"})
    assert page.lstrip().startswith("<aside")
    assert "<html" not in page


def test_an_image_that_is_looked_at_is_pinned_and_a_camera_is_not(visitor, failing):
    assert 'id="frozen" class="frozen" role="status" hidden' in page_of(visitor, "/cameras/A")
    assert 'id="frozen" class="frozen" role="status">' in page_of(visitor, "/images/10")


def test_only_a_kiosk_leaves_a_pinned_image_by_itself(visitor, failing):
    assert "data-frozen-s" not in page_of(visitor, "/images/10")
    visitor.get("/?kiosk=Station 3")
    assert 'data-frozen-s="60" data-frozen-to="/cameras/A"' in page_of(visitor, "/images/10")


def test_a_page_that_shows_the_newest_is_told_so_in_few_bytes(visitor, failing):
    digest = re.search(r'data-digest="(\w+)"', page_of(visitor, "/cameras/A"))[1]
    assert visitor.get(f"/cameras/A?have={digest}").status_code == 204
    failing.read(20, defect(9, 10, LARGE, x=700))
    assert visitor.get(f"/cameras/A?have={digest}").status_code == 200


def test_a_part_whose_image_is_yet_to_come_is_named(visitor, failing):
    digest = re.search(r'data-digest="(\w+)"', page_of(visitor, "/cameras/A"))[1]
    failing.read(20, trigger(2, "38A NEW"), image(21, "B", 2))
    assert visitor.get(f"/cameras/A?have={digest}").status_code == 200
    page = page_of(visitor, "/cameras/A")
    assert "38A NEW is in front of the cameras: waiting for the image" in words(page)
    assert 'data-verdict="waiting"' in page


def test_a_part_without_an_image_of_this_camera_never_shows_the_verdict_of_the_one_before(visitor, failing):
    failing.read(20, trigger(2, "38A NEW"), image(21, "B", 2))
    failing.files(21, at_s=20)
    failing.read(60)
    assert failing.cameras(2) == {"A": "missing", "B": "pass"}
    page = page_of(visitor, "/cameras/A")
    assert "38A NEW is in front of the cameras: no image for trigger 2" in words(page)
    assert 'data-verdict="missing"' in page
    assert 'data-verdict="fail"' in page_of(visitor, "/images/10")


def test_a_camera_that_the_part_in_front_does_not_need_shows_its_newest_image(sqlite_store, settings_of):
    cameras = [{**NAMED_CAMERAS[0], "part_types": ["39MC"]}, NAMED_CAMERAS[1]]
    with opened(settings_of(line={"cameras": cameras, "settle_s": 1, "grace_s": 2})) as app:
        line = Line(app.extensions["hmi"].settings, store_of(app))
        judged(line, 1, defect(1, 10, LARGE), part="39MC")
        line.read(20, trigger(2, "38A NEW", part="40MC"), image(21, "B", 2))
        assert 'data-verdict="fail"' in page_of(app.test_client(), "/cameras/A")


def test_a_page_without_an_image_is_loaded_anew_when_the_first_one_is_there(visitor, line):
    asked = {"HX-Request": "true"}
    assert "HX-Refresh" not in visitor.get("/cameras/A?have=nothing", headers=asked).headers
    judged(line, 1)
    assert visitor.get("/cameras/A?have=nothing", headers=asked).headers["HX-Refresh"] == "true"


def test_what_people_said_stands_beside_the_defect_and_in_the_record(visitor, failing):
    desk = Desk(failing.settings, failing.store)
    desk.defect(1, "okay", reason="only a reflection <b>")
    for path in ("/images/10?defect=1", f"/parts/{SERIAL}"):
        said = words(page_of(visitor, path))
        assert "ann" in said
        assert "only a reflection <b>" in said


def test_a_disposition_that_nobody_knows_is_shown_as_it_stands_and_as_unrecognised(visitor, line):
    judged(line, 1, *(defect(n, 10, LARGE, disposition=said) for n, said in ((1, "SCRAP "), (2, "Scrap"))))
    said = html.unescape(re.sub(r"<[^>]+>", "", page_of(visitor, "/images/10?defect=1&show=all")))
    assert "plant database: “SCRAP ” (unrecognised)" in said
    assert "“SCRAP ” (unrecognised) · plant database" in said
    assert "Scrap · plant database" in said
    page = page_of(visitor, "/images/10?defect=2&show=all")
    assert "plant database: Scrap<" in page


def test_a_page_that_follows_is_told_of_a_decision(visitor, failing):
    digest = re.search(r'data-digest="(\w+)"', page_of(visitor, "/cameras/A"))[1]
    Desk(failing.settings, failing.store).defect(1, "okay")
    assert visitor.get(f"/cameras/A?have={digest}").status_code == 200


def test_an_image_that_waits_says_nothing_of_its_defects(visitor, line):
    line.read(0, trigger(), image(10, "A"), defect(1, 10, x=600))
    page = page_of(visitor, "/images/10?show=all")
    assert "not judged yet" in page
    assert "WAITING" in page
    assert "pass" not in words(page)


def test_a_camera_without_any_image_says_so(visitor, line):
    assert "has brought no image yet" in page_of(visitor, "/cameras/B")


def test_what_the_viewer_draws_has_every_defect_and_region(visitor, failing):
    drawing = visitor.get("/images/10/drawing").get_json()
    assert drawing["defects"][-1] == ["1", 1, "fail", 400, 400, 30, 5, "2.51 × 0.42 mm ✕ size"]
    assert len(drawing["defects"]) == 4
    assert [region["name"] for region in drawing["regions"]] == ["Seal face"]
    assert drawing["px_per_mm"] == pytest.approx(95 / 7.9375)


@pytest.mark.parametrize("box", [{"x": None}, {"width": 0}, {"height": -4}, {"x": 9_999_999}])
def test_a_box_that_cannot_be_drawn_is_listed_all_the_same(visitor, line, box):
    judged(line, 1, defect(1, 10, **box))
    page = page_of(visitor, "/images/10")
    assert 'data-defect="1"' in page
    assert "no geometry" in page
    assert visitor.get("/images/10/drawing").status_code == 200


def test_an_image_with_five_thousand_defects_lists_the_worst_and_draws_all(visitor, line):
    many = [defect(n, 10, LARGE if n == 4000 else 8, x=n % 70 * 70, y=n // 70 * 70) for n in range(1, 5001)]
    judged(line, 1, *many)
    page = page_of(visitor, "/images/10?show=all")
    assert re.search(r'data-defect="(\d+)"', page)[1] == "4000"
    assert page.count("data-defect=") == 200
    assert "4,800 more; all are drawn" in page
    assert len(visitor.get("/images/10/drawing").get_json()["defects"]) == 5000


@pytest.mark.parametrize("rules", ["no regions can judge"])
def test_a_camera_that_cannot_be_judged_is_shown_with_the_reason(visitor, failing, rules):
    bow_tie = [{"x": 0, "y": 0}, {"x": 9, "y": 9}, {"x": 9, "y": 0}, {"x": 0, "y": 9}]
    with failing.store.write() as session:
        session.add(Region(camera_id="A", region_id=rules, size_threshold=1.0, polygon=bow_tie))
    failing.start()
    judged(failing, 2, defect(9, 20), at_s=20)
    assert f"region {rules}" in words(page_of(visitor, "/images/20?show=all"))
