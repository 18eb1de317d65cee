"""Faults that last for six and a half seconds, and what somebody in front of the screen saw of them."""

import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from playwright.sync_api import Page

from tests.browser.browsers import navigations
from tests.browser.sampler import Sample, Sampler, until

FRESH_MS = 5000
SLACK_MS = 600  # from one sample and one look of the watchdog to the next
LASTS_MS = FRESH_MS + 1500
ZONE = ZoneInfo("America/Detroit")
#: What a browser itself says of polls, and of pictures on their way, that get no proper answer.
LOST_POLLS = "|".join(
    (
        "Failed to load resource",
        r"console: htmx:(afterRequest|sendError|timeout)",
        r"request failed: \S+/(live|pictures/)",
    )
)


@dataclass(frozen=True)
class Fault:
    page: Page
    begin: Callable[[], object]
    heal: Callable[[], object]


@dataclass(frozen=True)
class Seen:
    """What a page showed before, during and after a fault. Times in ms of its own monotonic clock."""

    samples: list[Sample]
    began_ms: float
    begun_ms: float  # the cause was there
    healing_ms: float
    healed_ms: float
    began: datetime
    addresses: list[str]  # where the page went meanwhile

    @property
    def live_at_first(self) -> bool:
        return any(sample.is_live for sample in self.samples if sample.at_ms < self.began_ms + 1000)

    @property
    def late(self) -> list[Sample]:
        """While the fault lasted, once nothing fresh can be there any more.

        While the browser itself stands still, nothing in the page can look.
        """
        during = [sample.at_ms for sample in self.samples if self.began_ms <= sample.at_ms <= self.healing_ms]
        stood_still_ms = max(later - sooner for sooner, later in pairwise(during))
        start_ms = self.begun_ms + FRESH_MS + SLACK_MS + stood_still_ms
        return [sample for sample in self.samples if start_ms <= sample.at_ms <= self.healing_ms]

    @property
    def back_after_ms(self) -> float:
        """From when the cause was gone: of a server that died, from its first answer on."""
        live_ms = next(s.at_ms for s in self.samples if s.at_ms > self.healing_ms and s.is_live)
        return live_ms - self.healed_ms


def during(faults: Mapping[str, Fault]) -> dict[str, Seen]:
    """Bring all the faults about at once, heal them at once, and wait until every page is live again."""
    with ExitStack() as stack:
        samplers = {name: Sampler(fault.page) for name, fault in faults.items()}
        went = {name: stack.enter_context(navigations(fault.page)) for name, fault in faults.items()}
        began = datetime.now(ZONE)
        began_ms = {name: sampler.now_ms() for name, sampler in samplers.items()}
        for fault in faults.values():
            fault.begin()
        begun_ms = {name: sampler.now_ms() for name, sampler in samplers.items()}
        fault.page.wait_for_timeout(LASTS_MS)
        healing_ms = {name: sampler.now_ms() for name, sampler in samplers.items()}
        for fault in faults.values():
            fault.heal()
        healed_ms = {name: sampler.now_ms() for name, sampler in samplers.items()}
        for name, sampler in samplers.items():
            until(faults[name].page, lambda: sampler.live(healing_ms[name]))  # noqa: B023 - called at once
        return {
            name: Seen(
                sampler.samples(),
                began_ms[name],
                begun_ms[name],
                healing_ms[name],
                healed_ms[name],
                began,
                went[name],
            )
            for name, sampler in samplers.items()
        }


def assert_told_and_healed(seen: Seen, banner: str = "NO CONNECTION since") -> None:
    """No verdict looked live for more than 5 s; the screen said what was wrong, and healed by itself."""
    assert seen.live_at_first
    unveiled = [sample for sample in seen.late if not sample.is_veiled]
    assert not unveiled, (seen.begun_ms, seen.healing_ms, [one.at_ms for one in unveiled], unveiled[0])
    assert seen.back_after_ms <= FRESH_MS
    assert seen.addresses == []
    (said,) = {sample.banner for sample in seen.late}
    told = re.match(rf"{banner} (\d\d:\d\d:\d\d)", said)
    assert told is not None, said
    assert abs(seconds_of(told[1]) - seconds_of(f"{seen.began:%H:%M:%S}")) <= 3


def seconds_of(clock: str) -> int:
    hours, minutes, seconds = map(int, clock.split(":"))
    return (hours * 60 + minutes) * 60 + seconds
