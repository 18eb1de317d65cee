"""Polygons in px of the full image: which points they hold, where their edges cross."""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

Vertices = Sequence[tuple[float, float]]


class Outline:
    """One polygon, prepared once to be asked about many points, from any thread.

    Crossing edges are refused when a region is saved. Where a polygon has them all the same, a point is
    inside when a ray from it meets the outline an odd number of times.
    """

    def __init__(self, vertices: Vertices) -> None:
        self._polygon = shapely.Polygon(vertices)
        shapely.prepare(self._polygon)
        self._ring = self._polygon.exterior
        shapely.prepare(self._ring)
        self._left, self._top, self._right, self._bottom = self._polygon.bounds
        self._build_indexes()

    def holding(self, x: NDArray[np.float64], y: NDArray[np.float64], tie_px: float) -> NDArray[np.intp]:
        """Indexes of the points inside or within `tie_px` of the outline; px, shape (n,).

        Geometries are made only of the few that lie near it and not inside: making one takes longer than
        the question.
        """
        across = (x >= self._left - tie_px) & (x <= self._right + tie_px)
        close = np.flatnonzero(across & (y >= self._top - tie_px) & (y <= self._bottom + tie_px))
        held = shapely.intersects_xy(self._polygon, x[close], y[close])
        rest = close[~held]
        held[~held] = shapely.dwithin(self._polygon, shapely.points(x[rest], y[rest]), tie_px)
        return close[held]

    @property
    def area_px2(self) -> float:
        return float(self._polygon.area)

    def gaps_below(
        self,
        left: NDArray[np.float64],
        top: NDArray[np.float64],
        right: NDArray[np.float64],
        bottom: NDArray[np.float64],
        reach_px: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Of boxes, shape (n,), the gap to the outline in px where it is at most `reach_px`, and which those
        are. A box that meets the outline has the gap 0; a negative reach finds none."""
        boxes = shapely.box(left, top, right, bottom)
        close = np.flatnonzero(shapely.dwithin(self._ring, boxes, reach_px) & (reach_px >= 0))
        return shapely.distance(self._ring, boxes[close]), close

    def _build_indexes(self) -> None:
        # GEOS builds its search trees at the first question, without a lock.
        middle = shapely.Point((self._left + self._right) / 2, (self._top + self._bottom) / 2)
        beside = shapely.Point(self._right + 1, self._bottom + 1)
        for shape in (self._polygon, self._ring):
            shapely.dwithin(shape, np.array([middle, beside]), 0.5)


def distinct(vertices: Vertices) -> tuple[tuple[float, float], ...]:
    """The vertices without consecutive equal ones and without a repeated first one at the end."""
    kept: list[tuple[float, float]] = []
    for vertex in vertices:
        if not kept or vertex != kept[-1]:
            kept.append(vertex)
    while len(kept) > 1 and kept[-1] == kept[0]:
        kept.pop()
    return tuple(kept)


def area_px2(vertices: Vertices) -> float:
    """The area enclosed, in px²; meaningful where no edges cross."""
    return float(shapely.Polygon(vertices).area)


def crossing_edges(vertices: Vertices, most: int = 10) -> list[tuple[int, int]]:
    """Up to `most` pairs of edges (n, m), n < m, that cross, touch or lie upon each other.

    Edge n runs from vertex n to the next. Neighbours share a vertex and count only if they fold back.
    `vertices` are distinct in the sense of `distinct`.
    """
    corners = np.asarray(vertices, dtype=np.float64)
    count = len(corners)
    ends = np.roll(corners, -1, axis=0)
    edges = shapely.linestrings(np.stack([corners, ends], axis=1))
    first, second = shapely.STRtree(edges).query(edges, predicate="intersects")
    each_once = first < second
    first, second = first[each_once], second[each_once]
    neighbours = (second - first == 1) | (second - first == count - 1)
    overlap = shapely.intersection(edges[first[neighbours]], edges[second[neighbours]])
    wrong = ~neighbours
    wrong[neighbours] = shapely.length(overlap) > 0
    return sorted(zip(first[wrong].tolist(), second[wrong].tolist(), strict=True))[:most]
