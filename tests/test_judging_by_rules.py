"""Verdicts by the rules of their time: what they say of them, and rules that nobody can judge by."""

import pytest
from sqlalchemy import func, select

from hmi.store.rules import Region, RulesVersion
from tests.lines import BEGAN, LARGE, defect, image, trigger


def test_a_verdict_says_by_which_rules_and_scale(line):
    line.whole_part()
    line.read(5)
    verdict = line.verdicts()[0]
    assert verdict.rules_version == 1
    assert verdict.px_per_mm == pytest.approx(95 / 7.9375)


def test_a_finding_says_what_was_measured_against_which_limit(line):
    line.read(0, trigger(), image(1, "A"), defect(1, 1, LARGE))
    (found,) = line.verdicts()[0].findings
    (finding,) = found["findings"]
    assert (found["state"], found["reasons"]) == ("fail", ["size"])
    assert finding["measured"] == pytest.approx(LARGE / (95 / 7.9375))
    assert finding["limit"] == 1.5


def region(**columns):
    square = [{"x": 0, "y": 0}, {"x": 5120, "y": 0}, {"x": 5120, "y": 5120}, {"x": 0, "y": 5120}]
    usual = {"camera_id": "A", "region_id": "Seal face", "polygon": square, "size_threshold": 0.5}
    return Region(**{**usual, **columns})


def put(line, *regions) -> None:
    with line.store.write() as session:
        session.add_all(regions)
    with line.store.write() as session:
        line.judging.check_rules(session, BEGAN)


def test_a_region_written_by_hand_becomes_a_version_by_the_database(line):
    put(line, region())
    with line.store.read() as session:
        assert session.get(RulesVersion, 2).who == "database"
    line.whole_part()
    assert line.cameras()["A"] == "fail"


def test_a_region_of_another_part_type_does_not_judge(line):
    put(line, region(part_number="40MC"))
    line.whole_part()
    line.read(5)
    assert line.verdict() == "pass"


def test_old_verdicts_keep_the_rules_of_their_time(line):
    line.whole_part()
    line.read(5)
    put(line, region())
    line.read(10, defect(9, 1))
    assert line.verdict() == "pass"
    assert {verdict.rules_version for verdict in line.verdicts(current=False)} == {1}


def test_a_region_that_cannot_judge_makes_its_camera_unreadable_and_is_named(line):
    bow_tie = [{"x": 0, "y": 0}, {"x": 9, "y": 9}, {"x": 9, "y": 0}, {"x": 0, "y": 9}]
    put(line, region(polygon=bow_tie))
    line.whole_part()
    line.read(20)
    assert line.verdict() == "unreadable"
    assert "Seal face" in next(verdict.text for verdict in line.verdicts() if verdict.camera == "A")


def test_unchanged_rules_make_no_version(line):
    line.start()
    line.start()
    with line.store.read() as session:
        assert session.scalar(select(func.count()).select_from(RulesVersion)) == 1
