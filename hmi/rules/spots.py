"""Where defects lie: dots over the image, places that have one on many parts, and how large they are."""

import math
from collections.abc import Sequence

import numpy as np

import regions
from hmi import spots
from hmi.judging.rulebook import Rulebook
from hmi.rules.recent import Recent
from hmi.rules.shapes import JsonObject
from regions.boxes import Flags, Integers, Numbers

MOST_DOTS = 2_000
MARGIN_PX = 4
CORNERS = 8
STATES = {"pass": 0, "fail": 1, "review": 2, "ignored": 3}
BINS = 40
STEPS_MM = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


def found_in(recent: Recent, camera: str, book: Rulebook) -> JsonObject:
    """Dots (newest first, at most MOST_DOTS), recurring spots and sizes of these images, by these rules."""
    usable = _usable(recent)
    states = _states(recent, camera, book)
    shown = np.flatnonzero(usable)[:MOST_DOTS]
    boxes = recent.boxes
    x, y = boxes.x + boxes.width / 2, boxes.y + boxes.height / 2
    long_px = np.maximum(boxes.width, boxes.height)
    columns = (x[shown].tolist(), y[shown].tolist(), long_px[shown].tolist(), states[shown].tolist())
    return {
        "parts": len(recent.shots),
        "defects": recent.defects,
        "dots": [list(dot) for dot in zip(*columns, strict=True)],
        "spots": _spots(recent, usable, x, y, long_px),
        "histogram": _histogram(long_px[usable], book.px_per_mm(camera)),
    }


def _spots(recent: Recent, usable: Flags, x: Numbers, y: Numbers, long_px: Numbers) -> list[JsonObject]:
    """Places that have a defect on many parts, each with an outline that holds all its boxes."""
    kept = np.flatnonzero(usable)
    numbers = spots.parts_of(shot.serial for shot in recent.shots)
    part = np.repeat(numbers, np.diff(recent.starts))
    found = []
    for spot in spots.recurring(x[kept], y[kept], part[kept], len(set(numbers.tolist()))):
        own = kept[spot.own]
        reach = np.hypot(x[own] - spot.x, y[own] - spot.y) + long_px[own] / 2
        radius = float(reach.max()) + MARGIN_PX
        found.append(
            {
                "x": spot.x,
                "y": spot.y,
                "radius_px": round(radius, 1),
                "count": len(own),
                "parts": spot.parts,
                "share": spot.share,
                "polygon": [list(corner) for corner in _around((spot.x, spot.y), radius, recent)],
            }
        )
    return found


def _around(middle: tuple[float, float], radius: float, recent: Recent) -> tuple[tuple[float, float], ...]:
    """A polygon around the circle, cut at the edges of the image where its size is known."""
    sized = next((shot for shot in recent.shots if shot.width and shot.height), None)
    width, height = (sized.width, sized.height) if sized else (None, None)
    reach = radius / math.cos(math.pi / CORNERS)
    turns = [2 * math.pi * (n + 0.5) / CORNERS for n in range(CORNERS)]
    return tuple(
        (
            _within(middle[0] + reach * math.cos(turn), width),
            _within(middle[1] + reach * math.sin(turn), height),
        )
        for turn in turns
    )


def _within(value: float, most: int | None) -> float:
    return round(min(max(value, 0.0), float(most) if most else math.inf), 1)


def _states(recent: Recent, camera: str, book: Rulebook) -> Integers:
    """By defect, of STATES."""
    found = regions.judge_batch(recent.batch(camera, book)).sheet
    states = np.zeros(recent.defects, dtype=np.int64)
    states[found.ignored | found.suppressed] = STATES["ignored"]
    states[found.review] = STATES["review"]
    states[found.reason_bits > 0] = STATES["fail"]
    return states


def _usable(recent: Recent) -> Flags:
    """Those that have a place and a size."""
    boxes = recent.boxes
    sides: Sequence[Numbers] = (boxes.x, boxes.y, boxes.width, boxes.height)
    known = np.logical_and.reduce([np.isfinite(side) for side in sides])
    return known & (boxes.width > 0) & (boxes.height > 0)


def _histogram(long_px: Numbers, px_per_mm: float | None) -> JsonObject:
    """Sizes in mm, in bins of a round width; empty where the camera has no scale."""
    if not px_per_mm or px_per_mm <= 0 or not len(long_px):
        return {"bins_mm": [], "counts": []}
    sizes = long_px / px_per_mm
    most = float(np.percentile(sizes, 99.5))
    step = next((step for step in STEPS_MM if most / step <= BINS), STEPS_MM[-1])
    edges = np.arange(min(BINS, math.ceil(most / step) or 1) + 1) * step
    counts, _ = np.histogram(np.minimum(sizes, edges[-1]), edges)
    return {"bins_mm": [round(edge, 2) for edge in edges.tolist()], "counts": counts.tolist()}
