"""From rows to verdicts: settling, missing, waiting, unreadable, late rows, rules of their time."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from hmi.plant.generations import Generations
from hmi.plant.rows import Suppression
from hmi.store.runs import Defect, Image, Run
from hmi.store.verdicts import Verdict
from tests.lines import BEGAN, LARGE, SERIAL, TWO_CAMERAS, Line, defect, image, suppression, trigger


@pytest.fixture
def line(store, settings_of) -> Line:
    return Line(settings_of(line={"cameras": TWO_CAMERAS, "settle_s": 5, "grace_s": 20}), store)


def test_a_part_waits_until_its_images_have_settled(line):
    line.whole_part()
    assert line.verdict() == "waiting"
    line.read(4.9)
    assert line.verdict() == "waiting"
    line.read(5)
    assert line.verdict() == "pass"
    assert (line.run().cameras_judged, line.run().cameras_expected) == (2, 2)


def test_a_new_defect_begins_the_settling_anew(line):
    line.whole_part()
    line.read(4, defect(3, 1))
    line.read(6)
    assert line.verdict() == "waiting"
    line.read(9)
    assert line.verdict() == "pass"


def test_a_fail_shows_at_once(line):
    line.read(0, trigger(), image(1, "A"), defect(1, 1, LARGE))
    assert line.verdict() == "fail"
    assert line.cameras() == {"A": "fail"}


def test_a_camera_that_brings_nothing_is_missing_after_the_grace_time(line):
    line.read(0, trigger(), image(1, "A"))
    line.files(1)
    line.read(6)
    assert line.verdict() == "waiting"
    line.read(20)
    assert line.verdict() == "missing"
    assert line.cameras() == {"A": "pass", "B": "missing"}


def test_an_image_that_comes_after_all_heals_the_part_and_marks_it_as_changed(line):
    line.read(0, trigger(), image(1, "A"))
    line.files(1)
    line.read(20)
    line.read(40, image(2, "B"))
    assert line.verdict() == "waiting"
    line.files(2)
    line.read(45)
    assert line.verdict() == "pass"
    assert line.run().changed_at is not None


def test_without_any_image_all_cameras_are_missing(line):
    line.read(0, trigger())
    line.read(20)
    assert line.cameras() == {"A": "missing", "B": "missing"}


def test_a_defect_that_comes_after_the_verdict_judges_again_and_marks_the_part(line):
    line.whole_part()
    line.read(5)
    line.read(300, defect(9, 1, LARGE))
    assert line.verdict() == "fail"
    assert line.run().changed_at == BEGAN + timedelta(seconds=300)


def test_a_deleted_defect_judges_again(line):
    line.whole_part()
    line.read(1, defect(9, 1, LARGE))
    line.read(30)
    line.read(31, gone_defects=((1, 9),))
    assert line.verdict() == "pass"


def test_a_changed_defect_judges_again_and_old_verdicts_are_kept(line):
    line.whole_part()
    line.read(5)
    line.read(10, defect(1, 1, LARGE))
    verdicts = [verdict.verdict for verdict in line.verdicts(current=False) if verdict.camera == "A"]
    assert verdicts == ["pass", "fail"]
    assert line.cameras()["A"] == "fail"


def test_reading_the_same_again_changes_nothing(line):
    rows = (trigger(), image(1, "A"), image(2, "B"), defect(1, 1, LARGE), defect(2, 2), suppression(1, 2))
    line.read(0, *rows)
    line.files(1, 2)
    line.read(30)
    before = [verdict.id for verdict in line.verdicts(current=False)]
    line.read(31, *rows)
    assert not line.last
    assert [verdict.id for verdict in line.verdicts(current=False)] == before


def test_an_image_before_its_trigger_finds_its_run(line):
    line.read(0, image(1, "A"), image(2, "B"))
    line.files(1, 2)
    line.read(30, trigger())
    line.read(36)
    assert line.verdict() == "pass"
    with line.store.read() as session:
        assert session.get(Image, (1, 1)).order_ms == line.run().order_ms > 0


def test_a_defect_before_its_image_is_not_forgotten(line):
    line.read(0, trigger(), defect(1, 1, LARGE))
    line.read(1, image(1, "A"))
    assert line.verdict() == "fail"


def test_a_row_without_a_camera_is_kept_and_does_not_count_for_one(line):
    line.read(0, trigger(), image(1, "A"), image(2, "B"), image(3, None), defect(1, 3, LARGE))
    line.files(1, 2, 3)
    line.read(6)
    assert line.verdict() == "pass"


def test_an_unexpected_camera_is_judged_but_does_not_decide(line):
    line.whole_part()
    line.read(0, image(3, "Z"), defect(9, 3, LARGE))
    line.files(3)
    line.read(6)
    assert line.verdict() == "pass"
    assert line.cameras()["Z"] == "fail"


def test_of_two_images_of_one_camera_the_worse_decides(line):
    line.whole_part()
    line.read(0, image(3, "A"), defect(9, 3, LARGE))
    assert line.verdict() == "fail"


def test_a_file_that_is_not_there_makes_the_image_unreadable_after_the_grace_time(line):
    line.whole_part()
    line.read(0, image(3, "A", path=r"E:\images\gone.jpg"))
    line.files(3, state="absent")
    line.read(10)
    assert line.verdict() == "waiting"
    line.read(20)
    assert line.verdict() == "unreadable"


def test_an_unreadable_image_heals_when_its_file_comes(line):
    line.read(0, trigger(), image(1, "A"), image(2, "B"))
    line.files(1)
    line.files(2, state="broken")
    line.read(20)
    assert line.cameras()["B"] == "unreadable"
    line.files(2, at_s=25)
    assert line.verdict() == "pass"


def test_a_share_that_does_not_answer_is_waited_for(line):
    line.read(0, trigger(), image(1, "A"), image(2, "B"))
    line.files(1)
    line.files(2, state="unreachable")
    line.read(500)
    assert line.verdict() == "waiting"
    line.files(2)
    line.read(501)
    assert line.verdict() == "pass"


def test_a_later_purge_never_changes_a_verdict(line):
    line.whole_part()
    line.read(5)
    line.files(1, 2, state="absent")
    line.read(500)
    assert line.verdict() == "pass"


def test_a_failing_defect_makes_its_image_fail_whatever_its_file(line):
    line.read(0, trigger(), image(1, "A"), image(2, "B"), defect(1, 1, LARGE))
    line.files(1, state="absent")
    line.read(20)
    assert line.cameras()["A"] == "fail"


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


def test_a_box_without_geometry_is_counted_and_for_review(line):
    line.whole_part()
    line.read(0, defect(5, 1, width=None), defect(6, 1, width=0), defect(7, 1, x=None))
    line.read(5)
    assert line.verdict() == "review"
    with line.store.read() as session:
        assert session.get(Image, (1, 1)).defects == 4


def test_a_confidence_that_is_no_number_is_kept_as_none_and_replays_quietly(line):
    odd = defect(5, 1, confidence=float("nan"))
    line.whole_part()
    line.read(1, odd)
    line.read(2, odd)
    assert not line.last


def test_a_run_of_an_unknown_time_sorts_last_and_is_judged(line):
    line.read(0, trigger(timestamp=None), image(1, "A"), image(2, "B"))
    line.files(1, 2)
    line.read(5)
    assert (line.verdict(), line.run().order_ms) == ("pass", 0)


def test_a_trigger_dated_next_year_has_no_usable_time(line):
    line.read(0, trigger(timestamp=BEGAN + timedelta(days=365)))
    assert line.run().order_ms == 0


def test_the_past_is_judged_at_once_from_its_rows(line):
    line.read(0, trigger(), image(1, "A"), image(2, "B"), defect(1, 1), past=True)
    assert line.verdict() == "pass"
    line.read(0, trigger(2), image(3, "A", of=2), past=True)
    assert line.verdict(2) == "missing"


@pytest.mark.parametrize("ahead", [timedelta(days=400), timedelta(hours=5)])
def test_a_trigger_dated_ahead_does_not_make_the_part_in_progress_the_past(line, ahead):
    line.read(
        0,
        trigger(1, timestamp=BEGAN - timedelta(hours=1)),
        trigger(2, timestamp=BEGAN + ahead),
        trigger(3, timestamp=BEGAN - timedelta(seconds=5)),
        image(1, "A", of=3),
        image(2, "B", of=3),
        is_first=True,
    )
    assert [line.run(number).past for number in (1, 2, 3)] == [True, False, False]
    assert line.verdict(3) == "waiting"
    line.files(1, 2)
    line.read(5)
    assert line.verdict(3) == "pass"


def test_at_a_first_start_the_past_is_told_by_the_clock_of_the_plant_where_that_is_behind(line):
    hour = timedelta(hours=1)
    long_since, just_now = (trigger(number, timestamp=BEGAN - hour / number) for number in (1, 2))
    line.read(0, long_since, just_now, is_first=True)
    assert [line.run(number).past for number in (1, 2)] == [True, False]


def test_a_worker_that_takes_over_settles_again_before_it_passes(line):
    line.whole_part()
    line.read(4)
    line.start(watched_s=4)
    line.read(4.5)
    line.read(8.9)
    assert line.verdict() == "waiting"
    line.read(9.5)
    assert line.verdict() == "pass"


def test_a_worker_that_takes_over_gives_missing_cameras_their_time_again(line):
    line.read(0, trigger(), image(1, "A"))
    line.files(1)
    line.read(19)
    line.start(watched_s=19)
    line.read(21)
    assert line.verdict() == "waiting"
    line.read(40)
    assert line.verdict() == "missing"


def test_images_that_were_stored_before_their_trigger_settle_after_a_restart_too(line):
    line.read(0, image(1, "A"), image(2, "B"))
    line.files(1, 2)
    line.start(watched_s=50)
    line.read(50, trigger())
    assert line.verdict() == "waiting"
    line.read(56)
    assert line.verdict() == "pass"


def test_a_deleted_image_takes_its_verdict_with_it(line):
    line.whole_part()
    line.read(0, image(3, "A"), defect(9, 3, LARGE))
    line.read(6)
    line.read(7, gone_images=((1, 3),))
    assert line.verdict() == "pass"
    assert line.cameras() == {"A": "pass", "B": "pass"}


def test_an_image_that_is_inserted_again_settles_again_before_it_passes(line):
    line.whole_part()
    line.read(0, defect(9, 1, LARGE))
    line.read(6)
    line.read(60, gone_images=((1, 1),), gone_defects=((1, 1), (1, 9)))
    assert line.verdict() == "missing"
    line.read(70, image(1, "A"))
    line.files(1, at_s=70)
    assert line.verdict() == "waiting"
    line.read(72, defect(11, 1))
    line.read(76.9)
    assert line.verdict() == "waiting"
    line.read(77)
    assert line.verdict() == "pass"


def test_an_image_that_is_inserted_again_fails_by_a_defect_that_comes_with_it(line):
    line.whole_part()
    line.read(6)
    line.read(60, gone_images=((1, 1),), gone_defects=((1, 1),))
    line.read(70, image(1, "A"))
    line.read(72, defect(11, 1, LARGE))
    assert line.verdict() == "fail"


def test_the_file_of_an_image_that_is_inserted_again_is_waited_for(line):
    line.whole_part()
    line.read(6)
    line.read(60, gone_images=((1, 1),))
    line.read(70, image(1, "A"))
    assert line.arrived == [1]
    line.read(80)
    assert line.verdict() == "waiting"
    line.files(1, at_s=81)
    assert line.verdict() == "pass"


def test_an_image_that_is_inserted_again_without_a_file_becomes_unreadable_again(line):
    line.read(0, trigger(), image(1, "A"), image(2, "B"))
    line.files(1)
    line.files(2, state="absent")
    line.read(20)
    line.read(60, gone_images=((1, 2),))
    line.read(70, image(2, "B"))
    assert line.verdict() == "waiting"
    line.read(90)
    assert line.verdict() == "unreadable"


def test_an_image_that_moves_to_another_camera_leaves_no_verdict_behind(line):
    line.read(0, trigger(), image(1, "A"), defect(1, 1, LARGE))
    line.read(1, image(1, "B"))
    assert line.cameras() == {"B": "fail"}


def test_an_image_that_moves_to_another_run_leaves_no_verdict_behind(line):
    line.read(0, trigger(), trigger(2), image(1, "A"), image(2, "B"), defect(1, 1, LARGE))
    line.read(1, image(1, "A", of=2))
    assert "A" not in line.cameras(1)
    assert line.cameras(2) == {"A": "fail"}


def test_texts_that_no_index_can_hold_are_cut_and_stop_nothing(line):
    endless = "".join(chr(33 + number * 7919 % 90) for number in range(5000))
    line.read(0, trigger(serial=endless, part=endless), image(1, endless, path=endless * 10))
    line.read(1, trigger(2, serial="a\0b"))
    assert len(line.run().serial) == 500
    assert line.run(2).serial == "a\ufffdb"


def test_numbers_that_no_column_can_hold_are_none(line):
    line.whole_part()
    line.read(0, defect(5, 1, x=2**40), defect(6, 1, width=-(2**33)))
    line.read(5)
    assert line.verdict() == "review"


def test_a_new_generation_does_not_touch_the_history(line):
    line.whole_part()
    line.read(5)
    again = trigger(1, serial="NEW", generation=2, timestamp=BEGAN + timedelta(hours=1))
    line.read(6, again, image(1, "A", generation=2, trigger_generation=2), rewound=True)
    assert (line.run().serial, line.run(generation=2).serial) == (SERIAL, "NEW")
    assert line.verdict() == "pass"


def test_images_of_one_id_in_two_generations_stay_apart(line):
    line.read(0, trigger(), image(1, "A"), image(2, "B"), defect(1, 1, LARGE))
    again = trigger(1, serial="NEW", generation=2)
    line.read(1, again, image(1, "A", generation=2, trigger_generation=2))
    assert line.run(generation=2).verdict == "waiting"


def test_a_deleted_trigger_leaves_the_line(line):
    line.whole_part()
    line.read(1, gone_triggers=((1, 1),))
    assert line.run().gone


def test_a_thousand_images_of_the_past_come_in_few_statements(line):
    triggers = [trigger(number) for number in range(1, 201)]
    images = [
        image(10 * number + place, "AB"[place], of=number) for number in range(1, 201) for place in (0, 1)
    ]
    defects = [defect(number, of=10 * number) for number in range(1, 201)]
    line.read(0, *triggers, *images, *defects, past=True)
    with line.store.read() as session:
        counts = [
            session.scalar(select(func.count()).select_from(table)) for table in (Run, Image, Defect, Verdict)
        ]
    assert counts == [200, 400, 200, 400]
