"""The judge against cases whose answers an independent, exact judge gave."""

import json

from regions import answer_of, image_from_case, judge
from tests.regions_cases import CASES
from tests.regions_reference import answer


def read_cases():
    return [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]


def test_every_case_is_answered_exactly():
    for number, case in enumerate(read_cases(), 1):
        assert answer_of(judge([image_from_case(case)])[0]) == case["answer"], f"line {number}"


def test_all_cases_in_one_call_are_answered_as_each_alone():
    cases = read_cases()
    judged = judge([image_from_case(case) for case in cases])
    assert [answer_of(each) for each in judged] == [case["answer"] for case in cases]


def test_the_answers_on_file_are_those_of_the_exact_judge():
    for number, case in enumerate(read_cases(), 1):
        assert answer(case) == case["answer"], f"line {number}"


def test_the_cases_hold_every_verdict_and_every_reason():
    cases = read_cases()
    defects = [defect for case in cases for defect in case["answer"]["defects"]]
    assert {case["answer"]["verdict"] for case in cases} == {"pass", "review", "fail"}
    assert {tuple(defect["reasons"]) for defect in defects} >= {
        (),
        ("density",),
        ("size",),
        ("density", "size"),
    }
    assert any(defect["ignored"] for defect in defects)
