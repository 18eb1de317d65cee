"""The server's memory, threads and files over time: the demo plant at a part every 5 s, five kiosks looking.

HMI_BENCH_MINUTES is for how long, 5 by default. Only the server's process is looked at: the demo plant, which
makes the pictures, is another. Pictures that are being made take 20 MB and give them back, so that growth is
seen from below: the last 80 % of the time are cut into twelve pieces, and what a tenth of the looks of each
piece are below is its low. The slope is that of a straight line through the lows; it says something after an
hour, and has a target only then.
"""

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tests.bench.kiosks import Kiosks
from tests.bench.watching import Sample, Watch, as_shipped, server_process
from tests.servers import Server
from tests.waiting import until

MINUTES = float(os.environ.get("HMI_BENCH_MINUTES", "5"))
PERIOD_S, KIOSKS = 5, 5
LAST, PIECES, LOW = 0.8, 12, 10
Report = Callable[[str, float, str, str], None]


def run(report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix="hmi-bench-") as name:
        folder = Path(name)
        demo = {"folder": str(folder / "demo"), "period_s": PERIOD_S}
        with (
            Server(folder / "server", "", demo=demo, **as_shipped(folder)) as server,
            Kiosks(server.port, KIOSKS) as kiosks,
            Watch(server_process()) as watch,
        ):
            until(lambda: server.poll().is_fresh)
            _wait(server, 60 * MINUTES)
        parts = max(len({sight.serial for sight in kiosk.seen}) for kiosk in kiosks)
    last = watch.samples[-int(LAST * len(watch.samples)) :]
    length = f"{MINUTES:g} min, {parts} parts"
    report(f"memory: most, {length}", watch.max_rss_mb, "MB", "≤ 300 MB")
    at_h, low_mb = lows(last, PIECES)
    for number, quarter in enumerate(np.array_split(low_mb, 4), start=1):
        report(f"memory: low of the last 80 %, quarter {number}", float(np.median(quarter)), "MB", "")
    slope = float(np.polyfit(at_h, low_mb, 1)[0])
    report("memory: slope of the lows", slope, "MB/h", "≤ 1 MB/h" if MINUTES >= 60 else "")
    report("memory: threads more than at first", last[-1].threads - last[0].threads, "", "")
    report("memory: threads, most", max(sample.threads for sample in watch.samples), "", "")
    report("memory: files more than at first", last[-1].files - last[0].files, "", "")
    report("memory: files, most", max(sample.files for sample in watch.samples), "", "")
    report("memory: server's CPU, share of one core", 100 * watch.cpu_share, "%", "")


def _wait(server: Server, seconds: float) -> None:
    """Let it run; raises AssertionError with its log if it ends meanwhile."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(min(5.0, max(0.0, end - time.monotonic())))
        assert server.is_alive(), "the server does not answer"


def lows(samples: Sequence[Sample], number: int) -> tuple[np.ndarray, np.ndarray]:
    """Of each of so many pieces: its middle (h) and its low (MB)."""
    pieces = np.array_split(np.array([(sample.at_s / 3600, sample.rss_mb) for sample in samples]), number)
    at_h = np.array([piece[:, 0].mean() for piece in pieces])
    return at_h, np.array([np.percentile(piece[:, 1], LOW) for piece in pieces])
