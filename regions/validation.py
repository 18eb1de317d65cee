"""The one place that refuses rules before they are saved. Everything it lets through can be judged by."""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from regions import flaws
from regions.errors import FieldError, NumberError, PolygonError, TextError
from regions.outlines import area_px2, crossing_edges, distinct
from regions.rules import COUNTS, KINDS, OUTSIDE, SHARES, CameraRules, Region, Rule, default_flaw

MOST_VERTICES = 500
LEAST_AREA_PX2 = 1.0
LARGEST_LIMIT_MM = 10_000.0
LARGEST_COUNT = 1_000_000
LARGEST_SCALE = 100_000.0
LARGEST_UNCERTAINTY_PX = 1_000.0
LONGEST_NAME = 100
#: Letters and marks that show nothing; what controls text or its direction is not printable anyway.
INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | {
    chr(n) for n in range(0xFE00, 0xFE10)
}

Vertices = Sequence[tuple[float, float]]


def validate_rule(rule: Rule, path: str = "") -> Rule:
    """The rule as it may be saved. Raises NumberError with the field, below `path` if that is given."""
    flaw = rule.flaw()
    if flaw:
        raise NumberError(_join(path, flaw[0]), flaw[1])
    for name, value in asdict(rule).items():
        if value is None:
            continue
        most = LARGEST_COUNT if name in COUNTS else LARGEST_LIMIT_MM
        _refuse_beyond(value, SHARES.get(name, most), _join(path, name))
    if rule.size_threshold == 0:
        raise NumberError(_join(path, "size_threshold"), "must be more than 0")
    return rule


def validate_default(rule: Rule, path: str = "default") -> Rule:
    """As `validate_rule`; a rule without an outline has no limits that need one."""
    flaw = default_flaw(rule)
    if flaw:
        raise NumberError(_join(path, flaw[0]), flaw[1])
    return validate_rule(rule, path)


def validate_region(
    region: Region, *, width: int | None = None, height: int | None = None, path: str = ""
) -> Region:
    """The region as it may be saved: repeated vertices dropped, an ignore region without limits.

    Given the image's width and height in px, vertices outside the image are refused too.
    Raises TextError, PolygonError, NumberError or FieldError with the field, below `path`.
    """
    refuse_name(region.region_id, _join(path, "region_id"))
    if region.kind not in KINDS:
        raise FieldError(_join(path, "kind"), f"must be {' or '.join(KINDS)}")
    polygon = validate_polygon(region.polygon, width=width, height=height, path=_join(path, "polygon"))
    if region.kind == "ignore":
        return replace(region, polygon=polygon, rule=None)
    if region.rule is None:
        raise FieldError(_join(path, "rule"), "is missing")
    return replace(region, polygon=polygon, rule=validate_rule(region.rule, path))


def validate_polygon(
    vertices: Vertices, *, width: int | None = None, height: int | None = None, path: str = "polygon"
) -> tuple[tuple[float, float], ...]:
    """The distinct vertices of a simple polygon, px. Raises PolygonError; edges and vertices count from 0
    after repeated vertices are dropped."""
    if len(vertices) > 2 * MOST_VERTICES:
        raise PolygonError(path, f"has more than {MOST_VERTICES} vertices")
    flaw = flaws.polygon_flaw(vertices)
    if flaw:
        raise PolygonError(path, flaw)
    polygon = distinct(vertices)
    if len(polygon) > MOST_VERTICES:
        raise PolygonError(path, f"has more than {MOST_VERTICES} vertices")
    _refuse_outside(polygon, width, height, path)
    _refuse_shape(polygon, path)
    return polygon


def validate_camera_rules(
    rules: CameraRules, *, width: int | None = None, height: int | None = None
) -> CameraRules:
    """All rules of a camera as they may be published. Raises FieldError with the path of the field."""
    _refuse_number(rules.px_per_mm, flaws.scale_flaw(rules.px_per_mm), LARGEST_SCALE, "px_per_mm")
    doubt = rules.uncertainty_px
    _refuse_number(doubt, flaws.length_flaw(doubt), LARGEST_UNCERTAINTY_PX, "uncertainty_px")
    if rules.outside_regions not in OUTSIDE:
        raise FieldError("outside_regions", f"must be {' or '.join(OUTSIDE)}")
    return replace(
        rules,
        default=validate_default(rules.default),
        regions=tuple(
            validate_region(region, width=width, height=height, path=f"regions[{n}]")
            for n, region in enumerate(rules.regions)
        ),
    )


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _refuse_number(value: Any, flaw: str | None, most: float, path: str) -> None:
    if flaw:
        raise NumberError(path, flaw)
    _refuse_beyond(value, most, path)


def _refuse_beyond(value: float, most: float, path: str) -> None:
    if value > most:
        raise NumberError(path, f"must be at most {most:g}")
    if value == 0 and math.copysign(1, value) < 0:
        raise NumberError(path, "must not be negative")


def refuse_name(name: Any, path: str) -> None:
    """Raises TextError for a name that nobody could read or tell from another."""
    if not isinstance(name, str) or not name.strip():
        raise TextError(path, "must not be empty")
    if len(name) > LONGEST_NAME:
        raise TextError(path, f"must have at most {LONGEST_NAME} characters")
    if not name.isprintable() or INVISIBLE & set(name):
        raise TextError(path, "has a character that cannot be shown")


def normalised(name: str) -> str:
    """What two names must not have in common: they would look alike."""
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).split())


def _refuse_outside(polygon: Vertices, width: int | None, height: int | None, path: str) -> None:
    for index, (x, y) in enumerate(polygon):
        beyond = (width is not None and x > width) or (height is not None and y > height)
        known = width is not None or height is not None
        if beyond or (known and (x < 0 or y < 0)):
            raise PolygonError(path, f"corner {index + 1} lies outside the image")


def _refuse_shape(polygon: Vertices, path: str) -> None:
    area = area_px2(polygon)
    if _all_on_one_line(polygon):
        raise PolygonError(path, "has no area")
    crossings = crossing_edges(polygon)
    if crossings:
        named = ", ".join(f"{n + 1} and {m + 1}" for n, m in crossings)
        raise PolygonError(path, f"edges {named} cross; edge 1 begins at corner 1", crossings)
    if area < LEAST_AREA_PX2:
        raise PolygonError(path, f"has an area below {LEAST_AREA_PX2:g} px²")


def _all_on_one_line(polygon: Vertices) -> bool:
    (x0, y0), (x1, y1) = polygon[:2]
    return all((x1 - x0) * (y - y0) == (y1 - y0) * (x - x0) for x, y in polygon[2:])
