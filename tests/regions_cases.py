"""Makes data/judge_cases.jsonl: `python -m tests.regions_cases`. Most cases hold exact ties.

The answers come from regions_reference, never from the judge.
"""

import json
import math
from pathlib import Path
from random import Random
from typing import Any

from tests.regions_reference import answer

CASES = Path(__file__).parent / "data" / "judge_cases.jsonl"
SCALES = (4, 7.3, 10, 11.968503937007874, 16.0, 25.4)
Case = dict[str, Any]


def make_case(random: Random) -> Case:
    side = random.choice((120, 400, 2000))
    scale = random.choice(SCALES)
    regions = [_region(random, n, side, scale) for n in range(random.choice((0, 1, 2, 2, 3, 5)))]
    corners = [vertex for region in regions for vertex in region["polygon"]]
    case = {
        "px_per_mm": scale,
        "uncertainty_px": random.choice((0, 0, 1, 1.5, 3)),
        "outside_regions": random.choice(("default", "default", "ignore")),
        "image": {"width": side, "height": random.choice((side, side, None))},
        "default": _rule(random, scale),
        "regions": regions,
        "defects": [_defect(random, n, side, corners) for n in range(1, random.choice((1, 6, 12, 24)) + 1)],
    }
    if random.random() < 0.1:
        case["judge_suppressed"] = True
    return {**case, "answer": answer(case)}


def _rule(random: Random, scale: float) -> Case:
    """Limits that whole numbers of px meet exactly, or miss by less or by more than 1e-9 mm."""

    def length(*pixels: float) -> float:
        return random.choice(pixels) / scale + random.choice((0, 0, 0, 0, 4e-10, -4e-10, 3e-9, -3e-9))

    return {
        "size_threshold": random.choice((None, length(6, 8, 10), length(10, 11.5, 13))),
        "density_threshold": random.choice((None, 1, 2, 2, 3, 3, 5)),
        "proximity_threshold": random.choice((None, 0, length(5, 10, 13), length(15, 20, 25))),
        "ignore_below_mm": random.choice((0, 0, length(2, 3), None)),
    }


def _region(random: Random, number: int, side: int, scale: float) -> Case:
    kind = random.choice(("inspect", "inspect", "inspect", "ignore"))
    return {
        "region_id": f"area {number}",
        "kind": kind,
        "active": random.random() < 0.9,
        **(_rule(random, scale) if kind == "inspect" else {}),
        "polygon": random.choice((_rectangle, _star))(random, side),
    }


def _rectangle(random: Random, side: int) -> list[Case]:
    left, right = sorted(random.sample(range(-side // 4, side * 5 // 4, 5), 2))
    top, bottom = sorted(random.sample(range(-side // 4, side * 5 // 4, 5), 2))
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    repeated = random.choice(([], corners[:1]))
    return [{"x": x, "y": y} for x, y in corners + repeated]


def _star(random: Random, side: int) -> list[Case]:
    x, y = random.uniform(0, side), random.uniform(0, side)
    turns = sorted(random.uniform(0, 2 * math.pi) for _ in range(random.randint(3, 9)))
    reach = [random.uniform(side / 10, side / 1.5) for _ in turns]
    places = [(x + r * math.cos(t), y + r * math.sin(t)) for t, r in zip(turns, reach, strict=True)]
    digits = random.choice((0, 1))
    return [{"x": round(px, digits), "y": round(py, digits)} for px, py in places]


def _defect(random: Random, number: int, side: int, corners: list[Case]) -> Case:
    width, height = random.choice((2, 3, 4, 6, 8, 10, 12)), random.choice((2, 3, 4, 6, 8, 10, 13))
    x: float = random.randrange(0, side, random.choice((1, 5, 10)))
    y: float = random.randrange(0, side, random.choice((1, 5, 10)))
    if corners and random.random() < 0.4:
        x, y = _on_outline(random, corners)
        x, y = x - width / 2, y - height / 2
    defect = {"id": number, "x": x, "y": y, "width": width, "height": height}
    if random.random() < 0.06:
        defect |= random.choice(
            (
                {"x": None},
                {"height": None},
                {"width": 0},
                {"height": -4},
                {"x": side},
                {"x": -width},
                {"y": side - 1},
            )
        )
    if random.random() < 0.05:
        defect["suppressed"] = True
    return defect


def _on_outline(random: Random, corners: list[Case]) -> tuple[float, float]:
    """A vertex, or the middle or a quarter of the way to the next one."""
    n = random.randrange(len(corners))
    one, two = corners[n], corners[(n + 1) % len(corners)]
    part = random.choice((0, 0.25, 0.5))
    return one["x"] + part * (two["x"] - one["x"]), one["y"] + part * (two["y"] - one["y"])


def main(count: int = 100, seed: int = 20) -> None:
    random = Random(seed)
    lines = [json.dumps(make_case(random)) for _ in range(count)]
    CASES.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
