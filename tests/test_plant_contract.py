"""The plant's schema drifts: what can be done without is named and read as None, else the feed stops."""

import pytest

from hmi.plant.database import PlantUnavailable
from hmi.plant.feed import Feed
from hmi.plant.rows import Batch
from tests import plants
from tests.plants import VisionSystem, feed

vision = plants.vision
lite_vision = plants.lite_vision
pg_vision = plants.pg_vision


def after(plant: Feed, vision: VisionSystem, *statements: str) -> Batch:
    """The tick after the vendor changed the schema under a running feed and wrote a part."""
    vision.part()
    plant.tick()
    vision.run(*statements)
    vision.run(
        "INSERT INTO \"Triggers\" (id, timestamp, part_instance) VALUES (70, '2025-05-08 12:00+00', 'S70')",
        "INSERT INTO \"Images\" (id, trigger, camera, image) VALUES (70, 70, 'CAM1', 'E:\\images/70.jpg')",
        'INSERT INTO "Defects" (id, image, x, y, width, height) VALUES (70, 70, 1, 2, 3, 4)',
    )
    return plant.tick()


def test_the_plant_as_it_should_be_lacks_nothing(vision: VisionSystem) -> None:
    with feed(vision.url) as plant:
        batch = plant.tick()
    assert (batch.absent, batch.remarks) == ((), ())


@pytest.mark.parametrize("table", ["Triggers", "Images", "Defects"])
def test_a_column_on_top_is_nobodys_business(vision: VisionSystem, table: str) -> None:
    with feed(vision.url, minute_s=0) as plant:
        batch = after(plant, vision, f'ALTER TABLE "{table}" ADD COLUMN extra text')
    assert (batch.absent, batch.remarks) == ((), ())
    assert len(batch.defects) == 1


DISPENSABLE = {
    'ALTER TABLE "Defects" DROP COLUMN confidence': "Defects.confidence",
    'ALTER TABLE "Defects" RENAME COLUMN type TO kind': "Defects.type",
    'ALTER TABLE "Defects" RENAME COLUMN supression_timestamp TO spelt': "Defects.supression_timestamp",
    'ALTER TABLE "Defects" DROP COLUMN metadata': "Defects.metadata",
    'ALTER TABLE "Images" DROP COLUMN media_id': "Images.media_id",
    'ALTER TABLE "Triggers" RENAME COLUMN belt TO band': "Triggers.belt",
    'DROP TABLE "Suppressed_Defects"': "Suppressed_Defects",
    'ALTER TABLE "Outflow" RENAME TO "Outflow_old"': "Outflow",
}


@pytest.mark.parametrize("statement", DISPENSABLE)
def test_what_can_be_done_without_is_named_and_the_rest_goes_on(vision: VisionSystem, statement: str) -> None:
    with feed(vision.url, minute_s=0) as plant:
        batch = after(plant, vision, statement)
    assert batch.absent == (DISPENSABLE[statement],)
    (new,) = (row for row in batch.defects if row.id == 70)
    assert (new.x, new.y, new.width, new.height, new.suppressed, new.confidence) == (1, 2, 3, 4, False, None)


ESSENTIAL = {
    'ALTER TABLE "Defects" RENAME COLUMN x TO "left"': "Defects.x",
    'ALTER TABLE "Defects" RENAME COLUMN image TO image_id': "Defects.image",
    'ALTER TABLE "Images" RENAME COLUMN camera TO camera_serial': "Images.camera",
    'ALTER TABLE "Triggers" RENAME COLUMN timestamp TO at': "Triggers.timestamp",
    'ALTER TABLE "Triggers" RENAME TO triggers_2': "Triggers",
}


@pytest.mark.parametrize("statement", ESSENTIAL)
def test_what_is_essential_stops_the_feed_with_its_name(vision: VisionSystem, statement: str) -> None:
    vision.part()
    with feed(vision.url) as plant:
        plant.tick()
        vision.run(statement)
        with pytest.raises(PlantUnavailable) as raised:
            plant.tick()
    assert raised.value.kind == "schema"
    assert ESSENTIAL[statement] in str(raised.value)
    assert plant.delay_s >= 1


TYPES = {
    'ALTER TABLE "Defects" ALTER x TYPE text': "Defects.x is text, expected integer",
    'ALTER TABLE "Defects" ALTER width TYPE real': "Defects.width is real, expected integer",
    'ALTER TABLE "Defects" ALTER metadata TYPE text': "Defects.metadata is text, expected json",
    'ALTER TABLE "Triggers" ALTER part_instance TYPE bytea USING part_instance::bytea': (
        "Triggers.part_instance is bytea, expected text"
    ),
    'ALTER TABLE "Triggers" ALTER timestamp TYPE timestamp': (
        "Triggers.timestamp is timestamp without time zone, expected timestamp with time zone"
    ),
}


@pytest.mark.parametrize("statement", TYPES)
def test_another_type_is_named_and_read_as_well_as_possible(pg_vision: VisionSystem, statement: str) -> None:
    with feed(pg_vision.url, minute_s=0) as plant:
        batch = after(plant, pg_vision, statement)
    assert batch.remarks == (TYPES[statement],)
    assert [(row.x, row.y, row.width, row.height) for row in batch.defects if row.id == 70] == [(1, 2, 3, 4)]
    assert [row.part_instance for row in batch.triggers if row.id == 70] == ["S70"]
    assert all(row.timestamp is not None for row in batch.triggers)


def test_a_narrower_id_is_as_good(pg_vision: VisionSystem) -> None:
    with feed(pg_vision.url, minute_s=0) as plant:
        batch = after(plant, pg_vision, 'ALTER TABLE "Defects" ALTER id TYPE int')
    assert batch.remarks == ()
    assert len(batch.defects) == 1


def test_an_id_that_is_no_number_stops_the_feed(pg_vision: VisionSystem) -> None:
    pg_vision.run('ALTER TABLE "Images" ALTER trigger TYPE text')
    with feed(pg_vision.url) as plant, pytest.raises(PlantUnavailable, match=r"Images\.trigger is text"):
        plant.tick()


def test_a_drift_in_the_middle_of_a_minute_costs_no_tick(pg_vision: VisionSystem) -> None:
    with feed(pg_vision.url) as plant:
        batch = after(plant, pg_vision, 'ALTER TABLE "Defects" DROP COLUMN confidence')
    assert batch.absent == ("Defects.confidence",)
    assert [row.id for row in batch.triggers] == [70]


def test_a_column_that_comes_back_is_read_again(vision: VisionSystem) -> None:
    vision.run('ALTER TABLE "Defects" RENAME COLUMN confidence TO score')
    with feed(vision.url, minute_s=0) as plant:
        assert plant.tick().absent == ("Defects.confidence",)
        vision.run('ALTER TABLE "Defects" RENAME COLUMN score TO confidence')
        vision.part()
        batch = plant.tick()
    assert batch.absent == ()
    assert {round(row.confidence or 0, 2) for row in batch.defects} == {0.9}


def test_a_table_of_the_vision_systems_own_is_not_missed(vision: VisionSystem) -> None:
    vision.run("DROP TABLE processed_files")
    with feed(vision.url) as plant:
        batch = plant.tick()
    assert batch.absent == ()
    assert batch.remarks == ("processed_files is missing",)
