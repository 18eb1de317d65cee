"""What was decided on something else than is there now spares nothing, whatever brings it back."""

from datetime import timedelta

import pytest

from hmi.deciding import Conflict
from hmi.review import parts_left
from hmi.store.decisions import DECIDE, PART, PROPOSE
from tests.desk import ANN, BEN, Desk
from tests.lines import BEGAN, LARGE, TWO_CAMERAS, Line, defect, image, trigger

HUGE = 300


@pytest.fixture
def line(store, settings_of) -> Line:
    """A part that fails by one defect; an "use as is" needs two people."""
    review = {"since": (BEGAN - timedelta(hours=1)).isoformat(), "second_person": True}
    cameras = {"cameras": TWO_CAMERAS, "settle_s": 5, "grace_s": 20}
    line = Line(settings_of(line=cameras, review=review), store)
    line.read(0, trigger(), image(1, "A"), image(2, "B"), defect(1, 1, LARGE))
    line.files(1, 2)
    line.read(5)
    return line


def used_as_is(desk: Desk) -> None:
    for person in (ANN, BEN):
        desk.part(1, "use_as_is", person, reason="machined away")


def two_more_pores(line: Line) -> None:
    line.read(10, defect(5, 1, HUGE, height=HUGE), defect(6, 2, HUGE, height=HUGE))
    line.read(20)


def left(line: Line) -> int:
    with line.store.read() as session:
        return parts_left(session, line.settings)


def test_the_undo_of_a_scrap_brings_no_okay_of_another_box_back_to_life(line, desk):
    desk.defect(1, "okay")
    line.read(10, defect(1, 1, 90, height=90))
    desk.defect(1, "scrap", BEN)
    desk.defect(1, "undo", BEN)
    assert (line.verdict(), left(line)) == ("fail", 1)
    desk.defect(1, "okay", BEN)
    assert (line.verdict(), left(line)) == ("accepted", 0)


def test_the_undo_of_a_scrap_brings_back_the_okay_of_the_same_box(line, desk):
    for word in ("okay", "scrap", "undo"):
        desk.defect(1, word)
    assert (line.verdict(), left(line)) == ("accepted", 0)


def test_a_proposal_closes_no_review_and_taking_it_back_does_neither(line, desk):
    used_as_is(desk)
    two_more_pores(line)
    assert left(line) == 1
    assert desk.part(1, "use_as_is", ANN, reason="as before").decision.act == PROPOSE
    assert left(line) == 1
    desk.part(1, "undo", ANN)
    assert left(line) == 1


def test_the_undo_of_a_hold_brings_back_no_decision_on_another_state(line, desk):
    used_as_is(desk)
    two_more_pores(line)
    desk.part(1, "hold", BEN, reason="to the lab")
    assert left(line) == 0
    desk.part(1, "undo", BEN)
    assert (left(line), line.run().changed_after_at is not None) == (1, True)


def test_the_undo_of_a_hold_brings_back_the_decision_on_the_same_state(line, desk):
    used_as_is(desk)
    desk.part(1, "hold", BEN, reason="to the lab")
    desk.part(1, "undo", BEN)
    assert (left(line), line.run().changed_after_at) == (0, None)


def test_a_part_that_fails_by_more_is_not_the_one_that_was_looked_at(line, desk):
    seen = desk.state(PART, (1, 1))
    two_more_pores(line)
    with pytest.raises(Conflict, match="changed this in the meantime"):
        desk.part(1, "scrap", ANN, state=seen)
    assert left(line) == 1


def test_nobody_agrees_to_what_was_proposed_for_another_state(line, desk):
    desk.part(1, "use_as_is", ANN, reason="one small pore")
    two_more_pores(line)
    assert desk.part(1, "use_as_is", BEN, reason="agreed").decision.act == PROPOSE
    assert left(line) == 1
    agreed = desk.part(1, "use_as_is", ANN, reason="seen").decision
    assert (agreed.act, left(line)) == (DECIDE, 0)


def test_what_people_say_of_its_defects_does_not_make_it_another_part(line, desk):
    desk.part(1, "use_as_is", ANN, reason="one small pore")
    desk.defect(1, "okay", BEN)
    assert desk.part(1, "use_as_is", BEN, reason="agreed").decision.act == DECIDE
