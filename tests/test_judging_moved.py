"""What moves, changes its kind or is lost after it was judged: no verdict and no okay goes astray."""

from datetime import timedelta

import pytest

from hmi.plant.generations import Generations
from hmi.store.runs import Defect
from tests.desk import Desk
from tests.lines import BEGAN, LARGE, TWO_CAMERAS, Line, defect, image, trigger

REVIEW = {"since": (BEGAN - timedelta(hours=1)).isoformat()}


@pytest.fixture
def line(store, settings_of) -> Line:
    return line_of(store, settings_of, TWO_CAMERAS)


def line_of(store, settings_of, cameras) -> Line:
    return Line(settings_of(line={"cameras": cameras, "settle_s": 5, "grace_s": 20}, review=REVIEW), store)


def failing_on_b(line: Line) -> None:
    """A part that fails at the second camera, and is complete."""
    line.read(0, trigger(), image(1, "A"), image(2, "B"), defect(1, 1), defect(2, 2, LARGE))
    line.files(1, 2)
    line.read(5)


def test_a_camera_that_leaves_the_line_changes_no_part_that_was_judged_with_it(line, store, settings_of):
    failing_on_b(line)
    smaller = line_of(store, settings_of, TWO_CAMERAS[:1])
    Desk(smaller.settings, store).part(1, "comment", reason="seen")
    assert (line.verdict(), line.run().cameras_expected) == ("fail", 2)


def test_a_camera_that_joins_the_line_makes_no_old_part_wait(line, store, settings_of):
    line.whole_part()
    line.read(5)
    larger = line_of(store, settings_of, [*TWO_CAMERAS, {"serial": "C", "order": 3}])
    Desk(larger.settings, store).part(1, "comment", reason="seen")
    assert line.verdict() == "pass"


def test_a_part_type_that_is_corrected_decides_anew_which_cameras_are_expected(store, settings_of):
    only_39 = {**TWO_CAMERAS[1], "part_types": ["39MC"]}
    line = line_of(store, settings_of, [TWO_CAMERAS[0], only_39])
    line.read(0, trigger(), image(1, "A"))
    line.files(1)
    line.read(20)
    assert line.verdict() == "missing"
    line.read(21, trigger(part="40MC"))
    assert (line.verdict(), line.cameras()) == ("pass", {"A": "pass"})


def test_an_okay_spares_no_defect_of_the_same_number_from_another_generation(line, desk):
    line.whole_part()
    line.read(1, defect(7, 1, LARGE))
    line.read(6)
    desk.defect(7, "okay")
    assert line.verdict() == "accepted"
    line.read(10, defect(7, 1, LARGE, generation=2, y=2000))
    assert line.verdict() == "fail"


def test_silence_of_a_plant_that_was_set_back_passes_no_part_that_it_lost(line):
    line.read(0, trigger(), image(1, "A"), image(2, "B"))
    line.files(1, 2)
    line.judging.generations = Generations().and_one_more({"Triggers": 0, "Images": 0, "Defects": 0})
    line.read(1, rewound=True)
    line.read(60)
    assert line.verdict() == "waiting"


def test_a_failing_image_that_moves_to_a_decided_part_is_asked_about(line, desk):
    line.whole_part()
    line.read(5)
    desk.part(1, "use_as_is", reason="customer agreed")
    line.read(6, trigger(2), image(3, "A", of=2), defect(3, 3, LARGE))
    line.read(7, image(3, "A", of=1))
    assert line.verdict() == "fail"
    assert line.run().review_open
    assert line.run().changed_after_at is not None


def test_an_okay_does_not_go_with_its_image_to_another_part(line, desk):
    line.read(0, trigger(), trigger(2), image(1, "A", of=2), defect(1, 1, LARGE))
    line.files(1)
    line.read(30)
    desk.defect(1, "okay")
    line.read(31, image(1, "A", of=1))
    assert line.cameras(1)["A"] == "fail"
    assert line.run(2).changed_after_at is not None
    with line.store.read() as session:
        assert session.get(Defect, (1, 1)).changed_after_at is not None


def test_a_part_type_that_changes_under_a_decision_is_flagged(line, desk):
    failing_on_b(line)
    desk.part(1, "hold", reason="to be measured")
    assert not line.run().review_open
    line.read(6, trigger(part="40MC"))
    assert line.run().changed_after_at is not None
    assert line.run().review_open


def test_a_late_image_is_waited_for_by_the_next_worker_too(line):
    line.read(0, trigger(), image(1, "A"))
    line.files(1)
    line.read(20)
    assert line.verdict() == "missing"
    line.read(21, image(2, "B"))
    line.start(22)
    assert (1, 2) in line.taken_up  # its file is watched again
    line.files(2, at_s=22)
    line.read(28)
    assert line.verdict() == "pass"


def test_a_scrap_that_is_taken_back_frees_the_part_on_which_it_was_said(line, desk):
    line.read(0, trigger(), image(1, "A"), image(2, "B"), defect(1, 1))
    line.read(0, trigger(2), image(3, "A", of=2), image(4, "B", of=2))
    line.files(1, 2, 3, 4)
    line.read(5)
    desk.defect(1, "scrap")
    line.read(6, defect(1, 3))
    assert line.verdict(1) == "fail"
    desk.defect(1, "undo")
    assert line.verdict(1) == "pass"
