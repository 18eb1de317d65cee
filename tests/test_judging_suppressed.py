"""Suppressions: a defect that the plant suppresses is not judged, for as long as it says so."""

from hmi.plant.generations import Generations
from hmi.plant.rows import Suppression
from tests.lines import LARGE, defect, suppression


def test_a_suppressed_defect_is_not_judged(line):
    line.whole_part()
    line.read(0, defect(5, 1, LARGE, suppressed=True), defect(6, 1, LARGE), suppression(1, 6))
    line.read(5)
    assert line.verdict() == "pass"


def test_a_suppression_may_come_before_its_defect(line):
    line.whole_part()
    line.read(0, suppression(1, 6))
    line.read(0.5, defect(6, 1, LARGE))
    line.read(6)
    assert line.verdict() == "pass"


def test_a_withdrawn_suppression_judges_again(line):
    line.whole_part()
    line.read(0, defect(6, 1, LARGE), suppression(1, 6))
    line.read(6)
    line.read(7, gone_suppressions=(suppression(1, 6),))
    assert line.verdict() == "fail"


def test_a_suppression_that_points_to_another_defect_ends_for_the_old_one(line):
    line.whole_part()
    line.read(0, defect(5, 1, LARGE), defect(6, 2), suppression(1, 5))
    line.read(6)
    assert line.verdict() == "pass"
    line.read(60, suppression(1, 6))
    assert line.verdict() == "fail"


def test_a_suppression_that_points_to_another_defect_leaves_what_a_second_row_suppresses(line):
    line.whole_part()
    line.read(0, defect(5, 1, LARGE), defect(6, 2), suppression(1, 5), suppression(2, 5))
    line.read(6)
    line.read(60, suppression(1, 6))
    assert line.verdict() == "pass"
    line.read(70, gone_suppressions=(suppression(2, 5),))
    assert line.verdict() == "fail"


def test_a_suppression_that_names_no_defect_any_more_has_ended(line):
    line.whole_part()
    line.read(0, defect(5, 1, LARGE), suppression(1, 5))
    line.read(6)
    line.read(60, gone_suppressions=(suppression(1, None),))
    assert line.verdict() == "fail"
    line.read(61, gone_suppressions=(suppression(1, None),))
    assert not line.last


def test_a_suppression_that_points_to_a_defect_of_a_newer_generation_ends_for_the_old_one(line):
    line.whole_part()
    line.read(0, defect(5, 1, LARGE), suppression(1, 5))
    line.read(6)
    line.read(60, Suppression(1, 2, 50), generations=Generations(({"Defects": 5},)))
    assert line.verdict() == "fail"


def test_an_id_of_a_suppression_that_is_used_again_after_a_restore_does_not_touch_the_history(line):
    line.whole_part()
    line.read(0, defect(5, 1, LARGE), suppression(1, 5))
    line.read(6)
    after_restore = Generations(({"Defects": 4},))
    line.read(60, Suppression(1, 2, 5), generations=after_restore, rewound=True)
    line.read(61, Suppression(1, 1, 2), generations=after_restore)
    assert line.verdict() == "pass"
