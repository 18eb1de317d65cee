"""How long the judge takes: many images, scattered and clustered defects, and one very dense image."""

import math
import time
import tracemalloc
from collections.abc import Callable, Sequence

import numpy as np

from regions import Boxes, CameraRules, ImageToJudge, Judgement, Region, Rule, judge

IMAGES, DEFECTS, SIDE_PX = 10_000, 100_000, 5120
DENSE = 11_000


def run(report: Callable[[str, float, str, str], None]) -> None:
    random = np.random.default_rng(11)
    cameras = [_camera(random) for _ in range(5)]
    for name, boxes, target in (
        ("scattered", _scattered(random), "<= 1"),
        ("clustered", _clustered(random), "<= 0.8"),
    ):
        images = [ImageToJudge(cameras[n % 5], SIDE_PX, SIDE_PX, each) for n, each in enumerate(boxes)]
        report(f"judge 10,000 images, 100,000 {name} defects", _seconds(lambda: judge(images)), "s", target)  # noqa: B023
        judged = judge(images)
        report(f"findings of the {name} defects", _seconds(lambda: _all_findings(judged), 1), "s", target)  # noqa: B023
    for name, side_px in (("over the image", SIDE_PX), ("in 512 px", 512), ("on one spot", 1)):
        image = _dense(random, side_px)
        report(f"judge 11,000 defects {name}", _seconds(lambda: judge([image])), "s", "<= 2")  # noqa: B023
        report(f"peak memory of 11,000 defects {name}", _peak_mb([image]), "MB", "<= 100")


def _camera(random: np.random.Generator) -> CameraRules:
    rule = Rule(1.5, 3, 2.0, 0.42)
    regions = tuple(
        Region(f"R{n}", "ignore" if n == 0 else "inspect", _polygon(random), None if n == 0 else rule)
        for n in range(5)
    )
    return CameraRules(95 / 7.9375, 1, "default", rule, regions)


def _polygon(random: np.random.Generator) -> tuple[tuple[float, float], ...]:
    centre, radius = random.uniform(1000, 4000, 2), random.uniform(400, 1500)
    return tuple(
        (centre[0] + radius * math.cos(n * math.pi / 5), centre[1] + radius * math.sin(n * math.pi / 5))
        for n in range(10)
    )


def _boxes(centres: np.ndarray, random: np.random.Generator) -> Boxes:
    count = len(centres)
    sides = random.integers(5, 26, (2, count)).astype(np.float64)
    return Boxes(
        id=np.arange(count),
        x=centres[:, 0].round(),
        y=centres[:, 1].round(),
        width=sides[0],
        height=sides[1],
        confidence=np.full(count, np.nan),
        suppressed=np.zeros(count, dtype=np.bool_),
    )


def _scattered(random: np.random.Generator) -> list[Boxes]:
    counts = random.multinomial(DEFECTS, np.full(IMAGES, 1 / IMAGES))
    return [_boxes(random.uniform(0, SIDE_PX, (count, 2)), random) for count in counts]


def _clustered(random: np.random.Generator) -> list[Boxes]:
    counts = random.multinomial(DEFECTS, np.full(IMAGES, 1 / IMAGES))
    return [
        _boxes(random.uniform(500, 4500, 2) + random.normal(0, 60, (count, 2)), random) for count in counts
    ]


def _dense(random: np.random.Generator, side_px: int) -> ImageToJudge:
    rules = CameraRules(95 / 7.9375, 1, "default", Rule(1.5, 3, 2.0, 0.42), ())
    return ImageToJudge(rules, SIDE_PX, SIDE_PX, _boxes(random.uniform(0, side_px, (DENSE, 2)), random))


def _all_findings(judged: Sequence[Judgement]) -> int:
    return sum(len(judgement.findings) for judgement in judged)


def _seconds(work: Callable[[], object], times: int = 3) -> float:
    best = math.inf
    for _ in range(times):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def _peak_mb(images: list[ImageToJudge]) -> float:
    tracemalloc.start()
    try:
        judge(images)
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()
