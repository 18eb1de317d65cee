"""Ids that somebody gave by hand, far beyond all others: they hide nothing, now or after a restart."""

from typing import Any

import pytest
from sqlalchemy import insert

from hmi.plant.gaps import OPEN, Gaps
from hmi.plant.tables import DEFECTS, IMAGES, TRIGGERS
from tests import plants
from tests.plants import START, VisionSystem, feed, ids

vision = plants.vision
lite_vision = plants.lite_vision
pg_vision = plants.pg_vision

HUGE = 9_000_000_000_000_000


def by_hand(vision: VisionSystem, number: int = HUGE) -> None:
    """A whole part under ids of somebody's own; the sequences know nothing of it."""
    with vision.writing() as connection:
        row: dict[str, Any] = {"id": number, "timestamp": START, "part_instance": "by hand", "part": "39MC"}
        connection.execute(insert(TRIGGERS).values(**row))
        connection.execute(insert(IMAGES).values(id=number, trigger=number, camera="CAM1", image="E:\\x.jpg"))
        connection.execute(insert(DEFECTS).values(id=number, image=number, x=1, y=1, width=5, height=5))


@pytest.fixture
def next_id(vision, monkeypatch):
    """SQLite numbers rows after the highest one; as a sequence does, they are given here."""
    if vision.url.startswith("postgresql"):
        return
    given = {"Triggers": 0, "Images": 0, "Defects": 0}
    usual = vision.writing

    def count(execute):
        def with_id(statement, *more):
            table = getattr(getattr(statement, "table", None), "name", "")
            values = statement.compile().params if table in given else {}
            if table in given and values.get("id") is None:
                given[table] += 1
                statement = statement.values(id=given[table])
            return execute(statement, *more)

        return with_id

    from contextlib import contextmanager

    @contextmanager
    def writing():
        with usual() as connection:
            monkeypatch.setattr(connection, "execute", count(connection.execute))
            yield connection

    monkeypatch.setattr(vision, "writing", writing)


@pytest.mark.usefixtures("next_id")
def test_a_row_by_hand_comes_and_the_line_goes_on_below_it(vision: VisionSystem) -> None:
    for _ in range(3):
        vision.part()
    with feed(vision.url) as plant:
        plant.tick()
        by_hand(vision)
        assert ids(plant.tick().triggers) == [HUGE]
        for number in (4, 5, 6):
            vision.part()
            batch = plant.tick()
            assert (ids(batch.triggers), len(batch.images), len(batch.defects)) == ([number], 5, 10)
            assert not batch.rewound


@pytest.mark.usefixtures("next_id")
def test_after_a_restart_nothing_below_it_is_hidden(vision: VisionSystem) -> None:
    vision.part()
    by_hand(vision)
    with feed(vision.url) as plant:
        vision.part()
        position = plant.tick().position
    vision.part()
    with feed(vision.url, position) as plant:
        assert 3 in ids(plant.tick().triggers)
        vision.part()
        batch = plant.tick()
        assert (ids(batch.triggers), len(batch.defects)) == ([4], 10)
        position = batch.position
    vision.part()
    with feed(vision.url, position, missing_s=0) as plant:
        assert {5} <= set(ids(plant.tick().triggers))
        vision.part()
        assert ids(plant.tick().triggers) == [6]


@pytest.mark.usefixtures("next_id")
def test_a_row_that_commits_late_below_it_is_found(vision: VisionSystem) -> None:
    vision.part()
    with feed(vision.url) as plant:
        plant.tick()
        by_hand(vision)
        vision.part()
        plant.tick()
        with vision.writing() as connection:
            connection.execute(insert(TRIGGERS).values(id=100, part_instance="jumped", timestamp=START))
        plant.tick()
        with vision.writing() as connection:
            connection.execute(insert(TRIGGERS).values(id=50, part_instance="late", timestamp=START))
        assert ids(plant.tick().triggers) == [50]


@pytest.mark.usefixtures("next_id")
def test_its_deletion_is_a_deletion_and_no_restore(vision: VisionSystem) -> None:
    for _ in range(2):
        vision.part()
    with feed(vision.url) as plant:
        plant.tick()
        by_hand(vision)
        plant.tick()
        for table in ("Defects", "Images", "Triggers"):
            vision.run(f'DELETE FROM "{table}" WHERE id = {HUGE}')
        batch = plant.tick()
        assert not batch.rewound
        assert batch.gone_triggers == batch.gone_images == batch.gone_defects == ((1, HUGE),)
        vision.part()
        assert ids(plant.tick().triggers) == [3]


@pytest.mark.postgres
def test_a_restore_is_noticed_all_the_same(pg_vision: VisionSystem) -> None:
    for _ in range(10):
        pg_vision.part()
    by_hand(pg_vision)
    with feed(pg_vision.url) as plant:
        pg_vision.part()
        plant.tick()
        plant.tick()
        for table, rows in {"Triggers": 1, "Images": 5, "Defects": 10}.items():
            pg_vision.run(
                f'DELETE FROM "{table}" WHERE id > {4 * rows} AND id < {HUGE}',
                f"SELECT setval('\"{table}_id_seq\"', {4 * rows})",
            )
        assert plant.tick().rewound
        trigger = pg_vision.part("new")
        assert [(row.generation, row.id) for row in plant.tick().triggers] == [(2, trigger)]


@pytest.mark.postgres
def test_ids_that_have_really_jumped_are_those_of_the_line(pg_vision: VisionSystem) -> None:
    pg_vision.part()
    with feed(pg_vision.url) as plant:
        plant.tick()
        pg_vision.run("SELECT setval('\"Triggers_id_seq\"', 5000000)")
        for number in range(7):
            pg_vision.part()
            assert ids(plant.tick().triggers) == [5_000_001 + number]
        position = plant.tick().position["tables"]["Triggers"]
    assert position["high"] == 5_000_007


def test_an_open_gap_never_expires_and_is_never_left_out_for_others():
    gaps = Gaps(most=3)
    gaps.add(10, 1_000_000, OPEN)
    for number in range(2_000_000, 2_000_010, 2):
        gaps.add(number, number, 5.0)
    gaps.expire(1_000.0)
    assert list(gaps) == [(10, 1_000_000, OPEN)]
    gaps.fill(12, 7.0)
    assert list(gaps) == [(10, 11, 7.0), (13, 1_000_000, OPEN)]
