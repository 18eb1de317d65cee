"""A second judge, slow and exact, written from the rules alone: fractions and plain loops, no numpy.

Numbers are taken as the exact value of their float; a difference below 1e-9 mm is equality.
"""

import math
from fractions import Fraction
from typing import Any

TIE = Fraction(1, 10**9)
Case = dict[str, Any]


def answer(case: Case) -> Case:
    """The answer to a case with a scale and limits that can be judged by."""
    scale = Fraction(case["px_per_mm"])
    boxes = {n: _box(defect) for n, defect in enumerate(case["defects"]) if not _left_out(case, defect)}
    usable = {n: box for n, box in boxes.items() if box and _in_image(box, case["image"], scale)}
    regions = [region for region in case["regions"] if region["active"]]
    held = {n: [r for r in regions if _holds(r["polygon"], _centre(box), scale)] for n, box in usable.items()}
    ignored = {n for n in usable if any(region["kind"] == "ignore" for region in held[n])}
    fails: dict[int, set[str]] = {n: set() for n in range(len(case["defects"]))}
    doubt, confidences = Fraction(case["uncertainty_px"]), [_confidence(d) for d in case["defects"]]
    review = {n for n in boxes if n not in usable}
    for rule, members in _rules(case, regions, held, ignored):
        _apply(rule, {n: usable[n] for n in members}, scale, doubt, fails, review, confidences)
    defects = [
        {
            "id": defect["id"],
            "ignored": n in ignored,
            "reasons": sorted(fails[n]),
            "review": n in review and not fails[n],
        }
        for n, defect in enumerate(case["defects"])
    ]
    failed, doubtful = any(fails.values()), any(defect["review"] for defect in defects)
    return {"verdict": "fail" if failed else "review" if doubtful else "pass", "defects": defects}


def _left_out(case: Case, defect: Case) -> bool:
    return defect.get("suppressed", False) and not case.get("judge_suppressed", False)


def _box(defect: Case) -> tuple[Fraction, ...] | None:
    sides = [defect[name] for name in ("x", "y", "width", "height")]
    if any(side is None or not math.isfinite(side) for side in sides) or min(sides[2:]) <= 0:
        return None
    return tuple(Fraction(side) for side in sides)


def _in_image(box: tuple[Fraction, ...], image: Case, scale: Fraction) -> bool:
    for start, length, available in ((box[0], box[2], image["width"]), (box[1], box[3], image["height"])):
        if (start + length) / scale < TIE:
            return False
        if available and (start - available) / scale > -TIE:
            return False
    return True


def _confidence(defect: Case) -> Fraction:
    said = defect.get("confidence")
    return Fraction(1 if said is None or not math.isfinite(said) else said)


def _centre(box: tuple[Fraction, ...]) -> tuple[Fraction, Fraction]:
    return box[0] + box[2] / 2, box[1] + box[3] / 2


def _holds(polygon: list[Case], point: tuple[Fraction, Fraction], scale: Fraction) -> bool:
    corners = [(Fraction(vertex["x"]), Fraction(vertex["y"])) for vertex in polygon]
    edges = list(zip(corners, corners[1:] + corners[:1], strict=True))
    if any(_distance_squared(point, edge) < (TIE * scale) ** 2 for edge in edges):
        return True
    return sum(_right_of(point, edge) for edge in edges) % 2 == 1


def _distance_squared(point: tuple[Fraction, Fraction], edge: Any) -> Fraction:
    (x, y), ((x1, y1), (x2, y2)) = point, edge
    length = (x2 - x1) ** 2 + (y2 - y1) ** 2
    along = ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length if length else Fraction(0)
    along = min(max(along, Fraction(0)), Fraction(1))
    return (x1 + along * (x2 - x1) - x) ** 2 + (y1 + along * (y2 - y1) - y) ** 2


def _right_of(point: tuple[Fraction, Fraction], edge: Any) -> bool:
    """Does a ray from the point to the right meet the edge?"""
    (x, y), ((x1, y1), (x2, y2)) = point, edge
    if (y1 > y) == (y2 > y):
        return False
    return bool(x1 + (y - y1) * (x2 - x1) / (y2 - y1) > x)


def _rules(case: Case, regions: list[Case], held: dict[int, list[Case]], ignored: set[int]) -> Any:
    judged = [n for n in held if n not in ignored]
    inspects = [region for region in regions if region["kind"] == "inspect"]
    for region in inspects:
        yield region, [n for n in judged if any(each is region for each in held[n])]
    if case["outside_regions"] == "default" or not inspects:
        yield case["default"], [n for n in judged if not any(r["kind"] == "inspect" for r in held[n])]


def _apply(
    rule: Case,
    boxes: dict[int, tuple[Fraction, ...]],
    scale: Fraction,
    doubt: Fraction,
    fails: dict[int, set[str]],
    review: set[int],
    confidences: list[Fraction],
) -> None:
    least = Fraction(rule["ignore_below_mm"] or 0)
    sure = Fraction(rule.get("min_confidence") or 0)
    boxes = {
        n: box
        for n, box in boxes.items()
        if max(box[2:]) / scale - least > -TIE and confidences[n] - sure > -TIE
    }
    if rule["size_threshold"] is not None:
        limit = Fraction(rule["size_threshold"])
        for n, box in boxes.items():
            if (max(box[2:]) - doubt) / scale - limit > -TIE:
                fails[n].add("size")
            elif (max(box[2:]) + doubt) / scale - limit > -TIE:
                review.add(n)
    _apply_further(rule, boxes, scale, fails)
    if rule["density_threshold"] is not None and rule["proximity_threshold"] is not None:
        for cluster in _clusters(boxes, (Fraction(rule["proximity_threshold"]) + TIE) * scale):
            if len(cluster) >= rule["density_threshold"]:
                for n in cluster:
                    fails[n].add("density")


def _apply_further(
    rule: Case, boxes: dict[int, tuple[Fraction, ...]], scale: Fraction, fails: dict[int, set[str]]
) -> None:
    most, share, least = (rule.get(name) for name in ("max_count", "max_area_percent", "min_edge_mm"))
    if most is not None and len(boxes) > most:
        for n in boxes:
            fails[n].add("count")
    if share is not None:
        taken = sum((Fraction(math.pi) / 4 * box[2] * box[3] for box in boxes.values()), Fraction(0))
        area = _area(rule["polygon"])
        if (taken > 0 and area == 0) or (area and 100 * taken / area - Fraction(share) >= TIE):
            for n in boxes:
                fails[n].add("area")
    if least is not None:
        below = (Fraction(least) - TIE) * scale
        for n, box in boxes.items():
            if below >= 0 and _to_outline_squared(box, rule["polygon"]) <= below**2:
                fails[n].add("edge")


def _area(polygon: list[Case]) -> Fraction:
    corners = [(Fraction(vertex["x"]), Fraction(vertex["y"])) for vertex in polygon]
    turned = zip(corners, corners[1:] + corners[:1], strict=True)
    return abs(sum((x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in turned), Fraction(0))) / 2


def _to_outline_squared(box: tuple[Fraction, ...], polygon: list[Case]) -> Fraction:
    """The square of the gap between the box and the nearest edge."""
    corners = [(Fraction(vertex["x"]), Fraction(vertex["y"])) for vertex in polygon]
    edges = zip(corners, corners[1:] + corners[:1], strict=True)
    return min(_box_to_edge_squared(box, edge) for edge in edges)


def _box_to_edge_squared(box: tuple[Fraction, ...], edge: Any) -> Fraction:
    left, top, right, bottom = box[0], box[1], box[0] + box[2], box[1] + box[3]
    if _meets(left, top, right, bottom, edge):
        return Fraction(0)
    corners = [(x, y) for x in (left, right) for y in (top, bottom)]
    to_edge = [_distance_squared(corner, edge) for corner in corners]
    to_box = [max(left - x, 0, x - right) ** 2 + max(top - y, 0, y - bottom) ** 2 for x, y in edge]
    return Fraction(min(*to_edge, *to_box))


def _meets(left: Fraction, top: Fraction, right: Fraction, bottom: Fraction, edge: Any) -> bool:
    """Is some of the edge in the box? It is cut back to the box, side by side."""
    (x1, y1), (x2, y2) = edge
    begin, end = Fraction(0), Fraction(1)
    for start, way, low, high in ((x1, x2 - x1, left, right), (y1, y2 - y1, top, bottom)):
        if way == 0:
            if not low <= start <= high:
                return False
            continue
        enters, leaves = sorted(((low - start) / way, (high - start) / way))
        begin, end = max(begin, enters), min(end, leaves)
    return begin <= end


def _clusters(boxes: dict[int, tuple[Fraction, ...]], below: Fraction) -> list[set[int]]:
    left, clusters = set(boxes), []
    while left:
        cluster, fresh = set(), {left.pop()}
        while fresh:
            n = fresh.pop()
            cluster.add(n)
            near = {m for m in left if _gap_squared(boxes[n], boxes[m]) < below**2}
            left -= near
            fresh |= near
        clusters.append(cluster)
    return clusters


def _gap_squared(one: tuple[Fraction, ...], two: tuple[Fraction, ...]) -> Fraction:
    (cx1, cy1), (cx2, cy2) = _centre(one), _centre(two)
    across = max(Fraction(0), abs(cx1 - cx2) - (one[2] + two[2]) / 2)
    down = max(Fraction(0), abs(cy1 - cy2) - (one[3] + two[3]) / 2)
    return across**2 + down**2
