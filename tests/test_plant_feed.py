"""The feed on a quiet day: what a tick brings, what it does not bring twice, how it goes on after a stop."""

import json
import time

from sqlalchemy import text

from hmi.plant.feed import FIRST_PARTS
from tests import plants
from tests.plants import VisionSystem, feed, ids

vision = plants.vision
lite_vision = plants.lite_vision
pg_vision = plants.pg_vision


def test_the_first_tick_brings_the_newest_parts_whole(vision: VisionSystem) -> None:
    triggers = [vision.part() for _ in range(30)]
    with feed(vision.url) as plant:
        batch = plant.tick()
    assert ids(batch.triggers) == triggers[-FIRST_PARTS:]
    assert {image.trigger for image in batch.images} == set(triggers[-FIRST_PARTS:])
    assert len(batch.images) == 5 * FIRST_PARTS
    assert len(batch.defects) == 10 * FIRST_PARTS
    assert batch.position["backfill_before"] == triggers[-FIRST_PARTS]


def test_a_new_part_comes_once(vision: VisionSystem) -> None:
    vision.part()
    with feed(vision.url) as plant:
        plant.tick()
        trigger = vision.part("38A25 RFML3P 7006 MC", defects=3)
        batch = plant.tick()
        again = plant.tick()
    (row,) = batch.triggers
    assert (row.id, row.part_instance, row.part) == (trigger, "38A25 RFML3P 7006 MC", "39MC")
    assert (len(batch.images), len(batch.defects)) == (5, 15)
    assert (again.triggers, again.images, again.defects, again.gone_defects) == ((), (), (), ())


def test_an_empty_plant_is_no_fault_and_its_first_part_comes(vision: VisionSystem) -> None:
    with feed(vision.url) as plant:
        empty = plant.tick()
        trigger = vision.part()
        assert ids(plant.tick().triggers) == [trigger]
    assert empty.position["backfill_before"] is None
    assert not empty.triggers


def test_times_come_in_utc(vision: VisionSystem) -> None:
    vision.part()
    with feed(vision.url) as plant:
        (trigger,) = plant.tick().triggers
    assert trigger.timestamp == plants.START
    assert trigger.timestamp.utcoffset().total_seconds() == 0


def test_a_full_window_asks_for_more_and_loses_nothing(vision: VisionSystem) -> None:
    with feed(vision.url, window=10) as plant:
        plant.tick()
        triggers = [vision.part() for _ in range(12)]
        batches = [plant.tick()]
        while batches[-1].more:
            assert plant.delay_s == 0
            batches.append(plant.tick())
    assert [row.id for batch in batches for row in batch.triggers] == triggers
    assert sum(len(batch.defects) for batch in batches) == 120


def test_a_suppression_comes_and_goes(vision: VisionSystem) -> None:
    vision.part()
    with feed(vision.url) as plant:
        defect = plant.tick().defects[0].id
        vision.run(f'INSERT INTO "Suppressed_Defects" (id, defect, suppressed_by) VALUES (7, {defect}, 1)')
        (came,) = plant.tick().suppressions
        vision.run('DELETE FROM "Suppressed_Defects"')
        (gone,) = plant.tick().gone_suppressions
    assert (came.id, came.defect, came.defect_generation) == (7, defect, 1)
    assert gone == came


def test_a_suppression_that_names_no_defect_any_more_is_gone(vision: VisionSystem) -> None:
    vision.part()
    vision.run('INSERT INTO "Suppressed_Defects" (id, defect) VALUES (7, 1)')
    with feed(vision.url) as plant:
        plant.tick()
        vision.run('UPDATE "Suppressed_Defects" SET defect = NULL')
        batch = plant.tick()
    assert not batch.suppressions
    assert [(row.id, row.defect) for row in batch.gone_suppressions] == [(7, None)]


def test_a_suppressed_defect_is_marked(vision: VisionSystem) -> None:
    vision.part(images=1, defects=2)
    vision.run("UPDATE \"Defects\" SET supression_timestamp = '2025-05-08 10:00:00' WHERE id = 1")
    with feed(vision.url) as plant:
        assert [defect.suppressed for defect in plant.tick().defects] == [True, False]


def test_only_our_own_metadata_is_taken(vision: VisionSystem) -> None:
    vision.part(images=1, defects=3)
    vision.run(
        """UPDATE "Defects" SET metadata = '{"vendor": 1, "hmi": {"decision": "d-1"}}' WHERE id = 1""",
        """UPDATE "Defects" SET metadata = '{"vendor": {"decision": "d-1"}}' WHERE id = 2""",
        """UPDATE "Defects" SET metadata = '["hmi"]' WHERE id = 3""",
    )
    with feed(vision.url) as plant:
        assert [row.hmi_metadata for row in plant.tick().defects] == [{"decision": "d-1"}, None, None]


def test_small_tables_come_whole_and_fit_into_json(vision: VisionSystem) -> None:
    vision.run(
        """INSERT INTO "Part_Information" (id, job_num, length) VALUES (1, '39MC', 12.5)""",
        """INSERT INTO "Current_Part" (id, timestamp, part) VALUES (1, '2025-05-08 13:00:00+00', '39MC')""",
        """INSERT INTO "Outflow" (id, job_num, job_start) VALUES (1, 39, '2025-05-08 06:00:00')""",
    )
    with feed(vision.url) as plant:
        tables = plant.tick().tables
        assert not plant.tick().tables
    assert [row["serial_number"] for row in tables["Cameras"]] == list(plants.CAMERA_SERIALS)
    assert tables["Part_Information"][0]["length"] == 12.5
    assert tables["Current_Part"][0]["timestamp"] == "2025-05-08T13:00:00+00:00"
    assert tables["Outflow"][0]["job_start"] == "2025-05-08T06:00:00"
    assert json.loads(json.dumps(tables))


def test_hand_inspections_come_once(vision: VisionSystem) -> None:
    with feed(vision.url, minute_s=0) as plant:
        plant.tick()
        vision.run("""INSERT INTO "HumanInspect" (id, serial_no, pass_fail) VALUES (1, 'S1', 'F')""")
        (row,) = plant.tick().human_inspections
        assert not plant.tick().human_inspections
    assert (row["id"], row["serial_no"], row["pass_fail"]) == (1, "S1", "F")


def test_a_restart_goes_on_where_it_stopped(vision: VisionSystem) -> None:
    vision.part()
    with feed(vision.url) as plant:
        position = json.loads(json.dumps(plant.tick().position))
    trigger = vision.part()
    with feed(vision.url, position) as plant:
        batch = plant.tick()
    assert trigger in ids(batch.triggers)
    assert not batch.rewound
    assert batch.position["backfill_before"] == position["backfill_before"]
    assert batch.position["watched_s"] == position["watched_s"]


def test_a_sweep_brings_decided_rows_again_and_tells_which_are_gone(vision: VisionSystem) -> None:
    vision.part(images=1, defects=3)
    with feed(vision.url) as plant:
        plant.tick()
        vision.run(
            "UPDATE \"Defects\" SET disposition = 'Scrap' WHERE id = 1", 'DELETE FROM "Defects" WHERE id = 2'
        )
        batch = plant.sweep([(1, 1), (1, 2), (1, 3), (2, 3)])
    assert {row.id: row.disposition for row in batch.defects} == {1: "Scrap", 3: None}
    assert batch.gone_defects == ((1, 2),)


def test_a_sweep_of_suppressions_tells_which_are_gone_or_point_elsewhere(vision: VisionSystem) -> None:
    vision.part()
    rows = ", ".join(f"({number}, {number})" for number in (1, 2, 3, 4))
    vision.run(f'INSERT INTO "Suppressed_Defects" (id, defect) VALUES {rows}')
    with feed(vision.url) as plant:
        plant.tick()
        vision.run(
            'DELETE FROM "Suppressed_Defects" WHERE id = 2',
            'UPDATE "Suppressed_Defects" SET defect = 9 WHERE id = 3',
            'UPDATE "Suppressed_Defects" SET defect = NULL WHERE id = 4',
        )
        batch = plant.sweep_suppressions([1, 2, 3, 4])
    assert {row.id: row.defect for row in batch.suppressions} == {1: 1, 3: 9}
    assert {row.id: row.defect for row in batch.gone_suppressions} == {2: None, 4: None}


def test_the_clock_of_the_server_is_compared(pg_vision: VisionSystem) -> None:
    with feed(pg_vision.url) as plant:
        skew_s = plant.tick().clock_skew_s
    assert skew_s is not None
    assert abs(skew_s) < 1


def test_nothing_is_created_in_the_plant(pg_vision: VisionSystem) -> None:
    def objects() -> list[tuple[str, str]]:
        sql = "SELECT relname, relkind::text FROM pg_class WHERE relname NOT LIKE 'pg_toast%' ORDER BY 1, 2"
        with pg_vision.writing() as connection:
            return [tuple(row) for row in connection.execute(text(sql))]

    pg_vision.part()
    before = objects()
    with feed(pg_vision.url, minute_s=0) as plant:
        plant.tick()
        plant.sweep([(1, 1)])
        plant.tick()
    assert objects() == before


def test_time_stands_still_while_the_feed_is_behind(vision: VisionSystem) -> None:
    with feed(vision.url, window=20) as plant:
        plant.tick()
        for _ in range(12):
            vision.part()
        batches = [plant.tick()]
        while batches[-1].more:
            time.sleep(0.05)
            batches.append(plant.tick())
    assert len(batches) > 3
    assert batches[-1].began_s - batches[0].began_s < 0.02
