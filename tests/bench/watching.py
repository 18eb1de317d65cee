"""The server as it is shipped, and what its process takes: memory, CPU, threads, files."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psutil

from hmi.settings import load_settings
from tests.servers import QUICK

MEGABYTE = 1_000_000


def as_shipped(folder: Path) -> dict[str, dict[str, Any]]:
    """Sections for tests.servers.Server that undo its short times, with a log file as by default."""
    defaults = load_settings(environment={})
    sections = {
        name: {key: getattr(getattr(defaults, name), key) for key in keys} for name, keys in QUICK.items()
    }
    sections["logging"]["file"] = str(folder / "hmi.log")
    return sections


def server_process() -> psutil.Process:
    """The server that this process has started; not the launcher that it may run under on Windows."""
    children = psutil.Process().children(recursive=True)
    servers = [child for child in children if "wsgi.py" in child.cmdline()]
    return max(servers, key=lambda child: child.create_time())


def cpu_s(process: psutil.Process) -> float:
    """Seconds of CPU that the process has taken, without its children."""
    times = process.cpu_times()
    return float(times.user + times.system)


@dataclass(frozen=True)
class Sample:
    at_s: float  # monotonic
    rss_mb: float
    threads: int
    files: int  # descriptors; on Windows handles


class Watch:
    """Looks at a process every `every_s` for as long as the block lasts."""

    def __init__(self, process: psutil.Process, every_s: float = 1.0) -> None:
        self._process = process
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self.samples: list[Sample] = []
        self.cpu_share = 0.0  # of one core

    def __enter__(self) -> Self:
        self._began_s, self._cpu_s = time.monotonic(), cpu_s(self._process)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(5)
        if self._process.is_running():
            self.cpu_share = (cpu_s(self._process) - self._cpu_s) / (time.monotonic() - self._began_s)

    @property
    def max_rss_mb(self) -> float:
        return max(sample.rss_mb for sample in self.samples)

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            try:
                self.samples.append(self._sample())
            except psutil.NoSuchProcess:
                return

    def _sample(self) -> Sample:
        process = self._process
        files = process.num_fds() if psutil.POSIX else process.num_handles()
        rss_mb = process.memory_info().rss / MEGABYTE
        return Sample(time.monotonic(), rss_mb, process.num_threads(), files)


@contextmanager
def watched_memory() -> Iterator[list[int]]:
    """How much memory this process takes at most beyond what it had, bytes; it is filled in meanwhile."""
    process, done, most = psutil.Process(), threading.Event(), [0]
    before = process.memory_info().rss

    def watch() -> None:
        while not done.wait(0.05):
            most[0] = max(most[0], process.memory_info().rss - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield most
    finally:
        done.set()
        watcher.join()
