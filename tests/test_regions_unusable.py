"""Defects that are left out, and rules that nothing can be judged by."""

import math
from dataclasses import replace

import numpy as np
import pytest

from regions import Boxes, ImageToJudge, Rule, judge
from tests.regions_images import (
    BOW_TIE,
    LEFT,
    OFF,
    SIZE,
    camera,
    ignore,
    inspect,
    judged,
)

# suppressed and unusable defects


def test_a_suppressed_defect_is_shown_as_such_and_not_judged():
    found = judged(camera(Rule(1.0, 2, 1.0, 0)), (5, 5, 20, 20), (26, 5, 2, 2), suppressed=[True, False])
    assert (found.verdict, found.suppressed.tolist()) == ("pass", [True, False])
    assert found.defects[0].regions == ()


def test_a_suppressed_defect_is_judged_where_the_camera_says_so():
    found = judged(camera(SIZE, judge_suppressed=True), (5, 5, 20, 20), suppressed=[True])
    assert (found.verdict, found.suppressed.tolist()) == ("fail", [False])


def test_a_suppressed_defect_without_geometry_is_not_for_review():
    assert judged(camera(SIZE), (None, 5, 20, 20), suppressed=[True]).verdict == "pass"


NOWHERE = [
    (None, 5, 5, 5),
    (5, math.nan, 5, 5),
    (5, 5, math.inf, 5),
    (5, 5, 5, 0),
    (5, 5, -5, 5),
    (100, 5, 5, 5),
    (5, 100, 5, 5),
    (-5, 5, 5, 5),
    (5, -5, 5, 5),
    (1e308, 5, 1e308, 5),
    (-1e308, 5, 1, 5),
]


@pytest.mark.parametrize("row", NOWHERE)
def test_unusable_geometry_is_for_review_and_in_no_region(row):
    found = judged(camera(Rule(0.1, 1, 9, 0), ignore("all", LEFT)), row)
    assert (found.verdict, found.unusable.tolist(), found.ignored.tolist()) == ("review", [True], [False])
    assert (found.defects[0].regions, found.defects[0].size_mm) == ((), None)
    assert found.findings[0].reason == "geometry"


def test_unusable_geometry_is_for_review_even_where_nothing_judges_outside():
    rules = camera(SIZE, inspect("left", LEFT, SIZE), outside="ignore")
    assert judged(rules, (None, 5, 5, 5)).verdict == "review"


def test_a_box_partly_outside_the_image_is_judged_as_it_stands():
    assert judged(camera(SIZE), (-9, 99, 10, 10)).reasons == [("size",)]


@pytest.mark.parametrize("size", [(None, None), (0, 0), (None, 100), (100, None)])
def test_an_unknown_image_size_leaves_only_what_can_be_known(size):
    beyond = (500 if size[0] is None or not size[0] else 5, 500 if not size[1] else 5, 10, 2)
    assert judged(camera(SIZE), beyond, size=size).verdict == "fail"
    assert judged(camera(SIZE), (-10, 5, 10, 2), size=size).verdict == "review"


# what cannot be judged


@pytest.mark.parametrize("scale", [None, 0, -1, math.nan, math.inf, True, "10"])
def test_a_camera_without_a_usable_scale_never_passes(scale):
    found = judged(camera(SIZE, scale=scale), (5, 5, 2, 2))
    assert found.verdict == "unjudgeable"
    assert found.problem.startswith("px_per_mm ")


@pytest.mark.parametrize(
    "name", ["size_threshold", "density_threshold", "proximity_threshold", "ignore_below_mm"]
)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1])
def test_a_limit_that_is_no_limit_never_passes(name, value):
    rule = replace(Rule(9.0, 9, 9.0, 0), **{name: value})
    for rules in (camera(rule), camera(OFF, inspect("left", LEFT, rule))):
        found = judged(rules, (5, 5, 2, 2))
        assert found.verdict == "unjudgeable"
        assert name in found.problem


@pytest.mark.parametrize("value", [math.nan, math.inf, -1, None])
def test_a_doubt_that_is_no_length_never_passes(value):
    assert judged(camera(SIZE, doubt=value), (5, 5, 2, 2)).problem.startswith("uncertainty_px ")


@pytest.mark.parametrize(
    "polygon", [LEFT[:2], (LEFT[0],) * 5, (*LEFT[:3], (math.nan, 0)), (*LEFT[:3], (1e300, 0))]
)
def test_a_polygon_that_is_none_never_passes(polygon):
    for region in (ignore("odd", polygon), inspect("odd", polygon, OFF)):
        assert judged(camera(OFF, region), (5, 5, 2, 2)).problem.startswith("region odd: polygon ")


def test_an_inspect_region_without_a_rule_never_passes():
    assert judged(camera(OFF, inspect("odd", LEFT, None)), (5, 5, 2, 2)).verdict == "unjudgeable"


def test_an_image_without_defects_does_not_pass_by_bad_rules():
    empty = Boxes.of([], [], [], [], [])
    found = judge([ImageToJudge(camera(SIZE, scale=0), 9, 9, empty), ImageToJudge(camera(SIZE), 9, 9, empty)])
    assert [each.verdict for each in found] == ["unjudgeable", "pass"]


def test_what_is_not_in_force_is_not_looked_at():
    bad = Rule(math.nan, None, None, 0)
    rules = camera(
        bad, inspect("off", BOW_TIE, bad, active=False), inspect("left", LEFT, OFF), outside="ignore"
    )
    assert judged(rules, (5, 5, 2, 2)).verdict == "pass"


def test_an_unjudgeable_image_gives_no_reasons_and_no_findings():
    found = judged(camera(Rule(0.1, math.nan, 9, 0)), (5, 5, 20, 20), (None, 5, 5, 5))
    assert (found.reasons, found.findings, found.review.any()) == ([(), ()], (), np.False_)
    assert [defect.size_mm for defect in found.defects] == [2.0, None]


def test_a_flat_polygon_holds_only_what_lies_on_it():
    found = judged(
        camera(OFF, inspect("flat", ((0, 10), (50, 10), (90, 10)), OFF)), (9, 9, 2, 2), (9, 12, 2, 2)
    )
    assert [defect.regions for defect in found.defects] == [("flat",), ()]
