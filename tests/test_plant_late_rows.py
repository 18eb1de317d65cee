"""Rows that come late, change or go: nothing is lost, nothing is told twice."""

import math
import random
import threading
from itertools import pairwise

import psycopg2
import pytest
from sqlalchemy import create_engine

from hmi.plant.feed import Feed
from hmi.plant.gaps import Gaps
from tests import plants
from tests.plants import VisionSystem, feed, ids

vision = plants.vision
lite_vision = plants.lite_vision
pg_vision = plants.pg_vision


def test_a_row_that_commits_late_comes_when_it_commits(pg_vision: VisionSystem) -> None:
    engine = create_engine(pg_vision.url.replace("postgresql://", "postgresql+psycopg2://"))
    pg_vision.part()
    with feed(pg_vision.url) as plant:
        plant.tick()
        with engine.connect() as slow:
            late = pg_vision.part_in(slow)
            quick = pg_vision.part()
            assert ids(plant.tick().triggers) == [quick]
            slow.commit()
        batch = plant.tick()
    engine.dispose()
    assert ids(batch.triggers) == [late]
    assert {image.trigger for image in batch.images} == {late}
    assert len(batch.defects) == 10


@pytest.mark.parametrize("seed", range(3))
def test_every_row_of_many_writers_is_seen_exactly_once(pg_vision: VisionSystem, seed: int) -> None:
    """Eight writers commit one to twenty rows at a time, in any order; some roll back."""
    with feed(pg_vision.url, window=200) as plant:
        plant.tick()
        writers = [threading.Thread(target=_scatter, args=(pg_vision.url, f"{seed}-{n}")) for n in range(8)]
        for writer in writers:
            writer.start()
        seen: list[int] = []
        while any(writer.is_alive() for writer in writers):
            seen += ids(plant.tick().defects)
        seen += _drained(plant)
    assert sorted(seen) == pg_vision.ids("Defects")
    assert len(seen) > 500


def _scatter(url: str, seed: str) -> None:
    chance = random.Random(seed)
    connection = psycopg2.connect(url)
    with connection.cursor() as cursor:
        for _ in range(20):
            for _ in range(chance.randint(1, 20)):
                cursor.execute('INSERT INTO "Defects" (image, x) VALUES (1, 1)')
            connection.rollback() if chance.random() < 0.2 else connection.commit()
    connection.close()


def _drained(plant: Feed) -> list[int]:
    seen: list[int] = []
    batch = plant.tick()
    seen += ids(batch.defects)
    while batch.more:
        batch = plant.tick()
        seen += ids(batch.defects)
    return seen


def test_ids_that_stay_away_are_forgotten_after_a_while(vision: VisionSystem) -> None:
    vision.part()
    with feed(vision.url, missing_s=0, tail_s=0) as plant:
        plant.tick()
        vision.run("INSERT INTO \"Triggers\" (id, part_instance) VALUES (100, 'S')")
        plant.tick()
        vision.run("INSERT INTO \"Triggers\" (id, part_instance) VALUES (50, 'S')")
        plant.tick()
        assert not plant.tick().triggers


def test_a_jump_of_the_ids_is_one_question_not_a_billion(vision: VisionSystem) -> None:
    vision.part()
    with feed(vision.url) as plant:
        plant.tick()
        vision.run("INSERT INTO \"Triggers\" (id, part_instance) VALUES (1000000000, 'S')")
        plant.tick()
        vision.run("INSERT INTO \"Triggers\" (id, part_instance) VALUES (7, 'S'), (500000000, 'S')")
        assert ids(plant.tick().triggers) == [7, 500000000]


def test_a_changed_row_comes_again_and_only_then(vision: VisionSystem) -> None:
    vision.part()
    with feed(vision.url) as plant:
        plant.tick()
        vision.run('UPDATE "Defects" SET x = 999 WHERE id = 3')
        (changed,) = plant.tick().defects
        assert not plant.tick().defects
    assert (changed.id, changed.x) == (3, 999)


def test_a_nan_does_not_look_like_a_change(pg_vision: VisionSystem) -> None:
    pg_vision.part(images=1, defects=1)
    pg_vision.run("UPDATE \"Defects\" SET confidence = 'NaN'")
    with feed(pg_vision.url) as plant:
        assert math.isnan(plant.tick().defects[0].confidence)
        assert not plant.tick().defects


def test_a_deleted_row_is_gone_once_and_may_come_back(vision: VisionSystem) -> None:
    vision.part()
    vision.part()
    with feed(vision.url) as plant:
        plant.tick()
        vision.run('DELETE FROM "Defects" WHERE id = 3')
        assert plant.tick().gone_defects == ((1, 3),)
        assert not plant.tick().gone_defects
        vision.run('INSERT INTO "Defects" (id, image, x) VALUES (3, 2, 5)')
        assert ids(plant.tick().defects) == [3]


def test_images_and_triggers_can_go_too(vision: VisionSystem) -> None:
    vision.part()
    vision.part()
    with feed(vision.url) as plant:
        plant.tick()
        vision.run('DELETE FROM "Images" WHERE id = 2', 'DELETE FROM "Triggers" WHERE id = 1')
        batch = plant.tick()
    assert (batch.gone_triggers, batch.gone_images, batch.rewound) == (((1, 1),), ((1, 2),), False)


def test_ids_that_are_used_again_after_a_deletion_at_the_end_are_read_again(vision: VisionSystem) -> None:
    vision.part(images=1, defects=9)
    with feed(vision.url) as plant:
        plant.tick()
        vision.run('DELETE FROM "Defects" WHERE id > 7')
        assert plant.tick().gone_defects == ((1, 8), (1, 9))
        vision.run('INSERT INTO "Defects" (id, image, x) VALUES (8, 1, 77)')
        batch = plant.tick()
    assert [(row.id, row.x) for row in batch.defects] == [(8, 77)]


def test_a_row_outside_the_tail_is_left_alone(vision: VisionSystem) -> None:
    vision.part()
    with feed(vision.url, tail_s=0) as plant:
        plant.tick()
        plant.tick()
        vision.run('DELETE FROM "Defects" WHERE id = 3')
        assert not plant.tick().gone_defects


def test_a_restart_finds_what_committed_while_it_was_down(pg_vision: VisionSystem) -> None:
    engine = create_engine(pg_vision.url.replace("postgresql://", "postgresql+psycopg2://"))
    with feed(pg_vision.url) as plant, engine.connect() as slow:
        pg_vision.part()
        plant.tick()
        late = pg_vision.part_in(slow)
        pg_vision.part()
        position = plant.tick().position
        slow.commit()
    engine.dispose()
    with feed(pg_vision.url, position) as plant:
        batch = plant.tick()
    assert late in ids(batch.triggers)
    assert {late} <= {image.trigger for image in batch.images}


def test_gaps_stay_apart_whatever_is_filled() -> None:
    chance = random.Random(4)
    gaps, missing, high = Gaps(), set[int](), 0
    for _ in range(300):
        newest = high + chance.randint(1, 9)
        gaps.add(high + 1, newest - 1, now_s=0)
        missing |= set(range(high + 1, newest))
        high = newest
        for row_id in chance.sample(range(1, high + 1), min(high, 5)):
            gaps.fill(row_id, 0.0)
            missing.discard(row_id)
    assert {row_id for gap in gaps for row_id in range(gap.first, gap.last + 1)} == missing
    assert all(earlier.last < later.first for earlier, later in pairwise(gaps))


def test_too_many_gaps_cost_the_oldest_ones() -> None:
    gaps = Gaps(most=10)
    for number in range(100):
        gaps.add(number * 10, number * 10 + 5, now_s=0)
    assert [gap.first for gap in gaps] == [number * 10 for number in range(90, 100)]
