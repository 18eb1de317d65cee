"""How a defect stands: ours, the plant database's, written, in conflict, unrecognised."""

import pytest

from hmi.review import standings
from hmi.store.runs import Defect
from tests import plants
from tests.floors import Floor

lite_vision = plants.lite_vision


@pytest.fixture
def floor(lite_vision, sqlite_store, settings_of):
    lite_vision.part(images=1)
    floor = Floor(lite_vision, sqlite_store, settings_of(database={"url": lite_vision.url}))
    floor.read()
    yield floor
    floor.close()


def standing(floor: Floor, number: int = 1):
    with floor.store.read() as session:
        defect = session.get_one(Defect, (1, number))
        return standings(session, floor.desk.settings, [defect])[1, number]


def write(floor: Floor, disposition: str) -> None:
    floor.vision.run(f"""UPDATE "Defects" SET disposition = '{disposition}' WHERE id = 1""")
    floor.read()


def test_a_disposition_that_we_did_not_write_is_the_plant_databases_and_not_ours(floor):
    write(floor, "Part Okay")
    assert (standing(floor).word, standing(floor).theirs, standing(floor).is_known) == (
        None,
        "Part Okay",
        True,
    )


def test_a_word_that_nobody_knows_is_shown_as_it_is_and_unrecognised(floor):
    write(floor, "SCRAP ")
    assert (standing(floor).theirs, standing(floor).is_known) == ("SCRAP ", False)


def test_ours_is_said_with_who_and_what_became_of_it(floor):
    floor.desk.defect(1, "okay")
    assert (standing(floor).word, standing(floor).who) == ("okay", "ann")
    assert standing(floor).written == "waiting to be written to the plant database"
    floor.outbox.step()
    floor.read()
    assert (standing(floor).written, standing(floor).theirs) == ("written to the plant database", None)


def test_a_conflict_shows_what_the_plant_database_holds(floor):
    floor.desk.defect(1, "okay")
    write(floor, "Reviewed")
    floor.outbox.step()
    now = standing(floor)
    assert (now.word, now.theirs, now.written) == (
        "okay",
        "Reviewed",
        "the plant database holds something else",
    )
    assert now.changed_after_at is not None


def test_after_an_undo_the_value_of_before_is_not_ours(floor):
    write(floor, "Reviewed")
    floor.desk.defect(1, "okay")
    floor.outbox.step()
    floor.desk.defect(1, "undo")
    floor.outbox.step()
    floor.read()
    assert (standing(floor).word, standing(floor).theirs) == (None, "Reviewed")
