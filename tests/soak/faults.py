"""Faults that the soak brings about, one at a time, each with what the screen must not do meanwhile."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.soak.stage import Stage

DARK, BLIND, SEEING = "dark", "blind", "seeing"
"""dark: the screen hears nothing; blind: the plant is not read; seeing: it must go on as ever."""


@dataclass(frozen=True)
class Fault:
    name: str
    effect: str
    lasts_s: tuple[float, float]
    begin: Callable[[Stage], object]
    heal: Callable[[Stage], object]
    is_over: Callable[[Stage], bool] = lambda _: True  # a server takes its time to start


def _nothing(_: Stage) -> None:
    pass


def _hide_images(stage: Stage) -> None:
    stage.images.unlink()


def _show_images(stage: Stage) -> None:
    stage.images.symlink_to(stage.pictures, target_is_directory=True)


def _break_cache(stage: Stage) -> None:
    """Nothing can be written where the pictures are kept, as on a full disk."""
    cache = stage.folder / "server" / "cache"
    cache.rename(cache.with_name("cache-away"))
    cache.write_text("", "utf-8")


def _mend_cache(stage: Stage) -> None:
    cache = stage.folder / "server" / "cache"
    cache.unlink()
    cache.with_name("cache-away").rename(cache)


def _lock(stage: Stage) -> None:
    stage.lock = stage.postgres.connect(stage.dbname)
    with stage.lock.cursor() as cursor:
        cursor.execute('SET lock_timeout = 2000; BEGIN; LOCK TABLE "Defects" IN ACCESS EXCLUSIVE MODE')


def _unlock(stage: Stage) -> None:
    stage.lock.close()


FAULTS = (
    Fault(
        "server killed",
        DARK,
        (1, 4),
        lambda on: on.server.kill(),
        lambda on: on.server.start(wait=False),
        lambda on: on.server.is_alive(),
    ),
    Fault("server stands still", DARK, (3, 12), lambda on: on.server.stop(), lambda on: on.server.go_on()),
    Fault("plant database restarts", BLIND, (0, 0), lambda on: on.postgres.restart("fast"), _nothing),
    Fault("plant database crashes", BLIND, (0, 0), lambda on: on.postgres.restart("immediate"), _nothing),
    Fault(
        "plant database is down",
        BLIND,
        (4, 12),
        lambda on: on.postgres.stop(),
        lambda on: on.postgres.start(),
    ),
    Fault(
        "plant database is frozen",
        BLIND,
        (3, 12),
        lambda on: on.postgres.freeze(),
        lambda on: on.postgres.thaw(),
    ),
    Fault("plant cable pulled", BLIND, (3, 12), lambda on: on.cable.hold(), lambda on: on.cable.pass_on()),
    Fault("plant cable cut", BLIND, (1, 8), lambda on: on.cable.cut(), lambda on: on.cable.pass_on()),
    Fault("plant table locked", BLIND, (1, 8), _lock, _unlock),
    Fault(
        "kiosk cable pulled",
        DARK,
        (3, 12),
        lambda on: on.kiosk_cable.hold(),
        lambda on: on.kiosk_cable.pass_on(),
    ),
    Fault(
        "kiosk cable cut", DARK, (1, 8), lambda on: on.kiosk_cable.cut(), lambda on: on.kiosk_cable.pass_on()
    ),
    Fault(
        "one answer held",
        SEEING,
        (4, 6),
        lambda on: on.kiosk_cable.hold_next(),
        lambda on: on.kiosk_cable.pass_on(),
    ),
    Fault("images hidden", SEEING, (3, 12), _hide_images, _show_images),
    Fault("cache cannot be written", SEEING, (3, 12), _break_cache, _mend_cache),
)


class Troublemaker:
    """Every `every_s` the next fault: each comes once before any again. A seed gives the same ones."""

    def __init__(self, stage: Stage, seed: int, every_s: float) -> None:
        self._stage = stage
        self._random = random.Random(seed)
        self._every_s = every_s
        self._left: list[Fault] = []
        self._next_s = time.monotonic() + every_s / 2
        self._ends_s = 0.0
        self.now: Fault | None = None
        self._healing: Fault | None = None
        self.began_s = self.healed_s = time.monotonic()
        self.counts: dict[str, int] = {}

    @property
    def is_healing(self) -> bool:
        return self._healing is not None

    def step(self) -> str:
        """Begin or heal what is due; what was done, in words."""
        now_s = time.monotonic()
        if self._healing is not None:
            return self._end() if self._healing.is_over(self._stage) else ""
        if self.now is not None:
            return self._heal() if now_s >= self._ends_s else ""
        if now_s < self._next_s:
            return ""
        if not self._left:
            self._left = self._random.sample(FAULTS, len(FAULTS))
        self.now = self._left.pop()
        lasts_s = self._random.uniform(*self.now.lasts_s)
        self.began_s, self._ends_s = now_s, now_s + lasts_s
        self.now.begin(self._stage)
        self.counts[self.now.name] = self.counts.get(self.now.name, 0) + 1
        return f"{self.now.name} for {lasts_s:.1f} s"

    def heal(self) -> None:
        """End the fault that there is, and wait until it is over."""
        self._ends_s = 0.0
        while self.now is not None:
            self.step()
            time.sleep(0.05)

    def _heal(self) -> str:
        assert self.now is not None
        self._healing = self.now
        self._healing.heal(self._stage)
        return f"{self.now.name}: healing"

    def _end(self) -> str:
        assert self.now is not None
        name, self.now, self._healing = self.now.name, None, None
        self.healed_s = time.monotonic()
        self._next_s = self.healed_s + self._every_s
        return f"{name}: over"
