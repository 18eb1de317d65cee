"""`/metrics`: figures of this process and of the store, in the text format of Prometheus."""

import time
from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from hmi import logs
from hmi.observe.gathering import Found, Gathering
from hmi.snapshot import Follower
from hmi.store import Store

POLL_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)

Depth = Callable[[], int]


class Metrics:
    """Of one application. `queues` and `caches` are filled by whoever makes them."""

    def __init__(self, store: Store, follower: Follower) -> None:
        self.registry = CollectorRegistry()
        self.poll = Histogram(
            "hmi_poll_seconds",
            "Answering a poll of a kiosk",
            buckets=POLL_BUCKETS,
            registry=self.registry,
        )
        self.queues: dict[str, Depth] = {}
        self.caches: dict[str, Callable[[], bool]] = {}
        self.of_store = Gathering(store)
        self._follower = follower
        ProcessCollector(registry=self.registry)
        self.registry.register(self)

    def text(self) -> bytes:
        return bytes(generate_latest(self.registry))

    def collect(self) -> Iterator[Metric]:
        """Called by the registry for every scrape."""
        yield from self._of_process()
        found, is_up = self.of_store.latest(), self.of_store.is_up
        age_s = float("inf") if found is None else time.monotonic() - found.at_s
        yield _gauge("hmi_store_up", "1 while the store answers", float(is_up))
        yield _gauge("hmi_store_age_seconds", "Since the store was asked for these figures", age_s)
        if found is not None and is_up:
            yield from _of_store(found)

    def _of_process(self) -> Iterator[Metric]:
        age_ms = self._follower.pulse.age_ms(time.monotonic())
        age_s = float("inf") if age_ms is None else age_ms / 1000  # what is not known must alarm, too
        yield _gauge("hmi_data_age_seconds", "Since the plant was last read successfully", age_s)
        pulse = self._follower.pulse
        trouble = float(bool(pulse.trouble) or not pulse.is_fresh(time.monotonic()))
        yield _gauge("hmi_plant_trouble", "1 while the plant is not read, cannot be or lags", trouble)
        version = self._follower.snapshot.version if self._follower.snapshot else 0
        yield _gauge("hmi_snapshot_version", "The store's counter of changes that screens show", version)
        queued = GaugeMetricFamily("hmi_queue_length", "What waits, by queue", labels=["queue"])
        for name, depth in self.queues.items():
            queued.add_metric([name], depth())
        yield queued
        caches = GaugeMetricFamily("hmi_cache_up", "1 while pictures can be kept on disk", labels=["cache"])
        for name, is_up in self.caches.items():
            caches.add_metric([name], float(is_up()))
        yield caches
        lines = CounterMetricFamily("hmi_log_lines", "Lines of the log, by level", labels=["level"])
        for level, count in sorted(logs.lines.items()):
            lines.add_metric([level], count)
        yield lines


def _of_store(found: Found) -> Iterator[Metric]:
    yield _gauge("hmi_outbox_length", "Decisions to be written to the plant database", found.outbox)
    yield _gauge("hmi_outbox_oldest_seconds", "Age of the oldest of them", found.oldest_s)
    yield _gauge("hmi_outbox_conflicts", "Decisions whose row somebody else had changed", found.conflicts)
    yield _gauge("hmi_review_length", "Defects that wait for people, at most 10,000", found.reviews)
    yield _tally("hmi_verdicts", "Verdicts given, by verdict", "verdict", found.verdicts)
    yield _tally("hmi_decisions", "Decisions taken, by word", "word", found.decisions)
    if found.condition:  # as long as nothing was read nobody knows
        lag_s = found.condition.get("lag_s") or 0.0
        yield _gauge("hmi_feed_lag_seconds", "How far a standby that is read is behind", lag_s)
    skew = GaugeMetricFamily("hmi_clock_skew_seconds", "Clocks ahead of this server's", labels=["clock"])
    for clock in ("server", "vision"):
        seconds = found.condition.get(f"{clock}_skew_s")
        if seconds is not None:
            skew.add_metric([clock], seconds)
    yield skew


def _tally(name: str, text: str, label: str, counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, text, labels=[label])
    for value, count in sorted(counts.items()):
        family.add_metric([value], count)
    return family


def _gauge(name: str, text: str, value: float) -> Metric:
    family = GaugeMetricFamily(name, text)
    family.add_metric([], value)
    return family
