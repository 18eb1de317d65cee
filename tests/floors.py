"""A plant, a store and a worker's parts without its thread: reads and writes happen when a test says so."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, text

from hmi.judging import Judging
from hmi.outbox import Outbox
from hmi.plant.database import OutcomeUnknown, PlantDatabase, Session
from hmi.plant.failures import unavailable
from hmi.plant.feed import Feed
from hmi.settings import Settings
from hmi.store import Store
from hmi.store.outbox import Outgoing
from hmi.store.runs import Defect
from tests.desk import Desk
from tests.plants import VisionSystem, feed_settings


class Killed(BaseException):
    """The process ends here."""


class FaultyPlant(PlantDatabase):
    """The real way to a plant, on which a write fails as `fault` says."""

    fault = ""

    @contextmanager
    def write(self, within_s: float = 1.0) -> Iterator[Session]:
        if self.fault == "refused":
            raise unavailable("refused")
        with super().write(within_s) as session:
            yield session
            if self.fault == "lost before the commit":
                raise unavailable("frozen")
        if self.fault == "lost in the commit":
            raise OutcomeUnknown("frozen", "it was reached but stopped answering")
        if self.fault == "killed after the commit":
            raise Killed


class Floor:
    def __init__(self, vision: VisionSystem, store: Store, settings: Settings) -> None:
        self.vision = vision
        self.store = store
        self.desk = Desk(settings, store)
        self.plant = FaultyPlant(vision.url, 3, 3, 500)
        self._feed = Feed(self.plant, feed_settings())
        self._judging = Judging(settings)
        self.start()
        with store.write() as session:
            self._judging.start(session, datetime.now(UTC))

    def start(self) -> None:
        """A worker begins."""
        self.outbox = Outbox(self.store, self.plant, soon_s=0)

    def read(self) -> None:
        """What the vision system wrote comes into the store."""
        batch = self._feed.tick()
        with self.store.write() as session:
            self._judging.take(session, batch, datetime.now(UTC))

    def in_plant(self, number: int) -> tuple[Any, ...] | None:
        """(disposition, dispositioned_at, metadata) of a row, as text."""
        columns = "disposition, CAST(dispositioned_at AS text), CAST(metadata AS text)"
        with self.vision.writing() as connection:
            row = connection.execute(text(f'SELECT {columns} FROM "Defects" WHERE id = {number}')).first()
        return tuple(row) if row else None

    def states(self) -> list[str]:
        with self.store.read() as session:
            return list(session.scalars(select(Outgoing.state).order_by(Outgoing.id)))

    def defect(self, number: int) -> Defect:
        with self.store.read() as session:
            return session.get_one(Defect, (1, number))

    def close(self) -> None:
        self.plant.close()


def floor_of(vision: VisionSystem, store: Store, settings_of: Any) -> Iterator[Floor]:
    """One part with two defects on each of five images; 1 and 2 are those of the first image."""
    vision.part()
    floor = Floor(vision, store, settings_of(database={"url": vision.url}))
    floor.read()
    yield floor
    floor.close()


@pytest.fixture
def floor(vision, sqlite_store, settings_of):
    yield from floor_of(vision, sqlite_store, settings_of)


@pytest.fixture
def pg_floor(pg_vision, sqlite_store, settings_of):
    yield from floor_of(pg_vision, sqlite_store, settings_of)
