"""The plant database among others: a standby that is read, a subscriber that must go on."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlalchemy import text

from hmi.plant.tables import metadata
from hmi.plant.writeback import Write, write_back
from tests.plants import PUBLICATION, VisionSystem, database, feed, ids
from tests.postgres import OwnServer, own_server, standby_of
from tests.waiting import until

pytestmark = pytest.mark.postgres

DELAY_S = 3


@pytest.fixture(scope="module")
def primary() -> Iterator[OwnServer]:
    with own_server() as server:
        yield server


@pytest.fixture
def vision(primary: OwnServer) -> Iterator[VisionSystem]:
    name = primary.create()
    system = VisionSystem(primary.url(name))
    system.build()
    system.run(PUBLICATION)
    yield system
    primary.drop(name)


def name_of(vision: VisionSystem) -> str:
    return vision.url.rsplit("/", 1)[1]


def test_a_standby_says_how_far_it_is_behind(primary, vision):
    delay = {"recovery_min_apply_delay": f"{DELAY_S}s"}
    with standby_of(primary, **delay) as standby, feed(standby.url(name_of(vision))) as plant:
        until(lambda: plant.tick().lag_s == 0)
        vision.part()
        until(lambda: (plant.tick().lag_s or 0) > DELAY_S - 1.5)
        triggers: list[int] = []
        until(lambda: triggers.extend(ids(plant.tick().triggers)) or triggers)
        until(lambda: plant.tick().lag_s == 0)
        primary.stop()
        try:
            until(lambda: (plant.tick().lag_s or 0) > 0)  # nobody says what it misses
        finally:
            primary.start()
        until(lambda: plant.tick().lag_s == 0)
    with feed(vision.url) as plant:
        assert plant.tick().lag_s is None


def test_a_subscriber_of_all_tables_gets_everything_while_we_read_and_write(primary, vision):
    other = primary.create()
    replica = VisionSystem(primary.url(other))
    metadata.create_all(replica._engine)
    before = relations(vision)
    slot = f"slot_{name_of(vision)}"
    vision.run(f"SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')")
    subscribe(replica, vision, slot)
    try:
        plant_database = database(vision.url)
        with closing(plant_database), feed(vision.url, minute_s=0) as plant:
            for number in range(1, 6):
                vision.part()
                plant.tick()
                assert write_back(plant_database, decision_on(number)).state == "done"
            facts = plant.tick().server
        until(lambda: rows(replica) == rows(vision))
    finally:
        unsubscribe(replica)
        vision.run(f"SELECT pg_drop_replication_slot('{slot}')")
        primary.drop(other)
    assert sum(row[1] == "Scrap" for row in rows(vision)) == 5
    assert relations(vision) == before
    assert facts is not None
    assert [(one.name, one.all_tables) for one in facts.publications] == [("everything", True)]
    assert (slot, "logical", True) in [(one.name, one.kind, one.active) for one in facts.slots]


def decision_on(defect: int) -> Write:
    box = {"image": 1 + (defect - 1) // 2, "x": 100 * ((defect - 1) % 2), "y": 20, "width": 8, "height": 6}
    return Write(defect, box, None, "Scrap", None, f"mark {defect}", "scrap")


def rows(system: VisionSystem) -> list[tuple[object, ...]]:
    with system.writing() as connection:
        found = connection.execute(text('SELECT id, disposition, metadata::text FROM "Defects" ORDER BY id'))
        return [tuple(row) for row in found]


def relations(system: VisionSystem) -> list[tuple[object, ...]]:
    with system.writing() as connection:
        sql = "SELECT relname, relkind::text FROM pg_class WHERE relname NOT LIKE 'pg_toast%' ORDER BY 1, 2"
        return [tuple(row) for row in connection.execute(text(sql))]


def subscribe(replica: VisionSystem, vision: VisionSystem, slot: str) -> None:
    address = vision.url.replace("'", "''")
    run_alone(
        replica,
        f"CREATE SUBSCRIPTION mes CONNECTION '{address}' PUBLICATION everything "
        f"WITH (create_slot = false, slot_name = '{slot}')",
    )


def unsubscribe(replica: VisionSystem) -> None:
    for what in ("DISABLE", "SET (slot_name = NONE)"):
        run_alone(replica, f"ALTER SUBSCRIPTION mes {what}")
    run_alone(replica, "DROP SUBSCRIPTION mes")


def run_alone(system: VisionSystem, statement: str) -> None:
    """Outside of any transaction."""
    with system._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(statement)
