"""Decisions reach the plant database once, whatever fails on the way."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from hmi.outbox import Outbox
from hmi.plant.database import PlantDatabase, Session
from tests import floors, plants
from tests.floors import Floor, Killed
from tests.proxy import Proxy

vision = plants.vision
pg_vision = plants.pg_vision
lite_vision = plants.lite_vision
floor = floors.floor
pg_floor = floors.pg_floor


@pytest.mark.parametrize("fault", ["refused", "lost before the commit"])
def test_a_plant_that_fails_is_tried_again_until_it_is_done(floor, fault):
    floor.desk.defect(1, "okay")
    floor.plant.fault = fault
    floor.outbox.step()
    assert (floor.states(), floor.in_plant(1)[0]) == (["pending"], None)
    assert "decisions cannot be written" in floor.outbox.trouble
    floor.plant.fault = ""
    floor.outbox.step()
    assert (floor.states(), floor.in_plant(1)[0], floor.outbox.trouble) == (["done"], "Part Okay", "")


def test_a_connection_lost_in_the_commit_is_unknown_until_it_was_looked_at_again(floor):
    floor.desk.defect(1, "okay")
    floor.plant.fault = "lost in the commit"
    floor.outbox.step()
    assert floor.states() == ["unknown"]
    written = floor.in_plant(1)
    floor.plant.fault = ""
    floor.outbox.step()
    assert (floor.states(), floor.in_plant(1)) == (["done"], written)


def test_a_worker_killed_after_the_commit_finds_its_write_when_it_starts(floor):
    floor.desk.defect(1, "okay")
    floor.plant.fault = "killed after the commit"
    with pytest.raises(Killed):
        floor.outbox.step()
    written = floor.in_plant(1)
    floor.plant.fault = ""
    floor.start()
    floor.read()
    floor.outbox.step()
    assert (floor.states(), floor.in_plant(1)) == (["done"], written)
    assert floor.defect(1).changed_after_at is None


@pytest.mark.parametrize("earlier", [(), ("okay", "undo"), ("scrap",)])
def test_a_leader_that_stood_still_brings_no_undone_decision_back(floor, earlier):
    """Value for value the row is as it was when the decision was taken up; it carries another mark."""
    for word in earlier:
        floor.desk.defect(1, word)
        floor.outbox.step()
    before = floor.in_plant(1)[0]
    floor.desk.defect(1, "okay")

    def meanwhile() -> None:
        floor.outbox.step()
        floor.desk.defect(1, "undo")
        floor.outbox.step()

    stood_still(floor, meanwhile).step()
    assert floor.in_plant(1)[0] == before
    assert set(floor.states()) == {"done"}
    floor.read()
    assert floor.defect(1).changed_after_at is None


def test_a_leader_that_stood_still_brings_no_earlier_decision_back(floor):
    floor.desk.defect(1, "okay")

    def meanwhile() -> None:
        floor.outbox.step()
        for word in ("undo", "scrap", "undo", "okay", "undo"):
            floor.desk.defect(1, word)
            floor.outbox.step()

    stood_still(floor, meanwhile).step()
    assert (floor.in_plant(1)[0], set(floor.states())) == (None, {"done"})


def stood_still(floor: Floor, meanwhile: Callable[[], None]) -> Outbox:
    """Of a leader that took up what is due and goes on only after `meanwhile`."""

    class Paused(PlantDatabase):
        @contextmanager
        def write(self, within_s: float = 1.0) -> Iterator[Session]:
            meanwhile()
            with super().write(within_s) as session:
                yield session

    return Outbox(floor.store, Paused(floor.vision.url, 3, 3, 500), soon_s=0)


@pytest.mark.postgres
def test_a_row_that_somebody_locks_holds_up_no_other(pg_floor):
    pg_floor.desk.defect(1, "okay")
    pg_floor.desk.defect(2, "okay")
    with pg_floor.vision.writing() as connection:
        connection.execute(text("UPDATE \"Defects\" SET mode = 'x' WHERE id = 1"))
        pg_floor.outbox.step()
        assert pg_floor.states() == ["pending", "done"]
    pg_floor.outbox.step()
    assert pg_floor.states() == ["done", "done"]


@pytest.mark.postgres
def test_a_plant_that_is_read_only_for_a_while_loses_nothing(pg_floor):
    name = pg_floor.vision.url.rsplit("/", 1)[1].split("?")[0]
    pg_floor.vision.run(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    pg_floor.plant.close()
    pg_floor.desk.defect(1, "okay")
    pg_floor.outbox.step()
    assert pg_floor.states() == ["pending"]
    assert "read-only" in pg_floor.outbox.trouble
    with pg_floor.vision.writing() as connection:
        connection.execute(text("SET TRANSACTION READ WRITE"))
        connection.execute(text(f'ALTER DATABASE "{name}" RESET default_transaction_read_only'))
    pg_floor.plant.close()
    pg_floor.outbox.step()
    assert (pg_floor.states(), pg_floor.in_plant(1)[0]) == (["done"], "Part Okay")


@pytest.mark.postgres
def test_a_connection_cut_in_the_commit_is_never_called_done_and_never_written_twice(
    postgres_server, pg_vision, sqlite_store, settings_of
):
    pg_vision.part()
    floor = Floor(pg_vision, sqlite_store, settings_of(database={"url": pg_vision.url}))
    floor.read()
    with Proxy(postgres_server.port) as proxy:
        through = pg_vision.url.replace(f":{postgres_server.port}/", f":{proxy.port}/")
        floor.outbox = Outbox(floor.store, CutInTheCommit(through, 3, 3, 500, proxy), soon_s=0)
        floor.desk.defect(1, "okay")
        floor.outbox.step()
    assert floor.states() == ["unknown"]
    floor.start()
    floor.outbox.step()
    assert (floor.states(), floor.in_plant(1)[0]) == (["done"], "Part Okay")
    floor.close()


class CutInTheCommit(PlantDatabase):
    """The answer to the commit is lost: the cable is pulled just before it is sent."""

    def __init__(self, url: str, connect_s: float, deadline_s: float, lock_ms: int, proxy: Proxy) -> None:
        super().__init__(url, connect_s, deadline_s, lock_ms)
        self.proxy = proxy

    @contextmanager
    def write(self, within_s: float = 1.0) -> Iterator[Session]:
        with super().write(within_s) as session:
            yield session
            self.proxy.hold()
