"""The past is read newest first, complete, and by primary key alone."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import insert

from hmi.plant.past import PastReader
from hmi.plant.rows import Batch
from hmi.plant.tables import DEFECTS, IMAGES, TRIGGERS
from tests import plants
from tests.plants import CAMERA_SERIALS, START, VisionSystem, database, feed_settings, ids

vision = plants.vision
lite_vision = plants.lite_vision
pg_vision = plants.pg_vision


def shuffled_plant(vision: VisionSystem, parts: int, step: int = 1, spread: int = 40) -> None:
    """Parts whose images and defects have ids that only roughly follow their parents'."""
    chance = random.Random(parts)
    triggers = range(step, parts * step + 1, step)
    images = _shuffled(
        [{"trigger": trigger, "camera": camera} for trigger in triggers for camera in CAMERA_SERIALS],
        chance,
        spread,
    )
    images = [{"id": number * step, **image} for number, image in enumerate(images, 1)]
    defects = _shuffled(
        [{"image": image["id"], "x": 1} for image in images for _ in range(chance.randint(0, 4))],
        chance,
        spread,
    )
    with vision.writing() as connection:
        rows = [{"id": trigger, "timestamp": START + timedelta(minutes=trigger)} for trigger in triggers]
        connection.execute(insert(TRIGGERS), rows)
        connection.execute(insert(IMAGES), images)
        connection.execute(
            insert(DEFECTS), [{"id": number * step, **row} for number, row in enumerate(defects, 1)]
        )


def _shuffled(rows: list[dict[str, object]], chance: random.Random, spread: int) -> list[dict[str, object]]:
    order = sorted(range(len(rows)), key=lambda place: place + chance.uniform(0, spread))
    return [rows[place] for place in order]


def read_all(reader: PastReader, before: int | None, parts: int) -> list[Batch]:
    batches = [reader.read(before, parts)]
    while batches[-1].more:
        batches.append(reader.read(min(ids(batches[-1].triggers)), parts))
    return batches


@pytest.mark.parametrize("step", [1, 10], ids=["dense ids", "every tenth id"])
def test_every_part_comes_complete_in_one_batch(vision: VisionSystem, step: int) -> None:
    shuffled_plant(vision, 120, step)
    with_database = database(vision.url)
    batches = read_all(PastReader(with_database, feed_settings(window=50)), None, 13)
    with vision.writing() as connection:
        image_of = {row.id: row.image for row in connection.execute(DEFECTS.select())}
        trigger_of = {row.id: row.trigger for row in connection.execute(IMAGES.select())}
    for batch in batches:
        ours = set(ids(batch.triggers))
        assert {row for row, trigger in trigger_of.items() if trigger in ours} <= set(ids(batch.images))
        assert {row for row, image in image_of.items() if trigger_of[image] in ours} <= set(
            ids(batch.defects)
        )
    with_database.close()


def test_the_past_comes_newest_first_and_every_trigger_once(vision: VisionSystem) -> None:
    shuffled_plant(vision, 50)
    plant = database(vision.url)
    batches = read_all(PastReader(plant, feed_settings()), 41, 7)
    assert [ids(batch.triggers) for batch in batches][:2] == [list(range(34, 41)), list(range(27, 34))]
    assert sorted(trigger for batch in batches for trigger in ids(batch.triggers)) == list(range(1, 41))
    assert all(batch.past for batch in batches)
    plant.close()


def test_rows_without_parents_come_too_in_the_end(vision: VisionSystem) -> None:
    shuffled_plant(vision, 30)
    vision.run(
        'UPDATE "Defects" SET image = NULL WHERE id IN (1, 30)',
        'UPDATE "Images" SET trigger = 9999 WHERE id = 3',
    )
    plant = database(vision.url)
    batches = read_all(PastReader(plant, feed_settings()), None, 7)
    assert {row for batch in batches for row in ids(batch.images)} == set(vision.ids("Images"))
    assert {row for batch in batches for row in ids(batch.defects)} == set(vision.ids("Defects"))
    plant.close()


def test_suppressions_come_with_their_defects(vision: VisionSystem) -> None:
    shuffled_plant(vision, 30)
    vision.run('INSERT INTO "Suppressed_Defects" (id, defect) VALUES (1, 3), (2, 9), (3, 40)')
    plant = database(vision.url)
    batches = read_all(PastReader(plant, feed_settings()), None, 30)
    assert [(row.id, row.defect) for row in batches[0].suppressions] == [(1, 3), (2, 9), (3, 40)]
    plant.close()


def test_an_empty_plant_has_no_past(vision: VisionSystem) -> None:
    plant = database(vision.url)
    reader = PastReader(plant, feed_settings())
    batch = reader.read(None, 20)
    assert (batch.triggers, batch.more, batch.past) == ((), False, True)
    assert reader.trigger_before(START) == 0
    plant.close()


def test_the_past_of_a_restored_plant_ends_where_the_new_generation_begins(vision: VisionSystem) -> None:
    shuffled_plant(vision, 10)
    position = {"generations": [{"Triggers": 6, "Images": 30, "Defects": 40}]}
    plant = database(vision.url)
    batch = PastReader(plant, feed_settings(), position).read(9, 10)
    assert [(row.generation, row.id) for row in batch.triggers] == [(1, number) for number in range(1, 7)]
    plant.close()


def test_a_date_is_found_among_wrong_clocks(vision: VisionSystem) -> None:
    shuffled_plant(vision, 400)
    vision.run('UPDATE "Triggers" SET timestamp = NULL WHERE id IN (100, 150, 151)')
    vision.run("UPDATE \"Triggers\" SET timestamp = '2090-01-01 00:00:00+00:00' WHERE id = 200")
    plant = database(vision.url)
    reader = PastReader(plant, feed_settings())
    found = reader.trigger_before(START + timedelta(minutes=300, seconds=1))
    assert abs(found - 300) <= 25
    assert reader.trigger_before(START - timedelta(days=1)) <= 25
    assert reader.trigger_before(START + timedelta(days=9)) == 400
    plant.close()


def test_no_read_of_the_past_walks_through_a_whole_table(pg_vision: VisionSystem) -> None:
    shuffled_plant(pg_vision, 3_000, spread=20)
    plant = database(pg_vision.url)
    reader = PastReader(plant, feed_settings(window=50))
    before = _rows_read(pg_vision)
    reader.read(1_500, 5)
    plant.close()
    assert _rows_read(pg_vision) - before < 12_000


def _rows_read(vision: VisionSystem) -> int:
    vision.run("SELECT pg_stat_force_next_flush()")
    with vision.writing() as connection:
        sql = "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables"
        return int(connection.exec_driver_sql(sql).scalar_one())
