"""Which defect belongs to which region, and which rules judge it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from regions.boxes import Flags, Integers, Numbers
from regions.clusters import Edges
from regions.layout import Layout
from regions.limits import Pairs
from regions.outlines import Outline
from regions.rules import TIE_MM, CameraRules, Rule


@dataclass(frozen=True, eq=False)
class Places:
    """All active regions of all judgeable rules, then the default of each; columns of shape (places,).

    The default has the name None and no outline, an ignore region no limits (NaN). `first` (rules,) says
    where the places of each rules begin, `default` (rules,) where its default rule is; -1 for unjudgeable
    ones.
    """

    names: tuple[str | None, ...]
    inspects: Flags
    first: Integers
    default: Integers
    size_threshold: Numbers
    density_threshold: Numbers
    proximity_threshold: Numbers
    ignore_below_mm: Numbers
    max_count: Numbers
    max_area_percent: Numbers
    min_edge_mm: Numbers
    min_confidence: Numbers
    outlines: tuple[Outline | None, ...]


@dataclass(frozen=True, eq=False)
class Members:
    """Pairs of a defect and a region that holds it, sorted by defect, then region; `ignored` (defects,)."""

    defect: Integers
    place: Integers
    ignored: Flags
    inspected: Flags


def number_places(layout: Layout) -> Places:
    names: list[str | None] = []
    limits: list[Rule | None] = []
    inspects: list[bool] = []
    outlines: list[Outline | None] = []
    first, default = [], []
    for rules in layout.rules:
        regions = () if rules.problem else rules.active_regions
        first.append(len(names))
        names += [*(region.region_id for region in regions), None]
        outlines += [*(region.outline for region in regions), None]
        inspects += [*(region.kind == "inspect" for region in regions), True]
        limits += [*(region.rule for region in regions), None if rules.problem else rules.default]
        default.append(len(names) - 1)

    def column(name: str) -> Numbers:
        return np.array([getattr(rule, name, None) for rule in limits], dtype=np.float64)

    return Places(
        names=tuple(names),
        inspects=np.array(inspects, dtype=np.bool_),
        first=np.array(first, dtype=np.int64),
        default=np.array(default, dtype=np.int64),
        size_threshold=column("size_threshold"),
        density_threshold=column("density_threshold"),
        proximity_threshold=column("proximity_threshold"),
        ignore_below_mm=np.nan_to_num(column("ignore_below_mm"), nan=0.0),
        max_count=column("max_count"),
        max_area_percent=column("max_area_percent"),
        min_edge_mm=column("min_edge_mm"),
        min_confidence=np.nan_to_num(column("min_confidence"), nan=-np.inf),
        outlines=tuple(outlines),
    )


def find_members(layout: Layout, places: Places) -> Members:
    """A defect belongs to each region that holds its centre or has it on its outline."""
    held = list(_held(layout, places))
    none = np.empty(0, dtype=np.int64)
    defect = np.concatenate([none, *(defects for _, defects in held)])
    place = np.concatenate([none, *(np.full(len(defects), number) for number, defects in held)])
    order = np.argsort(defect, kind="stable")
    defect, place = defect[order], place[order]
    ignored, inspected = np.zeros((2, len(layout.ids)), dtype=np.bool_)
    inspects = places.inspects[place]
    ignored[defect[~inspects]] = True
    inspected[defect[inspects]] = True
    return Members(defect, place, ignored, inspected)


def pair_up(layout: Layout, places: Places, members: Members) -> Pairs:
    """The defects beside each rule that judges them, without those that the rule is to leave out."""
    own = places.inspects[members.place] & ~members.ignored[members.defect]
    rules = layout.rules_of_image[layout.image]
    outside = np.array([each.default_in_force for each in layout.rules], dtype=np.bool_)[rules]
    rest = np.flatnonzero(layout.judged & ~members.ignored & ~members.inspected & outside)
    defect = np.concatenate([members.defect[own], rest])
    place = np.concatenate([members.place[own], places.default[rules[rest]]])
    size_mm = layout.size_mm[defect]
    counts = size_mm - places.ignore_below_mm[place] > -TIE_MM
    counts &= layout.confidence[defect] - places.min_confidence[place] > -TIE_MM
    return _pairs(layout, places, defect[counts], place[counts])


def _pairs(layout: Layout, places: Places, defect: Integers, place: Integers) -> Pairs:
    scale = layout.scale[defect]
    left, top = layout.x[defect], layout.y[defect]
    return Pairs(
        defect=defect,
        place=place,
        group=place * len(layout.rules_of_image) + layout.image[defect],
        size_mm=layout.size_mm[defect],
        doubt_mm=layout.uncertainty_px[defect] / scale,
        edges=Edges(
            left=left,
            right=left + layout.width[defect],
            top=top,
            bottom=top + layout.height[defect],
        ),
        scale=scale,
        size_threshold=places.size_threshold[place],
        density_threshold=places.density_threshold[place],
        proximity_threshold=places.proximity_threshold[place],
        max_count=places.max_count[place],
        max_area_percent=places.max_area_percent[place],
        min_edge_mm=places.min_edge_mm[place],
        outlines=places.outlines,
    )


def _held(layout: Layout, places: Places) -> Iterator[tuple[int, Integers]]:
    """Each region's place with the defects that it holds, in ascending order."""
    x, y = layout.x + layout.width / 2, layout.y + layout.height / 2
    for rules, first, defect in _by_rules(layout, places):
        if not rules.active_regions:
            continue
        own_x, own_y = x[defect], y[defect]
        tie_px = TIE_MM * float(rules.px_per_mm or 0)
        for place, region in enumerate(rules.active_regions, first):
            yield place, defect[region.outline.holding(own_x, own_y, tie_px)]


def _by_rules(layout: Layout, places: Places) -> Iterator[tuple[CameraRules, int, Integers]]:
    judged = np.flatnonzero(layout.judged)
    rules = layout.rules_of_image[layout.image[judged]]
    order = np.argsort(rules, kind="stable")
    ends = np.searchsorted(rules[order], np.arange(len(layout.rules)), side="right")
    start = 0
    for each, first, end in zip(layout.rules, places.first.tolist(), ends.tolist(), strict=True):
        if end > start:
            yield each, first, judged[order[start:end]]
        start = end
