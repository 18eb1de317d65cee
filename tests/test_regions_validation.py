"""What is refused before it is saved, and by which name."""

import json
import math
from dataclasses import replace

import pytest

from regions import (
    CameraRules,
    FieldError,
    MissingFieldError,
    NumberError,
    PolygonError,
    Region,
    Rule,
    TextError,
    WrongTypeError,
    polygon_from_json,
    validate_camera_rules,
    validate_polygon,
    validate_region,
    validate_rule,
)

RULE = Rule(1.5, 3, 2.0, 0.42)
SQUARE = ((0, 0), (100, 0), (100, 100), (0, 100))
REGION = Region("Bore 1", "inspect", SQUARE, RULE)
CAMERA = CameraRules(11.97, 1, "default", RULE, (REGION,))


def ring(count, radius=400.0):
    turns = [2 * math.pi * n / count for n in range(count)]
    return tuple((500 + radius * math.cos(turn), 500 + radius * math.sin(turn)) for turn in turns)


def test_a_good_rule_comes_through_unchanged():
    assert validate_rule(RULE) == RULE
    assert validate_rule(Rule(None, None, None, None)) == Rule(None, None, None, None)
    assert validate_rule(Rule(0.1, 1, 0, 0)) == Rule(0.1, 1, 0, 0)


@pytest.mark.parametrize(
    "name", ["size_threshold", "density_threshold", "proximity_threshold", "ignore_below_mm"]
)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.0, -1, 1e9, 10**400, True, "5", [5]])
def test_a_limit_that_is_no_sensible_number_is_refused_by_name(name, value):
    with pytest.raises(NumberError) as refused:
        validate_rule(replace(RULE, **{name: value}))
    assert refused.value.field == name


@pytest.mark.parametrize(
    ("name", "value"), [("size_threshold", 0), ("density_threshold", 0), ("density_threshold", 2.5)]
)
def test_a_size_of_nothing_and_a_count_below_one_are_refused(name, value):
    with pytest.raises(NumberError, match=name):
        validate_rule(replace(RULE, **{name: value}))


def test_repeated_vertices_are_dropped():
    doubled = (SQUARE[0], SQUARE[0], *SQUARE[1:], SQUARE[3], SQUARE[0])
    assert validate_region(replace(REGION, polygon=doubled)).polygon == SQUARE


@pytest.mark.parametrize("polygon", [(), SQUARE[:1], SQUARE[:2], (SQUARE[0], SQUARE[1]) * 3])
def test_fewer_than_three_distinct_vertices_are_refused(polygon):
    with pytest.raises(PolygonError, match="3 distinct"):
        validate_polygon(polygon)


@pytest.mark.parametrize("polygon", [((0, 0), (5, 5), (9, 9)), ((0, 0), (9, 0), (4, 0))])
def test_a_polygon_on_one_line_is_refused(polygon):
    with pytest.raises(PolygonError, match="no area"):
        validate_polygon(polygon)


def test_a_speck_is_refused():
    with pytest.raises(PolygonError, match="below 1 px²"):
        validate_polygon(((0, 0), (1, 0), (0, 1)))


def test_crossing_edges_are_named():
    with pytest.raises(PolygonError, match="edges 1 and 3 cross") as refused:
        validate_polygon(((0, 0), (100, 100), (100, 0), (0, 100)))
    assert refused.value.edges == ((0, 2),)


@pytest.mark.parametrize(
    "polygon",
    [
        ((0, 0), (100, 0), (50, 0), (50, 50)),  # folds back upon itself
        ((0, 0), (100, 0), (100, 100), (50, 0), (0, 100)),  # a vertex touches an edge
        ((0, 0), (50, 50), (100, 0), (100, 100), (50, 50), (0, 100)),  # a vertex touches a vertex
        ((0, 0), (100, 0), (100, 100), (50, 100), (50, 0), (50, 100), (0, 100)),  # a spike to the other side
    ],
)
def test_an_outline_that_touches_itself_is_refused(polygon):
    with pytest.raises(PolygonError, match="cross; edge 1"):
        validate_polygon(polygon)


def test_a_spiral_that_does_not_touch_itself_is_a_polygon():
    spiral = (
        (0, 0),
        (100, 0),
        (100, 100),
        (20, 100),
        (20, 40),
        (60, 40),
        (60, 60),
        (40, 60),
        (40, 80),
        (80, 80),
        (80, 20),
        (0, 20),
    )
    assert validate_polygon(spiral) == spiral


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e308, "5", None, True])
def test_a_vertex_that_is_no_place_is_refused(value):
    with pytest.raises(PolygonError, match="corner 3: y"):
        validate_polygon(((0, 0), (9, 0), (9, value)))


def test_five_hundred_vertices_are_the_most():
    assert len(validate_polygon(ring(500))) == 500
    with pytest.raises(PolygonError, match="more than 500"):
        validate_polygon(ring(501))
    with pytest.raises(PolygonError, match="more than 500"):
        validate_polygon(((1, 2),) * 1_000_000)


def test_vertices_outside_the_image_are_refused_where_its_size_is_given():
    assert validate_region(REGION, width=100, height=100) == REGION
    with pytest.raises(PolygonError, match="corner 2 lies outside"):
        validate_region(REGION, width=99, height=100)
    with pytest.raises(PolygonError, match="corner 1 lies outside"):
        validate_polygon(((-1, 0), *SQUARE[1:]), width=100, height=100)


@pytest.mark.parametrize("name", ["", "  ", "a\x00b", "a\u202eb", "a\u200bb", "\ud800", "x" * 101, 5])
def test_a_name_that_cannot_be_shown_is_refused(name):
    with pytest.raises(TextError, match="region_id"):
        validate_region(replace(REGION, region_id=name))


def test_an_inspect_region_needs_limits_and_an_ignore_region_has_none():
    assert validate_region(replace(REGION, kind="ignore")).rule is None
    with pytest.raises(FieldError, match="rule: is missing"):
        validate_region(replace(REGION, rule=None))


def test_the_field_of_a_camera_is_named_with_its_path():
    bad = replace(REGION, rule=replace(RULE, size_threshold=math.nan))
    with pytest.raises(NumberError) as refused:
        validate_camera_rules(replace(CAMERA, regions=(REGION, bad)))
    assert refused.value.field == "regions[1].size_threshold"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("px_per_mm", None),
        ("px_per_mm", 0),
        ("px_per_mm", math.nan),
        ("uncertainty_px", -1),
        ("outside_regions", "all"),
    ],
)
def test_a_camera_that_could_not_be_judged_is_refused(name, value):
    with pytest.raises(FieldError) as refused:
        validate_camera_rules(replace(CAMERA, **{name: value}))
    assert refused.value.field == name


def test_a_good_camera_comes_through_unchanged():
    assert validate_camera_rules(CAMERA, width=5120, height=5120) == CAMERA


# reading JSON


@pytest.mark.parametrize(
    "name", ["size_threshold", "density_threshold", "proximity_threshold", "ignore_below_mm"]
)
@pytest.mark.parametrize("value", [True, "5", [5], {}, "5,0"])
def test_json_of_another_type_is_refused_with_its_path(name, value):
    source = CAMERA.to_json()
    source["regions"][0][name] = value
    with pytest.raises(WrongTypeError) as refused:
        CameraRules.from_json(source)
    assert refused.value.field == f"regions[0].{name}"


@pytest.mark.parametrize(
    "name", ["size_threshold", "density_threshold", "proximity_threshold", "ignore_below_mm"]
)
def test_a_limit_left_out_is_missing_not_off(name):
    source = RULE.to_json()
    del source[name]
    with pytest.raises(MissingFieldError, match=f"rule.{name}: is missing"):
        Rule.from_json(source)


@pytest.mark.parametrize(
    "polygon", [None, {}, "x", [1], [[1, 2]], [{"x": 1}], [{"x": 1, "y": "2"}], [{"x": 1, "y": None}]]
)
def test_a_polygon_of_another_shape_is_refused(polygon):
    with pytest.raises(FieldError, match="polygon"):
        polygon_from_json(polygon)


def test_nan_is_read_and_left_to_the_judge():
    rule = Rule.from_json(json.loads(json.dumps({**RULE.to_json(), "density_threshold": math.nan})))
    assert math.isnan(rule.density_threshold)
