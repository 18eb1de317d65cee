"""The server's memory over hours of a line, at ten times its pace: small pictures, five kiosks looking.

HMI_BENCH_AGED is the number of parts, 500 by default; 5,000 are seven hours of a line. A process settles for
an hour or two: what lives on is spread over the memory of what came and went, until as many places become
free as are taken. So the second half is what counts, by a straight line through its lows; see
tests.bench.memory.
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.bench.hurried import hurried
from tests.bench.kiosks import Kiosks
from tests.bench.memory import KIOSKS, lows
from tests.bench.watching import Watch, as_shipped, server_process
from tests.browser.floors import Floor

PARTS = int(os.environ.get("HMI_BENCH_AGED", "500"))
PERIOD_S, AN_HOUR, ENOUGH = 0.4, 720, 5_000
PIECES = 10
Report = Callable[[str, float, str, str], None]


def run(report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix="hmi-bench-") as name:
        folder = Path(name)
        floor = Floor(folder / "floor", **as_shipped(folder))
        try:
            with (
                Kiosks(floor.server.port, KIOSKS),
                Watch(server_process()) as watch,
                hurried(floor, PERIOD_S) as written,
            ):
                while len(written) < PARTS:
                    time.sleep(1)
                    assert floor.server.is_alive(), "the server does not answer"
                parts = len(written)
        finally:
            floor.close()
    at_h, low_mb = lows(watch.samples, PIECES)
    report(f"ageing: most, {parts} parts", watch.max_rss_mb, "MB", "≤ 300 MB")
    for number, fifth in enumerate(np.array_split(low_mb, 5), start=1):
        report(f"ageing: low, fifth {number}", float(np.median(fifth)), "MB", "")
    slope = float(np.polyfit(at_h[PIECES // 2 :], low_mb[PIECES // 2 :], 1)[0])
    took_h = (watch.samples[-1].at_s - watch.samples[0].at_s) / 3600
    of_line = slope * took_h * AN_HOUR / parts
    target = "≤ 1 MB/h" if parts >= ENOUGH else ""
    report("ageing: slope of the lows of the second half, by the line's hours", of_line, "MB/h", target)
