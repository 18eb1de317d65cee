"""Whoever applies every batch holds what the plant holds, whatever the vision system did in between."""

import random
from collections.abc import Callable

import pytest
from sqlalchemy import text

from hmi.plant.feed import Feed
from hmi.plant.rows import Batch
from tests import plants
from tests.plants import VisionSystem, feed

vision = plants.vision
lite_vision = plants.lite_vision
pg_vision = plants.pg_vision


class Mirror:
    """The rows of the newest parts, by generation and id."""

    def __init__(self) -> None:
        self.triggers: dict[tuple[int, int], str | None] = {}
        self.defects: dict[tuple[int, int], tuple[int | None, int | None]] = {}

    def apply(self, batch: Batch) -> None:
        self.triggers |= {(row.generation, row.id): row.part_instance for row in batch.triggers}
        self.defects |= {(row.generation, row.id): (row.image, row.x) for row in batch.defects}
        for key in batch.gone_triggers:
            del self.triggers[key]
        for key in batch.gone_defects:
            del self.defects[key]


class Day:
    """What a vision system does on a bad day, by chance."""

    def __init__(self, vision: VisionSystem, chance: random.Random) -> None:
        self._vision = vision
        self._chance = chance

    def anything(self) -> None:
        actions: list[Callable[[], None]] = [
            self.part,
            self.part,
            self.change,
            self.delete,
            self.late,
            self.cut_end,
        ]
        self._chance.choice(actions)()

    def part(self) -> None:
        self._vision.part(images=2, defects=self._chance.randint(0, 4))

    def change(self) -> None:
        self._vision.run(f'UPDATE "Defects" SET x = x + 1 WHERE id % {self._chance.randint(2, 5)} = 0')

    def delete(self) -> None:
        self._vision.run(f'DELETE FROM "Defects" WHERE id % 7 = {self._chance.randrange(7)}')

    def late(self) -> None:
        """An id that was left out, or deleted, is written after all."""
        there = set(self._vision.ids("Defects"))
        away = [row_id for row_id in range(1, max(there, default=1)) if row_id not in there]
        for row_id in self._chance.sample(away, min(2, len(away))):
            self._vision.run(
                f'INSERT INTO "Defects" (id, image, x) VALUES ({row_id}, 1, {self._chance.randrange(99)})'
            )

    def cut_end(self) -> None:
        there = self._vision.ids("Defects")
        self._vision.run(f'DELETE FROM "Defects" WHERE id > {there[-2] if len(there) > 10 else 9**9}')


@pytest.mark.parametrize("seed", range(4))
def test_the_batches_add_up_to_the_plant(vision: VisionSystem, seed: int) -> None:
    chance, mirror = random.Random(seed), Mirror()
    day = Day(vision, chance)
    with feed(vision.url, window=20) as plant:
        for _ in range(40):
            day.anything()
            if chance.random() < 0.6:
                mirror.apply(plant.tick())
        drain(plant, mirror)
    assert mirror.triggers == held(vision, "Triggers", "part_instance")
    assert mirror.defects == held(vision, "Defects", "image", "x")


@pytest.mark.parametrize("seed", range(2))
def test_restarts_lose_nothing(vision: VisionSystem, seed: int) -> None:
    chance, mirror, position = random.Random(seed), Mirror(), None
    vision.part()
    for _ in range(6):
        with feed(vision.url, position, window=20) as plant:
            drain(plant, mirror)
            vision.part(defects=chance.randint(0, 3))
            batch = plant.tick()
        mirror.apply(batch)
        position = batch.position
        vision.part()
    with feed(vision.url, position) as plant:
        drain(plant, mirror)
    assert mirror.triggers == held(vision, "Triggers", "part_instance")
    assert mirror.defects == held(vision, "Defects", "image", "x")


def drain(plant: Feed, mirror: Mirror) -> None:
    batch = plant.tick()
    mirror.apply(batch)
    while batch.more:
        batch = plant.tick()
        mirror.apply(batch)


def held(vision: VisionSystem, table: str, *columns: str) -> dict[tuple[int, int], object]:
    """What the plant holds; everything is of the first generation."""
    with vision.writing() as connection:
        rows = connection.execute(text(f'SELECT id, {", ".join(columns)} FROM "{table}"'))
        return {(1, row[0]): row[1] if len(columns) == 1 else tuple(row[1:]) for row in rows}
