"""What people decide: effect on verdict and queue, conflicts, undo, reasons, a second person, replays."""

import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from hmi.deciding import Conflict, KeyReused, NotThere, ReasonNeeded, SecondPersonNeeded, UnknownWord
from hmi.review import on_hold, parts_left
from hmi.store import StoreUnavailable
from hmi.store.audit import AuditEntry
from hmi.store.decisions import DEFECT, PART, Decision
from hmi.store.runs import Defect, Image
from tests.desk import ANN, BEN, Desk
from tests.lines import BEGAN, BORDERLINE, LARGE, TWO_CAMERAS, Line, defect, image, trigger

FAILS, FAILS_TOO, SMALL_ONE = 1, 2, 3


@pytest.fixture
def line(store, settings_of) -> Line:
    review = {"since": (BEGAN - timedelta(hours=1)).isoformat()}
    return Line(
        settings_of(line={"cameras": TWO_CAMERAS, "settle_s": 5, "grace_s": 20}, review=review), store
    )


@pytest.fixture
def desk(line) -> Desk:
    """Camera A has two defects that fail and a small one, far apart; camera B is clean."""
    line.read(
        0,
        trigger(),
        image(1, "A"),
        image(2, "B"),
        defect(1, 1, LARGE),
        defect(2, 1, LARGE),
        defect(3, 1),
    )
    line.files(1, 2)
    line.read(5)
    return Desk(line.settings, line.store)


def open_reviews(line: Line) -> int:
    with line.store.read() as session:
        return parts_left(session, line.settings)


def text_of(line: Line, camera: str = "A") -> str:
    return next(verdict.text for verdict in line.verdicts() if verdict.camera == camera)


def test_a_part_whose_failing_defects_are_all_okayed_is_accepted(line, desk):
    desk.defect(FAILS, "okay")
    assert (line.verdict(), text_of(line)) == ("fail", "1 of 3 defects fail · 1 okayed")
    desk.defect(FAILS_TOO, "okay")
    assert (line.verdict(), text_of(line)) == ("accepted", "2 of 3 defects okayed")


def test_a_scrap_makes_a_part_fail_that_the_rules_pass(line, settings_of, store):
    desk = Desk(line.settings, store)
    line.read(0, trigger(), image(1, "A"), image(2, "B"), defect(1, 1))
    line.files(1, 2)
    line.read(5)
    assert line.verdict() == "pass"
    desk.defect(1, "scrap")
    assert (line.verdict(), text_of(line)) == ("fail", "1 of 1 defect fail")
    assert line.run().changed_at is None


def test_a_decision_of_people_does_not_mark_the_part_as_changed(line, desk):
    desk.defect(FAILS, "okay")
    desk.defect(FAILS_TOO, "okay")
    assert line.run().changed_at is None


def test_the_next_pass_of_the_worker_keeps_what_people_decided(line, desk):
    desk.defect(FAILS, "okay")
    desk.defect(FAILS_TOO, "okay")
    line.read(6, trigger(belt="another"))
    assert line.verdict() == "accepted"


def test_an_image_that_has_not_settled_waits_though_all_is_okayed(line):
    line.read(0, trigger(), image(1, "A"), image(2, "B"), defect(1, 1, LARGE))
    line.files(1, 2)
    desk = Desk(line.settings, line.store)
    desk.defect(1, "okay")
    assert line.verdict() == "waiting"
    line.read(5)
    assert line.verdict() == "accepted"


def test_a_part_leaves_the_queue_with_its_last_open_defect(line, desk):
    assert open_reviews(line) == 1
    desk.defect(FAILS, "scrap")
    assert open_reviews(line) == 1
    desk.defect(FAILS_TOO, "okay")
    assert (open_reviews(line), line.verdict()) == (0, "fail")


@pytest.mark.parametrize("word", ["use_as_is", "rework", "impregnate", "scrap", "hold"])
def test_a_decision_on_the_part_closes_its_review_and_never_changes_its_verdict(line, desk, word):
    desk.part(1, word, reason="customer agreed")
    assert (open_reviews(line), line.verdict(), line.run().part_decision) == (0, "fail", word)
    desk.part(1, "undo")
    assert (open_reviews(line), line.run().part_decision) == (1, None)


def test_a_borderline_defect_waits_for_people(line):
    line.read(0, trigger(), image(1, "A"), image(2, "B"), defect(1, 1, BORDERLINE))
    line.files(1, 2)
    line.read(5)
    assert (line.verdict(), open_reviews(line)) == ("review", 1)
    Desk(line.settings, line.store).defect(1, "okay")
    assert (line.verdict(), open_reviews(line)) == ("accepted", 0)


def test_undo_brings_back_what_was_before(line, desk):
    desk.defect(FAILS, "okay")
    desk.defect(FAILS, "scrap", BEN)
    desk.defect(FAILS, "undo", BEN)
    assert desk.in_force(DEFECT, FAILS) == "okay"
    desk.defect(FAILS, "undo", BEN)
    assert desk.in_force(DEFECT, FAILS) is None
    assert [one.act for one in desk.history(DEFECT, FAILS)] == ["decide", "decide", "undo", "undo"]
    with pytest.raises(Conflict, match="nothing to undo"):
        desk.defect(FAILS, "undo")


def test_the_second_of_two_people_is_told_who_was_first_and_what_they_said(desk):
    seen = desk.state(DEFECT, (1, FAILS))
    desk.defect(FAILS, "okay", ANN, state=seen)
    with pytest.raises(Conflict) as conflict:
        desk.defect(FAILS, "scrap", BEN, state=seen)
    assert (conflict.value.first.who, conflict.value.first.word) == ("ann", "okay")
    assert conflict.value.state == desk.state(DEFECT, (1, FAILS))


def test_of_many_who_decide_at_once_exactly_one_wins(line, desk):
    won, lost, start = [], [], threading.Barrier(8)
    seen = desk.state(DEFECT, (1, FAILS))

    def race(number: int) -> None:
        start.wait()
        while True:
            with suppress(StoreUnavailable):  # not answered in time: whoever it is asks again
                try:
                    won.append(desk.defect(FAILS, "okay", state=seen, idempotency=f"racer-{number}"))
                except Conflict as conflict:
                    lost.append(conflict)
                return

    threads = [threading.Thread(target=race, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 7)
    assert {conflict.first.id for conflict in lost} == {won[0].decision.id}


def test_a_decision_sent_three_times_is_taken_once(desk, store):
    state = desk.state(DEFECT, (1, FAILS))
    taken = [desk.defect(FAILS, "okay", state=state, idempotency="once") for _ in range(3)]
    assert [one.repeated for one in taken] == [False, True, True]
    assert len({one.decision.id for one in taken}) == 1
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(Decision)) == 1
        assert session.scalar(select(func.count()).select_from(AuditEntry)) == 1


def test_a_key_serves_for_one_decision_only(desk):
    desk.defect(FAILS, "okay", idempotency="once")
    with pytest.raises(KeyReused):
        desk.defect(FAILS_TOO, "okay", idempotency="once")
    with pytest.raises(KeyReused):
        desk.defect(FAILS, "scrap", idempotency="once")


def test_what_is_not_there_cannot_be_decided(desk):
    with pytest.raises(NotThere):
        desk.defect(99, "okay", state="0-x")
    with pytest.raises(NotThere):
        desk.part(99, "hold", state="0-x")


NO_WORDS = [(DEFECT, "hold"), (PART, "okay"), (DEFECT, ""), ("x", "okay")]


def test_a_word_that_is_none_is_refused(desk, subtests):
    for subject, word in NO_WORDS:
        with subtests.test(subject=subject, word=word), pytest.raises(UnknownWord):
            desk.decide(subject, (1, 1), word, state="0-x")


def test_a_defect_shown_on_another_image_is_a_conflict(desk):
    with pytest.raises(Conflict, match="another image"):
        desk.defect(FAILS, "okay", image=(1, 2))


def test_a_part_that_overrides_the_rules_needs_a_reason(desk):
    with pytest.raises(ReasonNeeded):
        desk.part(1, "use_as_is")
    desk.part(1, "rework")


def with_review(line: Line, **review) -> Desk:
    changed = line.settings.review.model_copy(update=review)
    return Desk(line.settings.model_copy(update={"review": changed}), line.store)


def test_by_setting_every_override_needs_a_reason(line, desk):
    strict = with_review(line, reason_needed="always")
    with pytest.raises(ReasonNeeded):
        strict.defect(FAILS, "okay")
    with pytest.raises(ReasonNeeded):
        strict.defect(SMALL_ONE, "scrap")
    strict.defect(FAILS, "scrap")
    strict.defect(SMALL_ONE, "okay")


def test_by_setting_use_as_is_counts_when_a_second_person_agrees(line, desk):
    careful = with_review(line, second_person=True)
    careful.part(1, "use_as_is", ANN, reason="drawing allows it")
    assert (open_reviews(line), careful.in_force(PART, 1)) == (1, None)
    with pytest.raises(SecondPersonNeeded):
        careful.part(1, "use_as_is", ANN, reason="again")
    agreed = careful.part(1, "use_as_is", BEN, reason="I agree")
    assert (open_reviews(line), careful.in_force(PART, 1)) == (0, "use_as_is")
    assert agreed.decision.seconds == careful.history(PART, 1)[0].id


def test_a_proposal_leaves_in_force_what_was_and_can_be_taken_back(line, desk):
    careful = with_review(line, second_person=True)
    careful.part(1, "hold")
    careful.part(1, "use_as_is", reason="drawing allows it")
    assert careful.in_force(PART, 1) == "hold"
    careful.part(1, "undo")
    assert careful.in_force(PART, 1) == "hold"


def test_a_comment_stands_beside_and_changes_nothing(line, desk):
    state = desk.state(DEFECT, (1, FAILS))
    desk.defect(FAILS, "comment", reason="looks like a scratch")
    assert desk.state(DEFECT, (1, FAILS)) == state
    assert [one.reason for one in desk.history(DEFECT, FAILS)] == ["looks like a scratch"]
    with pytest.raises(ReasonNeeded):
        desk.defect(FAILS, "comment")


def test_an_entry_says_who_when_where_by_which_rules_and_on_what(line, desk):
    before = next(verdict.id for verdict in line.verdicts() if verdict.camera == "A")
    entry = desk.defect(FAILS, "okay", reason="scratch").decision
    assert (entry.who, entry.role, entry.station, entry.reason) == (
        "ann",
        "supervisor",
        "Station 3",
        "scratch",
    )
    assert (entry.rules_version, entry.verdict_id) == (1, before)
    assert entry.at_local.startswith("2026-05-08T12:")
    assert entry.at_local.endswith("-04:00")
    assert entry.seen["width"] == LARGE


def test_a_changed_defect_is_flagged_and_its_okay_spares_nothing_any_more(line, desk):
    desk.defect(FAILS, "okay")
    desk.defect(FAILS_TOO, "okay")
    line.read(10, defect(FAILS, 1, 2 * LARGE))
    assert (line.verdict(), open_reviews(line)) == ("fail", 1)
    with line.store.read() as session:
        assert session.get(Defect, (1, FAILS)).changed_after_at == BEGAN + timedelta(seconds=10)
    assert line.run().changed_after_at is not None
    desk.defect(FAILS, "okay", BEN)
    assert line.verdict() == "accepted"


def test_a_scrapped_defect_that_is_deleted_keeps_its_part_failing(line, desk):
    desk.defect(FAILS, "scrap")
    desk.defect(FAILS_TOO, "okay")
    line.read(10, gone_defects=((1, FAILS),))
    assert line.verdict() == "fail"
    assert text_of(line) == "1 of 2 defects okayed · 1 scrapped, not there any more"
    assert line.run().changed_after_at is not None


def test_a_late_defect_opens_a_part_again_that_people_had_decided(line, desk):
    desk.part(1, "hold")
    assert open_reviews(line) == 0
    line.read(10, defect(9, 2, LARGE))
    assert open_reviews(line) == 1
    assert line.run().changed_after_at is not None
    desk.part(1, "hold", BEN)
    assert (open_reviews(line), line.run().changed_after_at) == (0, None)


def test_a_late_defect_on_a_part_without_decisions_flags_nothing(line, desk):
    line.read(10, defect(9, 2, LARGE))
    assert line.run().changed_after_at is None


def test_a_decision_on_a_box_that_changed_meanwhile_is_a_conflict(line, desk):
    seen = desk.state(DEFECT, (1, FAILS))
    line.read(10, defect(FAILS, 1, 2 * LARGE))
    with pytest.raises(Conflict, match="vision system changed"):
        desk.defect(FAILS, "okay", state=seen)


def test_a_deleted_defect_cannot_be_decided_but_undone(line, desk):
    desk.defect(FAILS, "scrap")
    line.read(10, gone_defects=((1, FAILS),))
    with pytest.raises(Conflict, match="deleted"):
        desk.defect(FAILS, "okay")
    desk.defect(FAILS, "undo")
    assert desk.in_force(DEFECT, FAILS) is None


def test_an_okayed_defect_is_drawn_quietly_and_named_no_reason(line, desk):
    with line.store.read() as session:
        before = session.get(Image, (1, 1)).picture
    desk.defect(FAILS, "okay")
    verdict = next(verdict for verdict in line.verdicts() if verdict.camera == "A")
    said = {found["defect"][1]: found.get("decision") for found in verdict.findings}
    assert said == {1: "okay", 2: None}
    with line.store.read() as session:
        assert session.get(Image, (1, 1)).picture != before


def test_the_person_before_stays_on_record_when_another_decides(desk):
    desk.defect(FAILS, "okay", ANN)
    desk.defect(FAILS, "scrap", BEN)
    assert [(one.who, one.word) for one in desk.history(DEFECT, FAILS)] == [("ann", "okay"), ("ben", "scrap")]


def test_parts_on_hold_are_listed_until_somebody_decides_otherwise(line, desk):
    def held() -> list[int]:
        with line.store.read() as session:
            return [run.id for run in on_hold(session, 10)]

    desk.part(1, "hold")
    assert held() == [1]
    desk.part(1, "rework")
    assert held() == []
