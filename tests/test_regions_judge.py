"""What the judge says, rule by rule."""

from dataclasses import replace

import pytest

from regions import Rule
from tests.regions_images import (
    BOW_TIE,
    LEFT,
    OFF,
    PAIRS,
    RIGHT,
    SIZE,
    camera,
    ignore,
    inspect,
    judged,
)

# size and its doubt


def test_a_defect_as_long_as_the_limit_fails():
    assert judged(camera(SIZE), (5, 5, 10, 2)).reasons == [("size",)]


def test_a_defect_just_short_of_the_limit_passes():
    assert judged(camera(SIZE), (5, 5, 9.99, 2)).verdict == "pass"


@pytest.mark.parametrize(("beyond_mm", "verdict"), [(5e-10, "fail"), (5e-9, "pass")])
def test_a_difference_below_a_millionth_of_a_micrometre_is_equality(beyond_mm, verdict):
    assert judged(camera(replace(SIZE, size_threshold=1.0 + beyond_mm)), (5, 5, 10, 2)).verdict == verdict


@pytest.mark.parametrize(
    ("length", "verdict"), [(12, "fail"), (11.9, "review"), (8, "review"), (7.9, "pass")]
)
def test_the_doubt_makes_a_band_for_review_on_both_sides_of_the_limit(length, verdict):
    assert judged(camera(SIZE, doubt=2), (5, 5, 1, length)).verdict == verdict


def test_a_defect_that_fails_anywhere_is_not_for_review():
    rules = camera(OFF, inspect("a", LEFT, SIZE), inspect("b", LEFT, PAIRS), doubt=2)
    found = judged(rules, (5, 5, 9, 2), (16, 5, 2, 2))
    assert found.reasons == [("density",), ("density",)]
    assert not found.review.any()


def test_what_is_shorter_than_ignore_below_takes_no_part():
    rules = camera(Rule(0.1, 2, 5.0, 0.5))
    assert judged(rules, (5, 5, 4, 4), (10, 5, 4, 4)).verdict == "pass"
    assert judged(rules, (5, 5, 5, 4), (10, 5, 4, 4)).reasons == [("size",), ()]


def test_the_doubt_does_not_change_what_is_ignored_below():
    assert judged(camera(Rule(0.4, None, None, 0.5), doubt=5), (5, 5, 4.9, 4)).verdict == "pass"


# clusters


def test_defects_with_a_gap_equal_to_the_proximity_are_linked():
    assert judged(camera(PAIRS), (10, 10, 4, 4), (19, 10, 4, 4)).reasons == [("density",), ("density",)]


def test_the_gap_is_measured_from_corner_to_corner_across_a_diagonal():
    assert judged(camera(PAIRS), (10, 10, 4, 4), (17, 18, 4, 4)).verdict == "fail"
    assert judged(camera(PAIRS), (10, 10, 4, 4), (17, 19, 4, 4)).verdict == "pass"


def test_defects_that_touch_are_linked_at_a_proximity_of_zero():
    rules = camera(replace(PAIRS, proximity_threshold=0))
    assert judged(rules, (10, 10, 4, 4), (14, 14, 4, 4)).verdict == "fail"
    assert judged(rules, (10, 10, 4, 4), (14.5, 14, 4, 4)).verdict == "pass"


def test_links_are_transitive():
    chain = [(10 + 9 * n, 10, 4, 4) for n in range(5)]
    found = judged(camera(replace(PAIRS, density_threshold=5)), *chain, (10, 60, 4, 4))
    assert found.failing.tolist() == [True] * 5 + [False]


def test_a_density_of_one_fails_every_defect():
    found = judged(camera(Rule(None, 1, 0, 0)), (5, 5, 2, 2), (50, 50, 2, 2))
    assert found.reasons == [("density",), ("density",)]


@pytest.mark.parametrize("rule", [Rule(None, None, 9, 0), Rule(None, 1, None, 0)])
def test_without_density_or_proximity_there_is_no_density_test(rule):
    assert judged(camera(rule), (5, 5, 2, 2), (7, 5, 2, 2)).verdict == "pass"


def test_defects_that_fail_for_size_still_count_in_clusters():
    found = judged(camera(Rule(1.0, 2, 0.5, 0)), (5, 5, 10, 2), (18, 5, 2, 2))
    assert found.reasons == [("density", "size"), ("density",)]


def test_defects_of_different_regions_form_no_cluster():
    rules = camera(OFF, inspect("left", LEFT, PAIRS), inspect("right", RIGHT, PAIRS))
    assert judged(rules, (44, 10, 4, 4), (52, 10, 4, 4)).verdict == "pass"


# regions


def test_a_defect_on_a_shared_edge_belongs_to_both_regions():
    found = judged(camera(OFF, inspect("left", LEFT, OFF), inspect("right", RIGHT, OFF)), (48, 10, 4, 4))
    assert found.defects[0].regions == ("left", "right")


def test_the_centre_decides_where_a_defect_belongs():
    found = judged(camera(OFF, inspect("left", LEFT, OFF)), (40, 10, 20, 4), (40, 30, 21, 4))
    assert [defect.regions for defect in found.defects] == [("left",), ()]


def test_a_centre_on_a_sloped_edge_with_decimals_belongs_to_the_region():
    sloped = ((0.1, 0.1), (30.4, 91.0), (0.1, 91.0))
    middles = [(0.1 + part * 30.3, 0.1 + part * 90.9) for part in (0.1, 0.25, 1 / 3, 0.5, 0.7)]
    found = judged(camera(OFF, inspect("slope", sloped, OFF)), *[(x - 1, y - 1, 2, 2) for x, y in middles])
    assert [defect.regions for defect in found.defects] == [("slope",)] * 5


def test_a_defect_in_an_ignore_region_is_never_judged():
    found = judged(camera(SIZE, ignore("hole", LEFT), inspect("all", LEFT, SIZE)), (5, 5, 20, 20))
    assert (found.verdict, found.ignored.tolist(), found.reasons) == ("pass", [True], [()])
    assert found.defects[0].regions == ("hole", "all")


def test_an_ignored_defect_links_no_others():
    rules = camera(
        replace(PAIRS, proximity_threshold=0.2), ignore("hole", ((14, 0), (20, 0), (20, 99), (14, 99)))
    )
    assert judged(rules, (8, 10, 4, 4), (14, 10, 6, 4), (22, 10, 4, 4)).verdict == "pass"


def test_a_defect_in_two_inspect_regions_is_judged_by_each():
    found = judged(camera(OFF, inspect("a", LEFT, SIZE), inspect("b", LEFT, SIZE)), (5, 5, 10, 2))
    assert [finding.region_id for finding in found.findings] == ["a", "b"]


def test_outside_of_inspect_regions_the_default_rule_judges_or_nothing_does():
    region = inspect("left", LEFT, OFF)
    assert judged(camera(SIZE, region), (60, 5, 10, 2)).verdict == "fail"
    assert judged(camera(SIZE, region, outside="ignore"), (60, 5, 10, 2)).verdict == "pass"


def test_where_nothing_is_inspected_the_default_rule_judges_whatever_is_said():
    regions = (inspect("left", LEFT, OFF, active=False), ignore("right", RIGHT))
    assert judged(camera(SIZE, *regions, outside="ignore"), (5, 5, 10, 2)).verdict == "fail"


def test_an_inactive_ignore_region_ignores_nothing():
    assert judged(camera(SIZE, ignore("hole", LEFT, active=False)), (5, 5, 10, 2)).verdict == "fail"


def test_repeated_vertices_make_no_difference():
    doubled = (*LEFT[:1], *LEFT[:1], *LEFT[1:], LEFT[0])
    assert judged(camera(OFF, inspect("left", doubled, SIZE)), (5, 5, 10, 2)).verdict == "fail"


def test_a_polygon_with_crossing_edges_holds_what_its_outline_goes_round_once():
    found = judged(camera(OFF, inspect("bow", BOW_TIE, OFF)), (49, 10, 2, 2), (10, 49, 2, 2), (49, 49, 2, 2))
    assert [defect.regions for defect in found.defects] == [(), ("bow",), ("bow",)]
