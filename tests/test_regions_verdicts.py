"""Verdicts of images and parts from what was judged, decided and seen."""

import itertools

import pytest

from regions import VERDICTS, Boxes, CameraRules, ImageToJudge, Rule, image_verdict, judge, part_verdict

RULES = CameraRules(10.0, 1.0, "default", Rule(1.0, None, None, 0), ())


def judged(*lengths, rules=RULES):
    rows = range(1, len(lengths) + 1)
    boxes = Boxes.of(rows, [20 * n for n in rows], [5] * len(rows), lengths, [2] * len(rows))
    return judge([ImageToJudge(rules, 500, 500, boxes)])[0]


GOOD, DOUBTFUL, BAD = judged(5), judged(5, 10), judged(20, 10)
UNJUDGEABLE = judged(5, rules=CameraRules(None, 1.0, "default", RULES.default, ()))


def verdict(judgement, okayed=(), scrapped=(), settled=True, file_state="readable"):
    return image_verdict(judgement, okayed, scrapped, settled, file_state)


def test_an_image_without_anything_wrong_passes_once_settled():
    assert verdict(GOOD) == "pass"
    assert verdict(GOOD, settled=False) == "waiting"


def test_a_fail_shows_at_once_and_whatever_the_file():
    assert verdict(BAD, settled=False) == "fail"
    assert verdict(BAD, file_state="unreadable") == "fail"


def test_review_waits_until_settled():
    assert verdict(DOUBTFUL) == "review"
    assert verdict(DOUBTFUL, settled=False) == "waiting"


def test_a_missing_row_is_missing_after_the_grace_time_only():
    assert verdict(None) == "missing"
    assert verdict(None, settled=False) == "waiting"


def test_a_broken_file_is_unreadable_and_an_unreachable_one_waits():
    assert verdict(GOOD, file_state="unreadable") == "unreadable"
    assert verdict(GOOD, settled=False, file_state="unreadable") == "unreadable"
    assert verdict(GOOD, file_state="waiting") == "waiting"


def test_rules_that_cannot_be_applied_are_unreadable():
    assert verdict(UNJUDGEABLE) == "unreadable"
    assert verdict(UNJUDGEABLE, okayed={1}) == "unreadable"


def test_okays_turn_fail_into_review_and_then_accepted():
    assert verdict(BAD, okayed={1}) == "review"
    assert verdict(BAD, okayed={1, 2}) == "accepted"
    assert verdict(BAD, okayed={2}) == "fail"


def test_an_okay_for_a_defect_that_passed_anyway_changes_nothing():
    assert verdict(GOOD, okayed={1}) == "pass"
    assert verdict(DOUBTFUL, okayed={1}) == "review"


def test_a_scrap_on_any_defect_fails_the_image():
    for judgement in (GOOD, DOUBTFUL, BAD, UNJUDGEABLE):
        assert verdict(judgement, okayed={1, 2}, scrapped={1}, settled=False) == "fail"


def test_a_state_of_the_file_that_is_none_is_refused():
    with pytest.raises(ValueError, match="file_state"):
        verdict(GOOD, file_state="fine")


def test_the_part_is_as_bad_as_its_worst_camera():
    for one, other in itertools.combinations(VERDICTS, 2):
        assert part_verdict([other, "pass", one]) == one


def test_a_part_passes_only_when_every_camera_does():
    for verdicts in itertools.product(VERDICTS, repeat=3):
        assert (part_verdict(verdicts) == "pass") == (set(verdicts) == {"pass"})


def test_a_part_without_cameras_never_passes():
    assert part_verdict([]) == "missing"


def test_a_verdict_that_is_none_is_refused():
    with pytest.raises(ValueError, match="must be one of fail"):
        part_verdict(["pass", "green"])
