"""Clusters of boxes: which hang together by gaps no wider than their reach."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Edges:
    """Boxes by their edges, each array of shape (n,), in any one unit."""

    left: Numbers
    right: Numbers
    top: Numbers
    bottom: Numbers

    def taken(self, order: Integers) -> "Edges":
        return Edges(self.left[order], self.right[order], self.top[order], self.bottom[order])


@dataclass(frozen=True, eq=False)
class Clusters:
    """For each box, shape (n,): how many its cluster has, and the widest gap among the cluster's links
    (NaN for a box that is alone), in the unit of the edges."""

    size: Integers
    widest: Numbers


def find_clusters(group: Integers, edges: Edges, reach: Numbers) -> Clusters:
    """Link boxes of the same group whose gap is below their `reach` (equal within a group), transitively.

    `group` and `reach` have shape (n,). Time grows with the pairs that overlap in x when widened by their
    reach; memory only with n, however dense the boxes lie.
    """
    order = np.lexsort((edges.left, group))
    label, widest = _linked(group[order], edges.taken(order), reach[order])
    size = np.bincount(label, minlength=len(order))
    widest_of_cluster = np.full(len(order), -np.inf)
    np.maximum.at(widest_of_cluster, label, widest)
    widest_of_cluster[np.isneginf(widest_of_cluster)] = np.nan
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return Clusters(size=size[label][back], widest=widest_of_cluster[label][back])


def _linked(group: Integers, edges: Edges, reach: Numbers) -> tuple[Integers, Numbers]:
    """For boxes sorted by group and left edge: the cluster's label, and each box's widest link to the right.

    Each round looks at every box and the one `step` further to the right, for as long as any of those are
    near enough in x. So no more than n pairs are held at a time.
    """
    count = len(group)
    label, widest = np.arange(count), np.full(count, -np.inf)
    group_end = np.searchsorted(group, group, side="right")
    limit = edges.right + reach
    box, step = np.arange(count), 1
    while box.size:
        box = box[box + step < group_end[box]]
        box = box[edges.left[box + step] <= limit[box]]
        one, two = _as_slice(box), _as_slice(box + step)
        gap = _gap(edges, one, two)
        near = np.flatnonzero(gap < reach[one])
        one, two = _as_slice(box[near]), _as_slice(box[near] + step)
        widest[one] = np.maximum(widest[one], gap[near])
        apart = label[one] != label[two]
        if apart.any():
            _join(label, box[near][apart], box[near][apart] + step)
        step += 1
    return label, widest


def _as_slice(index: Integers) -> Integers | slice:
    """Ascending indexes as a slice where they have no holes: dense boxes are then read without copies."""
    if index.size and index[-1] - index[0] == index.size - 1:
        return slice(int(index[0]), int(index[-1]) + 1)
    return index


def _gap(edges: Edges, box: Integers | slice, other: Integers | slice) -> Numbers:
    """The gap from edge to edge, where `other` begins no further left than `box`."""
    across = np.maximum(edges.left[other] - edges.right[box], 0)
    down = np.maximum(edges.top[other] - edges.bottom[box], edges.top[box] - edges.bottom[other])
    down = np.maximum(down, 0)
    return np.sqrt(across * across + down * down)


def _join(label: Integers, one: Integers, two: Integers) -> None:
    """Give linked boxes one label, in place: the least index of their cluster."""
    while one.size:
        first, second = label[one], label[two]
        apart = first != second
        one, two, first, second = one[apart], two[apart], first[apart], second[apart]
        np.minimum.at(label, np.maximum(first, second), np.minimum(first, second))
        _flatten(label)


def _flatten(label: Integers) -> None:
    while True:
        shorter = label[label]
        if np.array_equal(shorter, label):
            return
        label[:] = shorter
