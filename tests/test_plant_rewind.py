"""The plant database is set back to an older state: a new generation begins, and history stays."""

from datetime import timedelta

import pytest

from hmi.plant.generations import Generations
from tests import plants
from tests.plants import VisionSystem, feed, ids

vision = plants.vision
lite_vision = plants.lite_vision
pg_vision = plants.pg_vision

TABLES = {"Triggers": 1, "Images": 5, "Defects": 10}  # rows that one part has in each


def restore(vision: VisionSystem, parts: int) -> None:
    """To the state after so many parts; sequences as a dump has them."""
    for table, rows in TABLES.items():
        vision.run(f'DELETE FROM "{table}" WHERE id > {parts * rows}')
        if vision.url.startswith("postgresql"):
            vision.run(
                f"SELECT setval('\"{table}_id_seq\"', {max(1, parts * rows)}, {str(parts > 0).lower()})"
            )


def test_after_a_restore_new_parts_belong_to_a_new_generation(vision: VisionSystem) -> None:
    for _ in range(10):
        vision.part()
    with feed(vision.url) as plant:
        plant.tick()
        restore(vision, 4)
        rewound = plant.tick()
        trigger = vision.part("new")
        batch = plant.tick()
    assert rewound.rewound
    assert (rewound.gone_triggers, rewound.gone_images, rewound.gone_defects) == ((), (), ())
    assert [(row.generation, row.id, row.part_instance) for row in batch.triggers] == [(2, trigger, "new")]
    assert {(row.generation, row.trigger_generation) for row in batch.images} == {(2, 2)}
    assert {(row.generation, row.image_generation) for row in batch.defects} == {(2, 2)}
    assert not batch.rewound


def test_rows_from_before_the_restore_keep_their_generation(vision: VisionSystem) -> None:
    for _ in range(10):
        vision.part()
    with feed(vision.url) as plant:
        plant.tick()
        restore(vision, 4)
        batch = plant.tick()
    assert {row.generation for row in (*batch.triggers, *batch.images, *batch.defects)} == {1}
    assert ids(batch.triggers) == [1, 2, 3, 4]


def test_parts_written_before_the_restore_was_noticed_are_new_ones(vision: VisionSystem) -> None:
    for _ in range(10):
        vision.part()
    with feed(vision.url) as plant:
        plant.tick()
        restore(vision, 4)
        vision.part("early", timestamp=plants.START + timedelta(hours=1))
        batch = plant.tick()
    assert batch.rewound
    assert [(row.generation, row.id) for row in batch.triggers if row.part_instance == "early"] == [(2, 5)]
    assert {row.generation for row in batch.images if row.trigger == 5} == {2}
    assert {row.generation for row in batch.defects if row.id > 40} == {2}
    assert {row.generation for row in batch.triggers if row.id < 5} == {1}


@pytest.mark.parametrize("window", [5000, 60])
def test_however_late_the_restore_is_noticed_every_part_after_it_is_read(
    vision: VisionSystem, window: int
) -> None:
    """More of them than a start reads as new: the reader of the past leaves them all to the feed."""
    for _ in range(60):
        vision.part()
    triggers, images, defects = set(), set(), set()
    with feed(vision.url, window=window) as plant:
        while plant.tick().more:
            pass
        restore(vision, 5)
        for _ in range(35):
            vision.part()
        batch = plant.tick()
        assert batch.rewound
        while True:
            triggers |= {(row.generation, row.id) for row in batch.triggers}
            images |= {(row.generation, row.id) for row in batch.images}
            defects |= {(row.generation, row.id) for row in batch.defects}
            if not batch.more:
                break
            batch = plant.tick()
            assert not batch.rewound
    assert triggers >= {(2, number) for number in range(6, 41)}
    assert images >= {(2, number) for number in range(26, 201)}
    assert defects >= {(2, number) for number in range(51, 401)}


def test_a_restore_while_the_feed_was_down_is_noticed_at_its_start(vision: VisionSystem) -> None:
    for _ in range(10):
        vision.part()
    with feed(vision.url) as plant:
        position = plant.tick().position
    restore(vision, 4)
    with feed(vision.url, position) as plant:
        batch = plant.tick()
        vision.part()
        assert {row.generation for row in plant.tick().triggers} == {2}
    assert batch.rewound
    assert batch.position["generations"] == [
        {"Triggers": 4, "Images": 20, "Defects": 40, "Suppressed_Defects": 0}
    ]


def test_generations_survive_a_restart(vision: VisionSystem) -> None:
    for _ in range(10):
        vision.part()
    with feed(vision.url) as plant:
        plant.tick()
        restore(vision, 4)
        position = plant.tick().position
    vision.part()
    with feed(vision.url, position) as plant:
        batch = plant.tick()
    assert not batch.rewound
    assert {row.id: row.generation for row in batch.triggers} == {1: 1, 2: 1, 3: 1, 4: 1, 5: 2}


def test_an_emptied_plant_begins_a_generation(vision: VisionSystem) -> None:
    vision.part()
    with feed(vision.url) as plant:
        plant.tick()
        restore(vision, 0)
        assert plant.tick().rewound
        vision.part()
        assert [(row.generation, row.id) for row in plant.tick().triggers] == [(2, 1)]


def test_truncate_is_noticed(pg_vision: VisionSystem) -> None:
    pg_vision.part()
    with feed(pg_vision.url) as plant:
        plant.tick()
        pg_vision.run('TRUNCATE "Defects", "Images", "Triggers" RESTART IDENTITY')
        assert plant.tick().rewound
        assert not plant.tick().rewound


def test_defects_alone_can_begin_again(pg_vision: VisionSystem) -> None:
    pg_vision.part()
    with feed(pg_vision.url) as plant:
        plant.tick()
        pg_vision.run('TRUNCATE "Defects" RESTART IDENTITY')
        assert plant.tick().rewound
        defect = pg_vision.defect(1)
        assert [(row.generation, row.id) for row in plant.tick().defects] == [(2, defect)]


def test_the_newest_part_deleted_is_gone_where_the_ids_go_on(pg_vision: VisionSystem) -> None:
    pg_vision.part()
    pg_vision.part()
    with feed(pg_vision.url) as plant:
        plant.tick()
        pg_vision.run('DELETE FROM "Triggers" WHERE id = 2')
        batch = plant.tick()
        assert ids(plant.tick().triggers) == []
        assert pg_vision.part() == 3
        assert {row.generation for row in plant.tick().triggers} == {1}
    assert (batch.rewound, batch.gone_triggers) == (False, ((1, 2),))


@pytest.mark.parametrize(
    ("row_id", "generation"), [(300, 1), (700, 3), (1200, 3), (None, 3)], ids=["old", "reused", "far", "none"]
)
def test_a_row_belongs_to_the_newest_generation_that_begins_below_it(
    row_id: int | None, generation: int
) -> None:
    generations = Generations(({"Triggers": 1000}, {"Triggers": 500}))
    assert generations.of("Triggers", row_id) == generation


def test_a_small_step_back_keeps_the_rows_of_the_middle_generation() -> None:
    generations = Generations(({"Triggers": 1000}, {"Triggers": 1500}))
    assert [generations.of("Triggers", row_id) for row_id in (900, 1200, 1600)] == [1, 2, 3]
    assert Generations.from_json(generations.to_json()) == generations
