"""The further limits of a region, each by itself at its tie, and how screens say them."""

import math
from dataclasses import replace

import pytest

from hmi.wording import sentence, why
from regions import Boxes, ImageToJudge, judge
from tests.regions_images import LEFT, OFF, SIZE, camera, inspect, judged

NEAR, FAR = (10, 20, 4, 4), (30, 60, 4, 4)  # in LEFT, 50 × 100 px, at 10 px/mm


def by(**limits):
    """The judge's camera with one region that has only these limits."""
    return camera(OFF, inspect("Face", LEFT, replace(OFF, **limits)))


def said(rules, *rows):
    """Each row of the why-table as a sentence."""
    found = judged(rules, *rows)
    findings = [
        {"state": "fail", "findings": [one._asdict() for one in defect.findings]} for defect in found.defects
    ]
    return [sentence(row) for row in why(findings)]


# count


def test_as_many_as_allowed_pass_and_one_more_fails_all_of_them():
    assert judged(by(max_count=2), NEAR, FAR).verdict == "pass"
    assert judged(by(max_count=1), NEAR, FAR).reasons == [("count",), ("count",)]


def test_none_allowed_fails_the_first():
    assert judged(by(max_count=0), NEAR).reasons == [("count",)]


def test_what_lies_elsewhere_or_is_ignored_below_is_not_counted():
    rules = by(max_count=1, ignore_below_mm=0.3)
    assert judged(rules, NEAR, (30, 60, 2, 2), (80, 60, 4, 4)).verdict == "pass"


def test_a_count_is_said_once_for_all():
    assert said(by(max_count=1), NEAR, FAR) == ["2 defects > 1 in Face"]


# area


def test_an_area_at_its_limit_passes_and_above_it_fails():
    share = 100 * 2 * math.pi / 4 * 16 / 5000
    assert judged(by(max_area_percent=share), NEAR, FAR).verdict == "pass"
    assert judged(by(max_area_percent=share - 1e-6), NEAR, FAR).reasons == [("area",)] * 2


def test_the_area_is_that_of_the_ellipse_in_the_box():
    assert said(by(max_area_percent=0.1), (10, 20, 10, 20)) == ["3.14 % > 0.10 % in Face"]


# edge


def test_a_box_at_the_least_distance_passes_and_a_nearer_one_fails():
    assert judged(by(min_edge_mm=1.0), (10, 20, 4, 4)).verdict == "pass"
    assert judged(by(min_edge_mm=1.0), (9.99, 20, 4, 4)).reasons == [("edge",)]


def test_the_distance_is_from_the_box_and_zero_where_it_touches():
    assert said(by(min_edge_mm=0.5), (3, 20, 10, 10)) == ["0.30 mm from the edge < 0.50 mm in Face"]
    assert said(by(min_edge_mm=0.5), (-2, 20, 10, 10)) == ["0.00 mm from the edge < 0.50 mm in Face"]


def test_a_least_distance_of_zero_fails_nothing():
    assert judged(by(min_edge_mm=0.0), (-2, 20, 10, 10)).verdict == "pass"


# confidence


@pytest.mark.parametrize(
    ("confidence", "verdict"), [(0.5, "fail"), (0.49, "pass"), (None, "fail"), (math.nan, "fail")]
)
def test_what_is_less_sure_takes_no_part_and_unknown_counts_as_sure(confidence, verdict):
    rules = camera(replace(SIZE, min_confidence=0.5))
    row = Boxes.of([1], [5], [5], [10], [2], [confidence])
    assert judge([ImageToJudge(rules, 100, 100, row)])[0].verdict == verdict


def test_reasons_of_one_defect_stand_in_their_order_and_each_is_said():
    rules = by(size_threshold=1.0, max_count=0, min_edge_mm=2.0, max_area_percent=0.1)
    assert judged(rules, (10, 20, 10, 4)).reasons == [("area", "count", "edge", "size")]
    assert said(rules, (10, 20, 10, 4)) == [
        "0.63 % > 0.10 % in Face",
        "1 defect > 0 in Face",
        "1.00 mm from the edge < 2.00 mm in Face",
        "1.00 mm ≥ 1.00 mm in Face",
    ]
