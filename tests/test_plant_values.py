"""Odd values in the plant's rows: none of them stops a read."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import psycopg2
import pytest

from hmi.plant import values
from hmi.plant.tables import DEFECTS, TRIGGERS
from tests import plants
from tests.plants import VisionSystem, database, feed
from tests.postgres import PostgresServer

lite_vision = plants.lite_vision
pg_vision = plants.pg_vision

ODD_TIMES = (
    *("NULL", "'infinity'", "'-infinity'", "'0001-01-01 00:00:00+00'", "'0044-03-15 12:00:00+00 BC'"),
    *("'9999-12-31 23:59:59+00'", "'1970-01-01 00:00:00+00'", "'12025-05-08 00:00:00+00'"),
)


@pytest.mark.parametrize("time", ODD_TIMES)
def test_a_time_that_cannot_be_is_none(pg_vision: VisionSystem, time: str) -> None:
    pg_vision.run(f"INSERT INTO \"Triggers\" (timestamp, part_instance) VALUES ({time}, 'S')")
    with feed(pg_vision.url) as plant:
        assert [row.timestamp for row in plant.tick().triggers] == [None]


@pytest.mark.parametrize("time", ["'infinity'", "'not a time'", "12", "x'00ff'", "'0001-01-01'"])
def test_a_time_that_cannot_be_is_none_in_sqlite_too(lite_vision: VisionSystem, time: str) -> None:
    lite_vision.run(f"INSERT INTO \"Triggers\" (timestamp, part_instance) VALUES ({time}, 'S')")
    with feed(lite_vision.url) as plant:
        assert [row.timestamp for row in plant.tick().triggers] == [None]


def test_odd_times_beside_parts_do_no_harm(pg_vision: VisionSystem) -> None:
    pg_vision.run(
        "INSERT INTO \"HumanInspect\" (id, scan_datetime) VALUES (1, 'infinity'), (2, '2025-05-08 07:00:00')",
        "INSERT INTO \"Current_Part\" (id, timestamp) VALUES (1, '0044-03-15 12:00:00+00 BC')",
    )
    with feed(pg_vision.url) as plant:
        batch = plant.tick()
    assert [row["scan_datetime"] for row in batch.human_inspections] == [None, "2025-05-08T07:00:00"]
    assert batch.tables["Current_Part"][0]["timestamp"] is None


def test_bytes_that_are_no_utf8_become_replacement_characters(postgres_server: PostgresServer) -> None:
    with postgres_server.database("template0", "SQL_ASCII") as url:
        vision = VisionSystem(url)
        vision.build()
        with psycopg2.connect(url) as connection, connection.cursor() as cursor:
            cursor.execute(
                'INSERT INTO "Triggers" (part_instance, part) VALUES '
                "(convert_from('\\x47fc6e', 'SQL_ASCII'), convert_from('\\x47c3bc6e', 'SQL_ASCII'))"
            )
        connection.close()
        with feed(url) as plant:
            (row,) = plant.tick().triggers
    assert (row.part_instance, row.part) == ("G\ufffdn", "Gün")


def test_text_of_another_encoding_is_read(postgres_server: PostgresServer) -> None:
    with postgres_server.database("template0", "LATIN1") as url:
        vision = VisionSystem(url)
        vision.build()
        vision.run("INSERT INTO \"Triggers\" (part_instance) VALUES ('Gün')")
        with feed(url) as plant:
            assert [row.part_instance for row in plant.tick().triggers] == ["Gün"]


def test_sqlite_may_hold_anything_anywhere(lite_vision: VisionSystem) -> None:
    with feed(lite_vision.url) as plant:
        plant.tick()
        lite_vision.run(
            "INSERT INTO \"Triggers\" (part_instance) VALUES (x'47fc00')",
            "INSERT INTO \"Images\" (trigger, camera, image) VALUES ('none', 5, CAST(x'47fc' AS TEXT))",
            "INSERT INTO \"Defects\" (x, y, width, height, metadata) VALUES ('a', 2.5, 1e99, '7', '{')",
        )
        batch = plant.tick()
    (trigger,), (image,), (defect,) = batch.triggers, batch.images, batch.defects
    assert trigger.part_instance == "G\ufffd\ufffd"
    assert (image.trigger, image.camera, image.path) == (None, "5", "G\ufffd")
    assert (defect.x, defect.y, defect.width, defect.height, defect.hmi_metadata) == (
        None,
        None,
        None,
        7,
        None,
    )


@pytest.mark.parametrize(
    ("value", "whole"),
    [
        (7, 7),
        ("7", 7),
        (7.0, 7),
        (7.5, None),
        ("seven", None),
        (2**31, None),
        (None, None),
        (float("nan"), None),
        ([], None),
    ],
)
def test_whole_numbers(value: object, whole: int | None) -> None:
    assert values.converter_for(DEFECTS.c.x, UTC)(value) == whole


def test_a_time_without_zone_is_the_servers() -> None:
    detroit = ZoneInfo("America/Detroit")
    convert = values.converter_for(TRIGGERS.c.timestamp, detroit)
    assert convert("2025-05-08 09:52:43") == datetime(2025, 5, 8, 13, 52, 43, tzinfo=UTC)
    assert convert("2025-05-08 09:52:43.5-04") == datetime(2025, 5, 8, 13, 52, 43, 500_000, tzinfo=UTC)


def test_what_json_cannot_hold_is_none() -> None:
    assert values.for_json(float("inf")) is None
    assert values.own_key("[" * 100_000) is None


@pytest.mark.parametrize("url", ["", "plant", "mysql://u:secret@h/p", "postgresql://u:secret@h:port/p"])
def test_an_address_that_is_none_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"database\.url") as raised:
        database(url)
    assert "secret" not in str(raised.value)
