"""Looks for the files of images whose rows have just come until they are whole, then for new contents."""

import heapq
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import CancelledError
from functools import partial

from hmi.pictures.watches import FileSeen, Finding, Pace, Watch
from hmi.plant.files.lanes import Lanes

__all__ = ["Arrivals", "FileSeen"]

log = logging.getLogger(__name__)


class Arrivals:
    """`look(watch)` finds out about a file, on the threads of `lanes`. Safe to use from many threads."""

    def __init__(self, look: Callable[[Watch], Finding], lanes: Lanes, pace: Pace) -> None:
        self._look = look
        self._lanes = lanes
        self._pace = pace
        self._changed = threading.Condition()
        self._newest = 0
        self._watches: dict[str, Watch] = {}
        self._due: list[tuple[float, int, Watch]] = []
        self._ready: defaultdict[int, list[tuple[int, Watch]]] = defaultdict(list)
        self._looking: defaultdict[int, int] = defaultdict(int)
        self._news: dict[str, FileSeen] = {}
        self._thread: threading.Thread | None = None
        self._closed = False
        self.on_seen: Callable[[], None] = lambda: None

    def add(self, image: str, path: str, lane: int) -> None:
        """Look at once, and again until `remove`. The same image with the same path changes nothing."""
        with self._changed:
            known = self._watches.get(image)
            if self._closed or (known is not None and known.path == path):
                return
            if known is not None:
                known.is_over = True
            self._newest += 1
            watch = Watch(image, path, lane, self._newest)
            self._watches[image] = watch
            self._schedule(watch)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="arrivals", daemon=True)
                self._thread.start()

    def remove(self, image: str) -> None:
        with self._changed:
            watch = self._watches.pop(image, None)
            self._news.pop(image, None)
            if watch is not None:
                watch.is_over = True

    def tell(self, seen: FileSeen) -> None:
        """Hand on what is known without a look."""
        with self._changed:
            self._news[seen.image] = seen
        self.on_seen()

    def news(self) -> list[FileSeen]:
        """What changed since the last call; of each image only the latest."""
        with self._changed:
            news, self._news = list(self._news.values()), {}
        return news

    def is_hoped_for(self, image: str) -> bool:
        """Watched, and not given up as broken."""
        watch = self._watches.get(image)
        return watch is not None and (watch.seen is None or watch.seen.state != "broken")

    def is_recent(self, watch: Watch) -> bool:
        """Whether it is one of the newest images, which are on the screens."""
        return watch.number > self._newest - self._pace.newest

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(5)

    def _run(self) -> None:
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                while self._due and self._due[0][0] <= now:
                    watch = heapq.heappop(self._due)[2]
                    heapq.heappush(self._ready[watch.lane], (-watch.number, watch))
                for lane in self._ready:
                    self._begin_looks(lane)
                self._changed.wait(self._due[0][0] - now if self._due else None)

    def _begin_looks(self, lane: int) -> None:
        ready = self._ready[lane]
        while ready and self._looking[lane] < self._pace.at_a_time:
            watch = heapq.heappop(ready)[1]
            if watch.is_over:
                continue
            try:
                self._lanes.submit(lane, partial(self._look_at, watch))
            except CancelledError:
                return  # closing
            self._looking[lane] += 1

    def _look_at(self, watch: Watch) -> None:
        try:
            finding = self._look(watch)
        except Exception:
            log.exception("a look at the file of image %s failed", watch.image)
            finding = Finding("incomplete")
        with self._changed:
            self._looking[watch.lane] -= 1
            seen = None
            if not watch.is_over:
                seen = watch.note(finding, time.monotonic(), self._pace)
                self._schedule(watch)
            if seen is not None:
                self._news[watch.image] = seen
            self._changed.notify()
        if seen is not None:
            self.on_seen()

    def _schedule(self, watch: Watch) -> None:
        wait_s = watch.wait_s
        if watch.found is not None and not self.is_recent(watch):
            wait_s = max(wait_s, len(self._watches) / self._pace.older_per_s)
        heapq.heappush(self._due, (time.monotonic() + wait_s, -watch.number, watch))
        self._changed.notify()
