"""Plants for tests: a vision system that writes parts, into PostgreSQL or SQLite alike."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, insert, text
from sqlalchemy.pool import NullPool

from hmi.plant.database import PlantDatabase
from hmi.plant.feed import Feed
from hmi.plant.tables import CAMERAS, DEFECTS, IMAGES, TRIGGERS, metadata
from hmi.settings import Feed as FeedSettings
from tests.postgres import PostgresServer

CAMERA_SERIALS = tuple(f"CAM{number}" for number in range(1, 6))
START = datetime(2025, 5, 8, 13, 52, 43, tzinfo=UTC)
PUBLICATION = "CREATE PUBLICATION everything FOR ALL TABLES"


class VisionSystem:
    """Writes rows as the vision system does: ids from sequences, each call committed."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = create_engine(
            url.replace("postgresql://", "postgresql+psycopg2://"), poolclass=NullPool
        )
        self._parts = itertools.count()

    def build(self) -> None:
        metadata.create_all(self._engine)
        self.add_cameras()

    def add_cameras(self) -> None:
        with self.writing() as connection:
            connection.execute(insert(CAMERAS), [{"serial_number": serial} for serial in CAMERA_SERIALS])

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction."""
        with self._engine.begin() as connection:
            yield connection

    def part(self, serial: str = "", defects: int = 2, images: int = 5, **columns: Any) -> int:
        """A trigger with images of as many cameras, and defects on each image; the trigger's id."""
        with self.writing() as connection:
            return self.part_in(connection, serial, defects, images, **columns)

    def part_in(
        self, connection: Connection, serial: str = "", defects: int = 2, images: int = 5, **columns: Any
    ) -> int:
        number = next(self._parts)
        values = {"timestamp": START + timedelta(seconds=70 * number), "part": "39MC", **columns}
        values["part_instance"] = serial or f"S{number:05}"
        trigger = _id_of(connection.execute(insert(TRIGGERS).values(**values)))
        for camera in CAMERA_SERIALS[:images]:
            image = self.image_in(connection, trigger, camera)
            for place in range(defects):
                self.defect_in(connection, image, x=100 * place)
        return trigger

    def image_in(self, connection: Connection, trigger: int, camera: str = "CAM1") -> int:
        path = f"E:\\images/05-08-2025/09/1/{trigger}_{camera}.jpg"
        return _id_of(connection.execute(insert(IMAGES).values(trigger=trigger, camera=camera, image=path)))

    def defect_in(self, connection: Connection, image: int, **columns: Any) -> int:
        values = {"x": 10, "y": 20, "width": 8, "height": 6, "confidence": 0.9, "type": "0", **columns}
        return _id_of(connection.execute(insert(DEFECTS).values(image=image, **values)))

    def defect(self, image: int, **columns: Any) -> int:
        with self.writing() as connection:
            return self.defect_in(connection, image, **columns)

    def run(self, *statements: str) -> None:
        with self.writing() as connection:
            for statement in statements:
                connection.execute(text(statement.replace(":", "\\:")))

    def ids(self, table: str) -> list[int]:
        with self.writing() as connection:
            return [row[0] for row in connection.execute(text(f'SELECT id FROM "{table}" ORDER BY id'))]


def feed_settings(**settings: Any) -> FeedSettings:
    defaults = {"poll_s": 0.05, "tail_s": 30, "missing_s": 900, "window": 5000, "backfill_parts": 2000}
    return FeedSettings(**{**defaults, **settings})


def database(
    url: str, deadline_s: float = 3, lock_timeout_ms: int = 500, connect_timeout_s: float = 3
) -> PlantDatabase:
    return PlantDatabase(url, connect_timeout_s, deadline_s, lock_timeout_ms)


@contextmanager
def feed(url: str, position: Any = None, minute_s: float = 60, **settings: Any) -> Iterator[Feed]:
    """A feed of its own; the connection is given back afterwards."""
    plant_database = database(url)
    try:
        yield Feed(plant_database, feed_settings(**settings), position, minute_s=minute_s)
    finally:
        plant_database.close()


def template(server: PostgresServer) -> str:
    """The name of a database with an empty plant in it, made once for each server."""
    if "plant" not in server.templates:
        name = server.create()
        vision = VisionSystem(server.url(name))
        vision.build()
        vision.run(PUBLICATION)
        server.templates["plant"] = name
    return server.templates["plant"]


@pytest.fixture(params=[pytest.param("pg_vision", marks=pytest.mark.postgres), "lite_vision"])
def vision(request: pytest.FixtureRequest) -> VisionSystem:
    """An empty plant and who writes it, once in PostgreSQL and once in SQLite.

    A module that asks for it must name pg_vision and lite_vision too.
    """
    system: VisionSystem = request.getfixturevalue(request.param)
    return system


@pytest.fixture
def pg_vision(postgres_server: PostgresServer) -> Iterator[VisionSystem]:
    """In PostgreSQL."""
    with postgres_server.database(template(postgres_server)) as url:
        yield VisionSystem(url)


@pytest.fixture
def lite_vision(tmp_path: Path) -> VisionSystem:
    """In SQLite."""
    system = VisionSystem(f"sqlite:///{tmp_path / 'plant.db'}")
    system.build()
    return system


def ids(rows: Sequence[Any]) -> list[int]:
    return [row.id for row in rows]


def _id_of(result: Any) -> int:
    return int(result.inserted_primary_key[0])
