"""One soak from its beginning to its end, and what was found."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Error, sync_playwright

from hmi.settings import load_settings
from tests.browser import browsers
from tests.servers import SECRET
from tests.soak.faults import Troublemaker
from tests.soak.oracle import Oracle, differences
from tests.soak.people import TAKEN, Person, violations_of
from tests.soak.stage import Stage, stage
from tests.waiting import until

PEOPLE, DECIDES_S = ("Sven", "Edda"), 1.5
LOOK_S, NOTE_S = 0.25, 30.0
WARM_S = 120.0  # of a process: until then it grows into its work
MOST_MB, MOST_THREADS, MOST_FILES = 40, 4, 30  # what a warm process may gain
SETTLES_S = 60.0
MOST_UNSEEN = 20  # looks in a row


@dataclass(frozen=True)
class Footprint:
    at_s: float  # since the process began
    pid: int
    memory_mb: float
    threads: int
    files: int

    def __str__(self) -> str:
        return f"memory {self.memory_mb:.0f} MB, {self.threads} threads, {self.files} open files"


@dataclass
class Found:
    minutes: float
    violations: list[str] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)
    looks: int = 0
    live_looks: int = 0
    slowest_heal_s: float = 0.0
    parts: int = 0
    decisions: int = 0
    footprints: list[Footprint] = field(default_factory=list)
    nodes: tuple[int, int] = (0, 0)

    def report(self) -> list[str]:
        lines = [f"{count} × {name}" for name, count in sorted(self.faults.items())]
        first, last = self.footprints[0], self.footprints[-1]
        return [
            *lines,
            f"{self.minutes:.1f} minutes, {self.parts} parts, {self.decisions} decisions taken",
            f"{self.looks} looks at the screen, {self.live_looks} of them live",
            f"{self.nodes[0]} to {self.nodes[1]} nodes in the page",
            f"slowest return to live {self.slowest_heal_s:.1f} s",
            f"at first: {first}",
            f"at last: {last}",
            f"{len(self.violations)} violations",
        ]


def soak(folder: Path, lasts_s: float, seed: int, *, every_s: float, period_s: float) -> Found:
    """Run it; a fault every `every_s`, a part every `period_s`."""
    found = Found(lasts_s / 60)
    with stage(folder, period_s) as on, sync_playwright() as driver:
        store = on.server.store()
        people = [Person(name, on.server, store, _settings(on), DECIDES_S) for name in PEOPLE]
        trouble = Troublemaker(on, seed, every_s)
        oracle = Oracle(on, store, trouble)
        with _kiosk(driver, on, oracle) as page:
            for person in people:
                person.begin()
            _watch(on, page, oracle, trouble, found, time.monotonic() + lasts_s)
            trouble.heal()
            for person in people:
                person.end()
        on.stop_the_line()
        _say("the line stands; store and plant are compared")
        _settled(on, store)
        found.violations += [*oracle.violations, *violations_of(people, store), *differences(on, store)]
        found.violations += [line for line in on.server.log.splitlines() if line.startswith("Traceback")]
        found.violations += _gains(found.footprints)
        found.faults, found.looks, found.live_looks = trouble.counts, oracle.looks, oracle.live_looks
        found.slowest_heal_s, found.parts = oracle.slowest_heal_s, len(on.line.committed)
        found.decisions = sum(said == TAKEN for person in people for said in person.said.values())
        found.nodes = min(oracle.nodes), max(oracle.nodes)
        store.close()
    return found


def _watch(on: Stage, page: Any, oracle: Oracle, trouble: Troublemaker, found: Found, end_s: float) -> None:
    began_s, noted_s, unseen = time.monotonic(), 0.0, 0
    while time.monotonic() < end_s:
        turn_s = time.monotonic()
        done = trouble.step()
        if done:
            _say(f"{time.monotonic() - began_s:6.1f} s  {done}")
        try:
            oracle.look(page)
            unseen = 0
        except Error as error:  # it goes somewhere, as after an upgrade; but not for long
            unseen += 1
            if unseen == MOST_UNSEEN:
                oracle.violations.append(f"the page cannot be looked at: {error.message.splitlines()[0]}")
        if trouble.now is None and time.monotonic() - noted_s > NOTE_S:
            noted_s = time.monotonic()
            found.footprints.append(_footprint(on))
            _say(f"{noted_s - began_s:6.1f} s  {found.footprints[-1]}, {len(on.line.committed)} parts")
        page.wait_for_timeout(max(20.0, 1000 * (turn_s + LOOK_S - time.monotonic())))
    if not found.footprints:
        found.footprints.append(_footprint(on))


@contextmanager
def _kiosk(driver: Any, on: Stage, oracle: Oracle) -> Iterator[Any]:
    browser = driver.chromium.launch(executable_path=browsers.find(driver), args=browsers.ARGUMENTS)
    try:
        page = browser.new_page(viewport=browsers.FLOOR)
        page.on("pageerror", lambda error: oracle.violations.append(f"error in the page: {error}"))
        page.goto(f"http://127.0.0.1:{on.kiosk_cable.port}/?kiosk=Soak")
        until(lambda: page.evaluate("document.documentElement.dataset.link") == "live", 30)
        yield page
    finally:
        browser.close()


def _settings(on: Stage) -> Any:
    """What the server's queue is asked with."""
    environment = {"HMI_AUTH__SECRET_KEY": SECRET, "HMI_DATABASE__URL": on.postgres.url(on.dbname)}
    return load_settings(on.folder / "server" / "plant.yaml", environment)


def _settled(on: Stage, store: Any) -> None:
    """Wait until nothing is under way, or too long."""
    end_s = time.monotonic() + SETTLES_S
    while time.monotonic() < end_s:
        if on.server.is_fresh() and not differences(on, store):
            return
        time.sleep(1)


def _footprint(on: Stage) -> Footprint:
    process = psutil.Process(on.server.pid)
    with process.oneshot():
        return Footprint(
            time.time() - process.create_time(),
            process.pid,
            process.memory_info().rss / 1e6,
            process.num_threads(),
            process.num_fds() if hasattr(process, "num_fds") else process.num_handles(),
        )


def _gains(footprints: list[Footprint]) -> list[str]:
    """What warm processes gained, where it is more than they may."""
    found = []
    for pid in {one.pid for one in footprints}:
        warm = [one for one in footprints if one.pid == pid and one.at_s > WARM_S]
        if len(warm) < 2:
            continue
        first, last = warm[0], warm[-1]
        for name, gain, most in (
            ("MB of memory", last.memory_mb - first.memory_mb, MOST_MB),
            ("threads", last.threads - first.threads, MOST_THREADS),
            ("open files", last.files - first.files, MOST_FILES),
        ):
            if gain > most:
                found.append(f"process {pid} gained {gain:.0f} {name} in {last.at_s - first.at_s:.0f} s")
    return found


def _say(text: str) -> None:
    print(text, flush=True)
