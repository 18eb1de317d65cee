"""The tests that a rule makes. Each takes the pairs of defect and rule and answers with findings.

A further test is one more function here, added to `TESTS`, with its name in judgement.REASONS.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regions.boxes import Integers, Numbers
from regions.clusters import Edges, find_clusters
from regions.judgement import GEOMETRY, REASONS, FindingColumns
from regions.outlines import Outline
from regions.rules import TIE_MM


@dataclass(frozen=True, eq=False)
class Pairs:
    """Defects beside the rules that judge them, a defect once for each rule; columns of shape (p,).

    `defect` and `place` say which; `outlines` are those of the places, None of default rules; `group` is
    equal for the pairs of one rule in one image. `edges`
    are px, `scale` px/mm; `doubt_mm` is the doubt of a length. The limits are NaN where a test is off.
    """

    defect: Integers
    place: Integers
    group: Integers
    size_mm: Numbers
    doubt_mm: Numbers
    edges: Edges
    scale: Numbers
    size_threshold: Numbers
    density_threshold: Numbers
    proximity_threshold: Numbers
    max_count: Numbers
    max_area_percent: Numbers
    min_edge_mm: Numbers
    outlines: Sequence[Outline | None]


def by_size(pairs: Pairs) -> FindingColumns:
    """Fails what is too long even with the doubt taken off; for review what is so only with it added."""
    fails = pairs.size_mm - pairs.doubt_mm - pairs.size_threshold > -TIE_MM
    rows = np.flatnonzero(pairs.size_mm + pairs.doubt_mm - pairs.size_threshold > -TIE_MM)
    return _columns(
        pairs,
        rows,
        "size",
        fails=fails[rows],
        measured=pairs.size_mm[rows],
        limit=pairs.size_threshold[rows],
        doubt_mm=pairs.doubt_mm[rows],
    )


def by_density(pairs: Pairs) -> FindingColumns:
    """Fails every defect of a cluster that has as many as the rule allows, or more."""
    tested = np.flatnonzero(~np.isnan(pairs.density_threshold) & ~np.isnan(pairs.proximity_threshold))
    _, group, together = np.unique(pairs.group[tested], return_inverse=True, return_counts=True)
    enough = together[group] >= pairs.density_threshold[tested]
    tested, group = tested[enough], group[enough]
    reach_px = (pairs.proximity_threshold[tested] + TIE_MM) * pairs.scale[tested]
    clusters = find_clusters(group, pairs.edges.taken(tested), reach_px)
    fails = clusters.size >= pairs.density_threshold[tested]
    rows = tested[fails]
    return _columns(
        pairs,
        rows,
        "density",
        fails=np.ones(len(rows), dtype=np.bool_),
        measured=clusters.size[fails].astype(np.float64),
        limit=pairs.density_threshold[rows],
        gap_mm=clusters.widest[fails] / pairs.scale[rows],
        proximity_mm=pairs.proximity_threshold[rows],
    )


def by_count(pairs: Pairs) -> FindingColumns:
    """Fails every defect of a region that holds more of them than it may."""
    tested = np.flatnonzero(~np.isnan(pairs.max_count))
    _, group, together = np.unique(pairs.group[tested], return_inverse=True, return_counts=True)
    over = together[group] > pairs.max_count[tested]
    rows = tested[over]
    return _columns(
        pairs,
        rows,
        "count",
        fails=np.ones(len(rows), dtype=np.bool_),
        measured=together[group][over].astype(np.float64),
        limit=pairs.max_count[rows],
    )


def by_area(pairs: Pairs) -> FindingColumns:
    """Fails every defect of a region of whose area they take a larger share than they may."""
    tested = np.flatnonzero(~np.isnan(pairs.max_area_percent))
    edges = pairs.edges.taken(tested)
    area_px2 = np.pi / 4 * (edges.right - edges.left) * (edges.bottom - edges.top)
    different, group = np.unique(pairs.group[tested], return_inverse=True)
    share = np.bincount(group, weights=area_px2, minlength=len(different))[group]
    percent = 100 * share / _outline_areas(pairs)[pairs.place[tested]]
    over = percent - pairs.max_area_percent[tested] >= TIE_MM
    rows = tested[over]
    return _columns(
        pairs,
        rows,
        "area",
        fails=np.ones(len(rows), dtype=np.bool_),
        measured=percent[over],
        limit=pairs.max_area_percent[rows],
    )


def by_edge(pairs: Pairs) -> FindingColumns:
    """Fails a defect whose box comes nearer to its region's outline than it may."""
    tested = np.flatnonzero(~np.isnan(pairs.min_edge_mm))
    near, gap_mm = [np.empty(0, dtype=np.int64)], [np.empty(0)]
    for place in np.unique(pairs.place[tested]).tolist():
        outline = pairs.outlines[place]
        own = tested[pairs.place[tested] == place]
        if outline is None or not own.size:
            continue
        edges, scale = pairs.edges.taken(own), pairs.scale[own]
        reach_px = (pairs.min_edge_mm[own] - TIE_MM) * scale
        gap_px, close = outline.gaps_below(edges.left, edges.top, edges.right, edges.bottom, reach_px)
        near.append(own[close])
        gap_mm.append(gap_px / scale[close])
    rows = np.concatenate(near)
    return _columns(
        pairs,
        rows,
        "edge",
        fails=np.ones(len(rows), dtype=np.bool_),
        measured=np.concatenate(gap_mm),
        limit=pairs.min_edge_mm[rows],
    )


TESTS: tuple[Callable[[Pairs], FindingColumns], ...] = (by_area, by_count, by_density, by_edge, by_size)


def by_geometry(unusable: Integers) -> FindingColumns:
    """The findings of defects whose boxes cannot be judged, given by index."""
    nothing = np.full(len(unusable), np.nan)
    return FindingColumns(
        defect=unusable,
        place=np.full(len(unusable), -1),
        reason=np.full(len(unusable), GEOMETRY),
        fails=np.zeros(len(unusable), dtype=np.bool_),
        measured=nothing,
        limit=nothing,
        doubt_mm=nothing,
        gap_mm=nothing,
        proximity_mm=nothing,
    )


def _outline_areas(pairs: Pairs) -> Numbers:
    """px², shape (places,); NaN where there is no outline."""
    return np.array([np.nan if outline is None else outline.area_px2 for outline in pairs.outlines])


def _columns(pairs: Pairs, rows: Integers, reason: str, **columns: NDArray[Any]) -> FindingColumns:
    nothing = np.full(len(rows), np.nan)
    return FindingColumns(
        defect=pairs.defect[rows],
        place=pairs.place[rows],
        reason=np.full(len(rows), REASONS.index(reason)),
        **{"doubt_mm": nothing, "gap_mm": nothing, "proximity_mm": nothing, **columns},
    )
