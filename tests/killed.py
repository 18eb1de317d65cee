"""A process that decides, judges again or writes back, killed at one point: `killed(point, plant, store)`.

The process is a real one and ends by SIGKILL, wherever it stands. Where the system can fork it comes from a
server of forks that has everything imported, so that two hundred of them take seconds.
"""

import itertools
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, ModuleType
from typing import Any

from hmi.deciding import Wish, decide
from hmi.outbox import Outbox
from hmi.plant.database import PlantDatabase, Session
from hmi.rules import rejudging
from hmi.settings import load_settings
from hmi.store import Store
from tests.conftest import AUDIT_KEY
from tests.desk import ANN, NOON, Desk
from tests.drawing import CAMERAS

POINTS = ("before the update", "before the commit", "after the commit")
DECIDING, JUDGING_AGAIN = "while deciding", "while judging the past again"
_PATIENCE_S = 60
_KILLED = (-9, 137)  # POSIX; Windows, where there is no signal to die of

_processes = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
_processes.set_forkserver_preload([__name__, "tests.written"])


def killed(point: str, plant_url: str, store_url: str) -> None:
    """Runs a process until it is killed at that point. It has to be: whatever else it does is a failure."""
    process = _processes.Process(target=_live, args=(point, plant_url, store_url))
    process.start()
    process.join(_PATIENCE_S)
    status = process.exitcode
    if status is None:
        process.kill()
        process.join()
    process.close()
    assert status in _KILLED, f"it was to be killed {point}, and ended with {status}"


def killed_at_every_line(act: Callable[..., None], module: ModuleType, *arguments: Any) -> Iterator[int]:
    """Runs `act` in one process after the other, each killed one line of the module later than the last,
    until one lives to its end; after each of them the caller looks at what is left."""
    for line in itertools.count(1):
        process = _processes.Process(target=_act_up_to, args=(line, module.__file__, act, arguments))
        process.start()
        process.join(_PATIENCE_S)
        status = process.exitcode
        process.close()
        assert status in (0, *_KILLED), f"it ended with {status} at line {line}"
        yield line
        if status == 0:
            return


def _act_up_to(line: int, file: str, act: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    left = line

    def look(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if frame.f_code.co_filename != file:
            return None
        left -= event == "line"
        if not left:
            _die()
        return look

    sys.settrace(look)
    act(*arguments)


def _live(point: str, plant_url: str, store_url: str) -> None:
    store = Store(store_url, audit_key=AUDIT_KEY)
    usual = {
        "database": {"url": plant_url},
        "store": {"url": store_url},
        "auth": {"secret_key": "k" * 32},
        "line": {"cameras": CAMERAS[:1]},
    }
    if point == JUDGING_AGAIN:
        with store.write() as session:
            rejudging.step(session, load_settings(environment={}, **usual), NOON)
            _die()
    if point == DECIDING:
        desk = Desk(load_settings(environment={}, **usual), store)
        wish = Wish("defect", (1, 1), "okay", desk.state("defect", (1, 1)), "a key of its own")
        with store.write() as session:
            decide(session, desk.settings, wish, ANN, NOON)
            _die()
    plant = Dying(plant_url, 3, 3, 500)
    plant.point = point
    Outbox(store, plant).step()


def _die() -> None:
    if hasattr(signal, "SIGKILL"):
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(137)


class Dying(PlantDatabase):
    """The real way to a plant; the process dies at `point` of its first write."""

    point = ""

    @contextmanager
    def write(self, within_s: float = 1.0) -> Iterator[Session]:
        with super().write(within_s) as session:
            if self.point == POINTS[0]:
                _die()
            yield session
            if self.point == POINTS[1]:
                _die()
        _die()
