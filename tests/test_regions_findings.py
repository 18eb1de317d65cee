"""Why a defect fails, and how images are handed in."""

import tracemalloc
from dataclasses import replace

import pytest

from regions import Boxes, CameraRules, ImageToJudge, Rule, judge
from tests.regions_images import (
    LEFT,
    OFF,
    PAIRS,
    RIGHT,
    SIZE,
    boxes,
    camera,
    ignore,
    inspect,
    judged,
)

# findings


def test_a_size_finding_tells_measure_doubt_and_limit():
    (finding,) = judged(camera(SIZE, doubt=1), (5, 5, 12, 2)).findings
    assert (finding.reason, finding.fails, finding.region_id) == ("size", True, None)
    assert (finding.measured, finding.doubt_mm, finding.limit) == (1.2, 0.1, 1.0)
    assert (finding.gap_mm, finding.proximity_mm) == (None, None)


def test_a_review_finding_tells_the_same_without_failing():
    (finding,) = judged(camera(OFF, inspect("left", LEFT, SIZE), doubt=2), (5, 5, 9, 2)).findings
    assert (finding.reason, finding.fails, finding.region_id) == ("size", False, "left")
    assert (finding.measured, finding.doubt_mm, finding.limit) == (0.9, 0.2, 1.0)


def test_a_density_finding_tells_the_cluster_and_its_widest_gap():
    found = judged(camera(PAIRS), (10, 10, 4, 4), (16, 10, 4, 4), (24, 10, 4, 4), (60, 60, 4, 4))
    assert [finding.defect_id for finding in found.findings] == [1, 2, 3]
    for finding in found.findings:
        assert (finding.reason, finding.measured, finding.limit) == ("density", 3, 2)
        assert finding.gap_mm == pytest.approx(0.4)
        assert finding.proximity_mm == 0.5


def test_a_cluster_of_one_has_no_gap():
    assert judged(camera(Rule(None, 1, 0.5, 0)), (5, 5, 2, 2)).findings[0].gap_mm is None


def test_what_passes_has_no_findings():
    found = judged(camera(Rule(1.0, 3, 0.5, 0)), (5, 5, 2, 2), (7, 5, 2, 2), (50, 50, 30, 2))
    assert [len(defect.findings) for defect in found.defects] == [0, 0, 1]
    assert found.findings == found.defects[2].findings


def test_a_failing_defect_carries_no_findings_that_only_ask_for_review():
    rules = camera(
        OFF, inspect("strict", LEFT, SIZE), inspect("lax", LEFT, replace(SIZE, size_threshold=1.3)), doubt=2
    )
    found = judged(rules, (5, 5, 12, 2))
    assert [finding.region_id for finding in found.findings] == ["strict"]


def test_findings_of_equal_ids_stay_with_their_own_defect():
    twice = Boxes.of([7, 7], [5, 50], [5, 50], [20, 2], [2, 2])
    found = judge([ImageToJudge(camera(SIZE), 100, 100, twice)])[0]
    assert [len(defect.findings) for defect in found.defects] == [1, 0]


# calls


def test_nothing_to_judge_gives_nothing():
    assert judge([]) == []


def test_columns_of_different_length_are_refused():
    with pytest.raises(ValueError, match="differ in length"):
        Boxes.of([1, 2], [1], [1], [1], [1])


def test_images_of_many_cameras_keep_their_order():
    strict, lax = camera(SIZE), camera(OFF)
    images = [ImageToJudge(rules, 100, 100, boxes((5, 5, 20, 2))) for rules in (lax, strict, lax, strict)]
    assert [each.verdict for each in judge(images)] == ["pass", "fail", "pass", "fail"]


def test_rules_from_json_and_back_are_the_same():
    rules = camera(
        SIZE, inspect("left", LEFT, PAIRS), ignore("hole", RIGHT, active=False), judge_suppressed=True
    )
    assert CameraRules.from_json(rules.to_json()) == rules
    assert hash(CameraRules.from_json(rules.to_json())) == hash(rules)


def test_thousands_of_defects_on_one_spot_hold_little_memory():
    count = 3000
    spot = Boxes.of(range(count), [50] * count, [50] * count, [5] * count, [5] * count)
    tracemalloc.start()
    found = judge([ImageToJudge(camera(Rule(None, 3, 2.0, 0)), 100, 100, spot)])[0]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.findings[0].measured == count
    assert peak < 20_000_000
