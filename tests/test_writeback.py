"""Decisions reach the plant database once, never over somebody else, whatever fails on the way."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import func, select, text, update

from hmi import review
from hmi.outbox import Outbox
from hmi.plant.database import PlantDatabase, Session
from hmi.store.audit import AuditEntry
from hmi.store.decisions import DEFECT
from hmi.store.outbox import Outgoing
from hmi.store.runs import Defect
from tests import plants
from tests.floors import Floor, Killed
from tests.proxy import Proxy

vision = plants.vision
pg_vision = plants.pg_vision
lite_vision = plants.lite_vision


@pytest.fixture
def floor(vision, sqlite_store, settings_of):
    """One part with two defects on each of five images; 1 and 2 are those of the first image."""
    vision.part()
    floor = Floor(vision, sqlite_store, settings_of(database={"url": vision.url}))
    floor.read()
    yield floor
    floor.close()


@pytest.fixture
def pg_floor(pg_vision, sqlite_store, settings_of):
    pg_vision.part()
    floor = Floor(pg_vision, sqlite_store, settings_of(database={"url": pg_vision.url}))
    floor.read()
    yield floor
    floor.close()


def hmi_key(floor: Floor, number: int = 1) -> dict:
    return json.loads(floor.in_plant(number)[2])["hmi"]


def test_an_okay_and_a_scrap_are_written_in_the_plants_words(floor):
    okay = floor.desk.defect(1, "okay").decision
    floor.desk.defect(2, "scrap")
    floor.outbox.step()
    assert (floor.in_plant(1)[0], floor.in_plant(2)[0]) == ("Part Okay", "Scrap")
    assert floor.in_plant(1)[1].startswith(okay.at.strftime("%Y-%m-%d"))
    assert hmi_key(floor) == {"decision": okay.mark, "word": "okay"}
    assert floor.states() == ["done", "done"]


def test_nothing_else_in_the_row_changes_and_others_keep_their_keys(floor):
    floor.vision.run("""UPDATE "Defects" SET metadata = '{"theirs": {"a": [1, 2]}}' WHERE id = 1""")
    before = row(floor)
    floor.desk.defect(1, "okay")
    floor.outbox.step()
    assert row(floor) == before
    assert json.loads(floor.in_plant(1)[2])["theirs"] == {"a": [1, 2]}


def row(floor: Floor) -> tuple:
    rest = "id, image, x, y, width, height, confidence, type, hand, uss_reviewed, mode, iv_updated"
    with floor.vision.writing() as connection:
        return tuple(connection.execute(text(f'SELECT {rest} FROM "Defects" WHERE id = 1')).one())


@pytest.mark.parametrize("theirs", ["[1]", '"text"', "null", "7"])
def test_metadata_that_is_no_object_is_left_as_it_is_and_the_decision_is_written(floor, theirs):
    floor.vision.run(f"""UPDATE "Defects" SET metadata = '{theirs}' WHERE id = 1""")
    floor.desk.defect(1, "okay")
    floor.outbox.step()
    assert (floor.in_plant(1)[0], floor.states()) == ("Part Okay", ["done"])
    if theirs != "null":
        assert floor.in_plant(1)[2] == theirs


def test_undo_restores_null(floor):
    floor.desk.defect(1, "okay")
    floor.outbox.step()
    floor.desk.defect(1, "undo")
    floor.outbox.step()
    assert floor.in_plant(1)[:2] == (None, None)


def test_undo_restores_value_and_time_as_they_were(floor):
    floor.vision.run(
        """UPDATE "Defects" SET disposition = 'SCRAP ', dispositioned_at = '2025-05-08 10:11:12.123456'"""
    )
    floor.read()
    before = floor.in_plant(1)[:2]
    floor.desk.defect(1, "okay")
    floor.desk.defect(1, "scrap")
    floor.outbox.step()
    floor.outbox.step()
    assert floor.in_plant(1)[0] == "Scrap"
    floor.desk.defect(1, "undo")
    floor.outbox.step()
    assert floor.in_plant(1)[0] == "Part Okay"
    floor.desk.defect(1, "undo")
    floor.outbox.step()
    assert floor.in_plant(1)[:2] == before


def test_what_somebody_else_wrote_meanwhile_is_a_conflict_and_stays(floor):
    floor.desk.defect(1, "okay")
    floor.vision.run("""UPDATE "Defects" SET disposition = 'Reviewed' WHERE id = 1""")
    floor.outbox.step()
    assert (floor.in_plant(1)[0], floor.states()) == ("Reviewed", ["conflict"])
    assert floor.desk.in_force(DEFECT, 1) == "okay"
    with floor.store.read() as session:
        kinds = list(session.scalars(select(AuditEntry.kind).order_by(AuditEntry.id)))
    assert kinds == ["decision", "write-back conflict"]


def test_a_conflict_that_was_taken_back_is_one_no_more(floor):
    floor.desk.defect(1, "okay")
    floor.vision.run("""UPDATE "Defects" SET disposition = 'Reviewed' WHERE id = 1""")
    floor.outbox.step()
    floor.read()
    assert (len(listed_conflicts(floor)), standing(floor).outbox) == (1, "conflict")
    floor.desk.defect(1, "undo")
    floor.outbox.step()
    assert (len(listed_conflicts(floor)), standing(floor).outbox) == (0, None)


def listed_conflicts(floor) -> list:
    with floor.store.read() as session:
        return review.conflicts(session)


def standing(floor):
    with floor.store.read() as session:
        defect = session.get_one(Defect, (1, 1))
        return review.standings(session, floor.desk.settings, [defect])[1, 1]


def test_a_decision_made_knowing_of_the_conflict_is_written(floor):
    floor.desk.defect(1, "okay")
    floor.vision.run("""UPDATE "Defects" SET disposition = 'Reviewed' WHERE id = 1""")
    floor.outbox.step()
    floor.read()
    floor.desk.defect(1, "scrap")
    floor.outbox.step()
    assert (floor.in_plant(1)[0], floor.states()) == ("Scrap", ["conflict", "done"])


def test_a_box_that_changed_meanwhile_is_a_conflict(floor):
    floor.desk.defect(1, "okay")
    floor.vision.run('UPDATE "Defects" SET width = 9 WHERE id = 1')
    floor.outbox.step()
    assert (floor.in_plant(1)[0], floor.states()) == (None, ["conflict"])


def test_a_row_that_is_gone_is_said_to_be_gone(floor):
    floor.desk.defect(1, "okay")
    floor.vision.run('DELETE FROM "Defects" WHERE id = 1')
    floor.outbox.step()
    assert floor.states() == ["gone"]


def test_an_entry_of_an_older_generation_ends_as_gone(floor):
    floor.desk.defect(1, "okay")
    floor.outbox.step(lambda _: False)
    assert (floor.in_plant(1)[0], floor.states()) == (None, ["gone"])


def test_a_box_without_geometry_can_be_decided_and_written(floor):
    floor.vision.run('UPDATE "Defects" SET x = NULL, width = NULL WHERE id = 1')
    floor.read()
    floor.desk.defect(1, "scrap")
    floor.outbox.step()
    assert floor.in_plant(1)[0] == "Scrap"


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


def test_a_row_whose_mark_others_removed_can_be_decided_anew(floor):
    floor.desk.defect(1, "okay")
    floor.outbox.step()
    floor.vision.run("""UPDATE "Defects" SET metadata = '{"theirs": 1}' WHERE id = 1""")
    floor.read()
    floor.desk.defect(1, "scrap")
    floor.outbox.step()
    assert (floor.in_plant(1)[0], floor.states()) == ("Scrap", ["done", "done"])


def test_what_others_set_back_before_an_undo_can_be_decided_anew(floor):
    """The undo finds its work done; the row still carries the mark of what was undone."""
    floor.desk.defect(1, "okay")
    floor.outbox.step()
    floor.desk.defect(1, "undo")
    floor.vision.run('UPDATE "Defects" SET disposition = NULL, dispositioned_at = NULL WHERE id = 1')
    floor.outbox.step()
    floor.desk.defect(1, "scrap")
    floor.outbox.step()
    assert (floor.in_plant(1)[0], floor.states()) == ("Scrap", ["done", "done", "done"])


def test_an_undo_is_written_where_the_vision_system_wrote_its_own_metadata_over_ours(floor):
    floor.desk.defect(1, "okay")
    floor.outbox.step()
    floor.vision.run("""UPDATE "Defects" SET metadata = '{"theirs": 1}' WHERE id = 1""")
    floor.desk.defect(1, "undo")
    floor.outbox.step()
    assert (floor.in_plant(1)[0], floor.states()) == (None, ["done", "done"])


@pytest.mark.parametrize("theirs", ["[1]", "7"])
def test_a_row_that_can_carry_no_mark_takes_one_decision_after_the_other(floor, theirs):
    floor.vision.run(f"""UPDATE "Defects" SET metadata = '{theirs}' WHERE id = 1""")
    for word in ("okay", "scrap", "undo"):
        floor.desk.defect(1, word)
        floor.outbox.step()
    assert (floor.in_plant(1)[0], floor.states()) == ("Part Okay", ["done", "done", "done"])


def test_a_decision_queued_before_an_upgrade_is_written_whatever_mark_stands_there(floor):
    floor.desk.defect(1, "okay")
    floor.outbox.step()
    floor.desk.defect(1, "scrap")
    with floor.store.write() as session:
        session.execute(update(Outgoing).values(expected_mark=None))
    floor.vision.run("""UPDATE "Defects" SET metadata = NULL WHERE id = 1""")
    floor.outbox.step()
    assert (floor.in_plant(1)[0], floor.states()) == ("Scrap", ["done", "done"])


def test_later_decisions_on_a_defect_wait_for_the_earlier_one(floor):
    floor.desk.defect(1, "okay")
    floor.desk.defect(1, "scrap")
    floor.plant.fault = "lost before the commit"
    floor.outbox.step()
    assert floor.states() == ["pending", "pending"]
    floor.plant.fault = ""
    floor.outbox.step()
    assert (floor.states(), floor.in_plant(1)[0]) == (["done", "pending"], "Part Okay")
    floor.outbox.step()
    assert (floor.states(), floor.in_plant(1)[0]) == (["done", "done"], "Scrap")


def test_the_echo_of_what_we_wrote_is_no_news(floor):
    floor.desk.defect(1, "okay")
    floor.outbox.step()
    floor.read()
    assert floor.defect(1).changed_after_at is None
    assert floor.defect(1).disposition == "Part Okay"


def test_a_disposition_of_somebody_else_after_ours_is_flagged(floor):
    floor.desk.defect(1, "okay")
    floor.outbox.step()
    floor.read()
    floor.vision.run("""UPDATE "Defects" SET disposition = 'Reviewed' WHERE id = 1""")
    floor.read()
    assert floor.defect(1).changed_after_at is not None


def test_a_step_without_anything_open_writes_nothing(floor):
    assert not floor.outbox.step()
    with floor.store.read() as session:
        assert session.scalar(select(func.count()).select_from(AuditEntry)) == 0


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
