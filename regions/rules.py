"""The rules of one camera: regions, limits and scale, as frozen values with one JSON form.

Lengths named `_px` are pixels of the full image, `_mm` and the size and proximity limits millimetres.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal, Self, cast

from regions import fields, flaws
from regions.outlines import Outline, distinct

#: Lengths in mm that differ by less are equal.
TIE_MM = 1e-9

#: The limits that count defects, those that are shares, and those that need an outline; others are mm.
COUNTS = ("density_threshold", "max_count")
SHARES = {"max_area_percent": 100.0, "min_confidence": 1.0}  # with the most that each can be
OF_OUTLINES = ("max_area_percent", "min_edge_mm")
KINDS = ("inspect", "ignore")
OUTSIDE = ("default", "ignore")


@dataclass(frozen=True)
class Rule:
    """The limits of one region, or of all that lies in none. A limit of None is a test that is off.

    A further limit is one more field here with the default None, and one test in limits.py.
    Of the further ones, more than `max_count` judged defects, or more than `max_area_percent` of the region's
    area, fail them all; a box nearer than `min_edge_mm` to the outline fails; a defect whose confidence is
    below `min_confidence` (NULL counts as 1) takes no part, like one below `ignore_below_mm`.
    """

    size_threshold: float | None
    density_threshold: int | None
    proximity_threshold: float | None
    ignore_below_mm: float | None
    max_count: int | None = None
    max_area_percent: float | None = None
    min_edge_mm: float | None = None
    min_confidence: float | None = None

    @classmethod
    def from_json(cls, source: Any, path: str = "rule") -> Self:
        """The four limits must be there, null where off; later ones may be left out. Raises FieldError."""
        found = fields.mapping(source, path)
        limits: dict[str, Any] = {}
        for limit in dataclasses.fields(cls):
            where = f"{path}.{limit.name}"
            if limit.name not in found and limit.default is None:
                continue
            read = fields.whole_number_or_null if limit.name in COUNTS else fields.number_or_null
            limits[limit.name] = read(fields.member(found, limit.name, where), where)
        return cls(**limits)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def flaw(self) -> tuple[str, str] | None:
        """The first limit that nothing can be judged by, and what is wrong with it."""
        for name, value in asdict(self).items():
            wrong = None if value is None else limit_flaw(name, value)
            if wrong:
                return name, wrong
        return None

    @property
    def needs_outline(self) -> str | None:
        """The first limit that only a region with an outline can have, where there is one."""
        return next((name for name in OF_OUTLINES if getattr(self, name) is not None), None)


@dataclass(frozen=True)
class Region:
    """A polygon of (x, y) vertices in px. Only inspect regions have a rule; inactive ones do not count."""

    region_id: str
    kind: Literal["inspect", "ignore"]
    polygon: tuple[tuple[float, float], ...]
    rule: Rule | None
    active: bool = True

    @classmethod
    def from_json(cls, source: Any, path: str = "region") -> Self:
        """The limits stand beside the other keys; those of an ignore region are left out of account."""
        found = fields.mapping(source, path)
        options = fields.choice(fields.member(found, "kind", f"{path}.kind"), KINDS, f"{path}.kind")
        kind = cast(Literal["inspect", "ignore"], options)
        return cls(
            region_id=fields.text(
                fields.member(found, "region_id", f"{path}.region_id"), f"{path}.region_id"
            ),
            kind=kind,
            polygon=polygon_from_json(fields.member(found, "polygon", f"{path}.polygon"), f"{path}.polygon"),
            rule=Rule.from_json(found, path) if kind == "inspect" else None,
            active=fields.flag(found.get("active", True), f"{path}.active"),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "region_id": self.region_id,
            "kind": self.kind,
            "active": self.active,
            "polygon": [{"x": x, "y": y} for x, y in self.polygon],
            **(self.rule.to_json() if self.rule else {}),
        }

    def flaw(self) -> tuple[str, str] | None:
        """The first field that nothing can be judged by, and what is wrong with it."""
        if self.kind not in KINDS:
            return "kind", "must be inspect or ignore"
        wrong = flaws.polygon_flaw(self.polygon)
        if wrong:
            return "polygon", wrong
        if self.kind == "ignore":
            return None
        return self.rule.flaw() if self.rule else ("rule", "is missing")

    @cached_property
    def outline(self) -> Outline:
        return Outline(distinct(self.polygon))


@dataclass(frozen=True)
class CameraRules:
    """All that decides about the images of one camera. Keep one object per camera and version: what the judge
    prepares from it stays with it.

    px_per_mm None, zero, negative or not finite makes the camera unjudgeable.
    """

    px_per_mm: float | None
    uncertainty_px: float
    outside_regions: Literal["default", "ignore"]
    default: Rule
    regions: tuple[Region, ...]
    judge_suppressed: bool = False

    @classmethod
    def from_json(cls, source: Any) -> Self:
        found = fields.mapping(source, "rules")
        outside = fields.choice(
            fields.member(found, "outside_regions", "outside_regions"), OUTSIDE, "outside_regions"
        )
        regions = fields.sequence(fields.member(found, "regions", "regions"), "regions")
        return cls(
            px_per_mm=fields.number_or_null(fields.member(found, "px_per_mm", "px_per_mm"), "px_per_mm"),
            uncertainty_px=fields.number(
                fields.member(found, "uncertainty_px", "uncertainty_px"), "uncertainty_px"
            ),
            outside_regions=cast(Literal["default", "ignore"], outside),
            default=Rule.from_json(fields.member(found, "default", "default"), "default"),
            regions=tuple(Region.from_json(region, f"regions[{n}]") for n, region in enumerate(regions)),
            judge_suppressed=fields.flag(found.get("judge_suppressed", False), "judge_suppressed"),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "px_per_mm": self.px_per_mm,
            "uncertainty_px": self.uncertainty_px,
            "outside_regions": self.outside_regions,
            "judge_suppressed": self.judge_suppressed,
            "default": self.default.to_json(),
            "regions": [region.to_json() for region in self.regions],
        }

    @cached_property
    def active_regions(self) -> tuple[Region, ...]:
        return tuple(region for region in self.regions if region.active)

    @cached_property
    def default_in_force(self) -> bool:
        """Does the default rule judge what lies in no inspect region? Always where none is active."""
        inspects = any(region.kind == "inspect" for region in self.active_regions)
        return self.outside_regions == "default" or not inspects

    @cached_property
    def problem(self) -> str | None:
        """Why no image can be judged by these rules, or None. What is not in force is not looked at."""
        found = self._own_flaw()
        if found:
            return found
        for region in self.active_regions:
            flaw = region.flaw()
            if flaw:
                return f"region {region.region_id}: {flaw[0]} {flaw[1]}"
        flaw = default_flaw(self.default) if self.default_in_force else None
        return f"default rule: {flaw[0]} {flaw[1]}" if flaw else None

    def _own_flaw(self) -> str | None:
        wrong = flaws.scale_flaw(self.px_per_mm)
        if wrong:
            return f"px_per_mm {wrong}"
        wrong = flaws.length_flaw(self.uncertainty_px)
        if wrong:
            return f"uncertainty_px {wrong}"
        if self.outside_regions not in OUTSIDE:
            return "outside_regions must be default or ignore"
        return None


def limit_flaw(name: str, value: Any) -> str | None:
    """What makes the value of this limit one that nothing can be judged by, or None."""
    if name in COUNTS:
        return flaws.count_flaw(value, least=0 if name == "max_count" else 1)
    wrong = flaws.length_flaw(value)
    if not wrong and name in SHARES and value > SHARES[name]:
        return f"must be at most {SHARES[name]:g}"
    return wrong


def default_flaw(rule: Rule) -> tuple[str, str] | None:
    """As `Rule.flaw`, of a default rule: it has no outline."""
    flaw = rule.flaw()
    if flaw is None and rule.needs_outline:
        return rule.needs_outline, "needs a region with an outline"
    return flaw


def polygon_from_json(source: Any, path: str = "polygon") -> tuple[tuple[float, float], ...]:
    """Vertices given as [{"x": …, "y": …}, …]. Raises FieldError."""
    vertices = []
    for index, vertex in enumerate(fields.sequence(source, path)):
        where = f"{path}[{index}]"
        found: Mapping[str, Any] = fields.mapping(vertex, where)
        x = fields.number(fields.member(found, "x", f"{where}.x"), f"{where}.x")
        y = fields.number(fields.member(found, "y", f"{where}.y"), f"{where}.y")
        vertices.append((x, y))
    return tuple(vertices)
