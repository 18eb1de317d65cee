"""Decisions reach the plant database in its own words, never over somebody else, and are taken back."""

import json

import pytest
from sqlalchemy import func, select, text, update

from hmi import review
from hmi.store.audit import AuditEntry
from hmi.store.decisions import DEFECT
from hmi.store.outbox import Outgoing
from hmi.store.runs import Defect
from tests import floors, plants
from tests.floors import Floor

vision = plants.vision
pg_vision = plants.pg_vision
lite_vision = plants.lite_vision
floor = floors.floor


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
