"""What the soak stands on: a plant on a PostgreSQL of its own, the server, cables that can be pulled."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from sqlalchemy.exc import SQLAlchemyError

from hmi.demo import DemoPlant, demo_line, make_plant
from tests.plants import PUBLICATION
from tests.postgres import OwnServer, own_server
from tests.proxy import Proxy
from tests.servers import Server
from tests.waiting import until

CAMERAS, PICTURE_PX = 3, 640
TIMES = {
    "feed": {"poll_s": 0.25},
    "line": {"settle_s": 1.0, "grace_s": 4.0, "cameras": demo_line(CAMERAS)},
    "storage": {"cache_ttl_seconds": 60},
}
RETRY_S = 0.5

log = logging.getLogger(__name__)


@dataclass
class Line:
    """The vision system: writes parts, and knows when each of them was in the plant database."""

    plant: DemoPlant
    period_s: float
    committed: list[tuple[float, str]] = field(default_factory=list)  # (monotonic second, serial)
    failures: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                written = self.plant.part(defects=None, missing=None)
                self.committed.append((time.monotonic(), written.serial))
            except (SQLAlchemyError, OSError):
                self.failures += 1
                with suppress(SQLAlchemyError):
                    self.plant.close()  # broken connections; the next part opens new ones
                self._stop.wait(RETRY_S)
                continue
            self._stop.wait(max(0.0, began + self.period_s - time.monotonic()))

    def stop(self) -> None:
        self._stop.set()

    def newest_before(self, at_s: float) -> str | None:
        """The serial of the newest part that was there at that second."""
        return next((serial for when, serial in reversed(self.committed) if when <= at_s), None)

    def serials_since(self, at_s: float) -> set[str]:
        """Those that may truly be shown as the newest one by a screen that is no older than that second."""
        known = list(self.committed)
        there = {serial for when, serial in known if when > at_s}
        newest = self.newest_before(at_s)
        return there | ({newest} if newest else set())


class Stage:
    """`images` is what the server reads: a link that can be taken away from before the real folder."""

    def __init__(self, folder: Path, postgres: OwnServer, cable: Proxy, period_s: float) -> None:
        self.folder = folder
        self.postgres = postgres
        self.cable = cable  # between server and plant database
        self.dbname = postgres.create()
        make_plant(postgres.url(self.dbname), CAMERAS)
        postgres.run(PUBLICATION, self.dbname)
        self.pictures = folder / "pictures"
        self.pictures.mkdir()
        self.images = folder / "images"
        self.images.symlink_to(self.pictures, target_is_directory=True)
        plant = DemoPlant(postgres.url(self.dbname), self.pictures, cameras=CAMERAS, picture_px=PICTURE_PX)
        self.line = Line(plant, period_s)
        self.server = Server(
            folder / "server", postgres.url(self.dbname, port=cable.port), images=self.images, **TIMES
        )
        self.kiosk_cable = Proxy(self.server.port)
        self.lock: Any = None  # a connection that holds a table

    def __enter__(self) -> Self:
        self.kiosk_cable.__enter__()
        self._writing = threading.Thread(target=self.line.run, name="line", daemon=True)
        self._writing.start()
        until(lambda: self.line.committed and self.server.is_fresh(), 60)
        return self

    def __exit__(self, *_: object) -> None:
        self.line.stop()
        self._writing.join(30)
        self.line.plant.close()
        self.kiosk_cable.__exit__()
        self.server.close()

    def stop_the_line(self) -> None:
        """No part comes any more; what was written can be compared."""
        self.line.stop()
        self._writing.join(30)


@contextmanager
def stage(folder: Path, period_s: float) -> Iterator[Stage]:
    with ExitStack() as stack:
        postgres = stack.enter_context(own_server(fsync="on", max_connections="40"))
        cable = stack.enter_context(Proxy(postgres.port))
        yield stack.enter_context(Stage(folder, postgres, cable, period_s))
