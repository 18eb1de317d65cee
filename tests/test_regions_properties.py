"""What holds for every image, found by trying many. Coordinates sit on a grid so that ties abound."""

import json
import math
from dataclasses import replace
from random import Random

import shapely
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from regions import (
    JUDGED,
    PolygonError,
    Rule,
    answer_of,
    image_from_case,
    judge,
    judge_batch,
    validate_polygon,
)
from regions.layout import batch_of
from tests.regions_cases import make_case
from tests.regions_reference import answer

quick = settings(max_examples=80, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])

whole = st.integers(min_value=-10, max_value=60)
defects = st.lists(
    st.fixed_dictionaries(
        {
            "x": whole | st.none(),
            "y": whole,
            "width": st.integers(min_value=0, max_value=12),
            "height": st.integers(min_value=1, max_value=12),
            "suppressed": st.sampled_from([False, False, False, True]),
            "confidence": st.sampled_from([None, math.nan, 0, 0.5, 0.7, 1]),
        }
    ),
    max_size=14,
)
rules = st.fixed_dictionaries(
    {
        "size_threshold": st.sampled_from([None, 0.5, 0.8, 1.0, 1.2]),
        "density_threshold": st.none() | st.integers(min_value=1, max_value=4),
        "proximity_threshold": st.sampled_from([None, 0, 0.5, 1.0, 1.3]),
        "ignore_below_mm": st.sampled_from([None, 0, 0.4, 0.8]),
        "max_count": st.sampled_from([None, None, 0, 1, 2, 5]),
        "min_confidence": st.sampled_from([None, None, 0, 0.5, 0.6, 1]),
    }
)
outlined = st.fixed_dictionaries(
    {
        "max_area_percent": st.sampled_from([None, None, 0, 1.0, 5, 20, 100]),
        "min_edge_mm": st.sampled_from([None, None, 0, 0.2, 0.5, 1.0]),
    }
)
polygons = st.lists(st.fixed_dictionaries({"x": whole, "y": whole}), min_size=3, max_size=7).filter(
    lambda vertices: len({(vertex["x"], vertex["y"]) for vertex in vertices}) >= 3
)


@st.composite
def cases(draw):
    regions = [
        {
            "region_id": f"R{n}",
            "kind": draw(st.sampled_from(["inspect", "inspect", "ignore"])),
            "active": True,
        }
        | draw(rules)
        | draw(outlined)
        | {"polygon": draw(polygons)}
        for n in range(draw(st.integers(min_value=0, max_value=3)))
    ]
    return {
        "px_per_mm": draw(st.sampled_from([10, 10.0, 11.968503937007874])),
        "uncertainty_px": draw(st.sampled_from([0, 1, 2.5])),
        "outside_regions": draw(st.sampled_from(["default", "ignore"])),
        "image": {"width": draw(st.sampled_from([50, None])), "height": 50},
        "default": draw(rules),
        "regions": regions,
        "defects": [{"id": n, **row} for n, row in enumerate(draw(defects))],
    }


def judged(case):
    return judge([image_from_case(case)])[0]


def failing(case):
    found = judged(case)
    return set(found.ids[found.failing].tolist())


@quick
@given(cases())
def test_the_fast_judge_says_what_the_exact_one_says(case):
    assert answer_of(judged(case)) == answer(case)


@quick
@given(st.randoms(use_true_random=False))
def test_the_fast_judge_says_so_for_made_cases_too(random):
    case = make_case(Random(random.getrandbits(32)))
    assert answer_of(judged(case)) == case["answer"]


@quick
@given(st.lists(cases(), max_size=6))
def test_many_images_in_one_call_are_judged_as_each_alone(several):
    together = judge([image_from_case(case) for case in several])
    assert [each.defects for each in together] == [judged(case).defects for case in several]
    assert [each.verdict for each in together] == [judged(case).verdict for case in several]


@quick
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_the_defects_does_not_matter(case, random):
    shuffled = {**case, "defects": random.sample(case["defects"], len(case["defects"]))}
    one, other = judged(case), judged(shuffled)
    assert one.verdict == other.verdict
    assert sorted(one.defects) == sorted(other.defects)


@quick
@given(
    cases(), st.sampled_from(["size_threshold", "density_threshold", "ignore_below_mm"]), st.integers(1, 3)
)
def test_raising_a_limit_never_adds_a_fail(case, name, more):
    raised = json.loads(json.dumps(case))
    for rule in [raised["default"], *raised["regions"]]:
        rule[name] = None if rule[name] is None and name != "ignore_below_mm" else (rule[name] or 0) + more
    assert failing(raised) <= failing(case)


@quick
@given(
    cases(),
    st.sampled_from(["size_threshold", "density_threshold", "proximity_threshold", "ignore_below_mm"]),
    st.sampled_from([math.nan, math.inf, -math.inf]),
)
def test_a_limit_that_is_not_finite_never_passes(case, name, value):
    inspects = [region for region in case["regions"] if region["kind"] == "inspect"]
    for rule in inspects or [case["default"]]:
        rule[name] = value
    assert judged(case).verdict == "unjudgeable"


@quick
@given(st.lists(st.tuples(whole, whole), max_size=8))
def test_what_is_accepted_as_a_polygon_is_a_simple_one(vertices):
    try:
        polygon = validate_polygon(vertices)
    except PolygonError as refused:
        assume(not refused.edges)
        assert len(set(vertices)) < 3 or shapely.Polygon(vertices).area < 1
        return
    assert shapely.is_valid(shapely.Polygon(polygon))
    assert shapely.LinearRing(polygon).is_simple


@quick
@given(st.lists(st.tuples(whole, whole), min_size=3, max_size=8, unique=True))
def test_a_valid_outline_is_never_refused_for_crossing(vertices):
    assume(shapely.is_valid(shapely.Polygon(vertices)) and shapely.Polygon(vertices).area >= 1)
    assert set(validate_polygon(vertices)) == set(vertices)


def test_replacing_a_rule_prepares_anew():
    case = make_case(Random(3))
    rules_before = image_from_case(case).rules
    bad = replace(rules_before, default=Rule(math.nan, None, None, 0), regions=())
    assert rules_before.problem is None
    assert bad.problem is not None


@quick
@given(st.lists(cases(), min_size=1, max_size=5), st.data())
def test_columns_are_judged_as_each_image_alone_whole_or_in_parts(several, data):
    batch = batch_of([image_from_case(case) for case in several])
    cut = data.draw(st.integers(0, len(several)))
    for first, end in ((0, cut), (cut, len(several))):
        found = judge_batch(batch.part(first, end))
        alone = [judged(case) for case in several[first:end]]
        assert [JUDGED[code] for code in found.verdicts] == [one.verdict for one in alone]
        assert [found.of(number).defects for number in range(end - first)] == [one.defects for one in alone]
