"""The feed on a large plant without any index but its primary keys.

HMI_BENCH_IMAGES is the number of images, with three defects each; 5000000 is the goal, and takes a minute to
fill and 4 GB of disk. The same is measured with a tenth of the rows, tick by tick in turn.
"""

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from statistics import median, quantiles

from sqlalchemy import text

from hmi.demo.fill import fill
from hmi.plant.feed import Feed
from hmi.plant.past import PastReader
from tests.plants import VisionSystem, database, feed_settings
from tests.postgres import own_server

IMAGES = int(os.environ.get("HMI_BENCH_IMAGES", "500000"))
TICKS = 60  # half a minute of ticks: the tail is full in the end
Report = Callable[[str, float, str, str], None]


def run(report: Report) -> None:
    sizes = {"shared_buffers": "512MB", "max_wal_size": "4GB", "wal_level": "replica"}
    with own_server(in_memory=False, **sizes) as server, ExitStack() as stack:
        urls = [stack.enter_context(server.database()) for _ in range(2)]
        small = stack.enter_context(_Plant(urls[0], IMAGES // 10))
        large = stack.enter_context(_Plant(urls[1], IMAGES))
        size = f"{IMAGES:,} images, {3 * IMAGES:,} defects"
        report(f"feed: first tick, {size}", _ms(large.feed.tick), "ms", "≤ 900 ms")
        small.feed.tick()
        quiet = [_ms(large.feed.tick) for _ in range(TICKS)]
        report(f"feed: tick without news, {size}", median(quiet), "ms", "≤ 50 ms")
        busy = [(small.busy_tick_ms(), large.busy_tick_ms()) for _ in range(TICKS)]
        of_small, of_large = zip(*busy, strict=True)
        report(f"feed: tick with a new part, median, {size}", median(of_large), "ms", "≤ 50 ms")
        report(f"feed: tick with a new part, p95, {size}", quantiles(of_large, n=20)[-1], "ms", "≤ 50 ms")
        more = 100 * (median(of_large) / median(of_small) - 1)
        report("feed: tick with a new part, against a tenth of the rows", more, "% more", "within ±20 %")
        large.make_gaps(5_000)
        crowded = [_ms(large.feed.tick) for _ in range(10)]
        report(f"feed: tick with 5,000 gaps and a tail of 5,000, {size}", median(crowded), "ms", "≤ 250 ms")
        report(f"feed: 20 parts of the past, {size}", large.past_ms(), "ms", "≤ 1000 ms")


class _Plant:
    """A plant of this size, and a feed of it."""

    def __init__(self, url: str, images: int) -> None:
        fill(url, triggers=images // 5, cameras=5, defects_per_image=3)
        self._middle = images // 10
        self._vision = VisionSystem(url)
        self._vision.add_cameras()
        self._database = database(url)
        self.feed = Feed(self._database, feed_settings())

    def __enter__(self) -> "_Plant":
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def busy_tick_ms(self) -> float:
        self._vision.part(defects=3)
        return _ms(self.feed.tick)

    def make_gaps(self, gaps: int) -> None:
        sql = """INSERT INTO "Defects" (id, image) SELECT last + 2 * n, image
        FROM (SELECT max(id) AS last, max(image) AS image FROM "Defects") d, generate_series(1, :gaps) n"""
        with self._vision.writing() as connection:
            connection.execute(text(sql), {"gaps": gaps})
        self.feed.tick()

    def past_ms(self) -> float:
        before = self.feed.tick().position["tables"]["Triggers"]["high"] - self._middle
        reader = PastReader(self._database, feed_settings())
        return median(_ms(lambda: reader.read(before, 20)) for _ in range(5))


def _ms(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return 1000 * (time.perf_counter() - began)
