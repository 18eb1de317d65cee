"""What is judged a second time: after a restart, a restore, a deletion, or under a clock that is wrong."""

from datetime import timedelta

import pytest

from tests.lines import BEGAN, LARGE, SERIAL, TWO_CAMERAS, Line, defect, image, trigger


def test_a_trigger_dated_next_year_has_no_usable_time(line):
    line.read(0, trigger(timestamp=BEGAN + timedelta(days=365)))
    assert line.run().order_ms == 0


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


def test_a_worker_that_takes_over_leaves_a_part_settled_that_waits_for_a_late_image(line):
    """Of the late image nothing is known yet; all other cameras had their time, and nobody takes it back."""
    line.read(0, trigger(), image(1, "A"), defect(1, 1, LARGE))
    line.files(1)
    line.read(25)
    assert line.cameras() == {"A": "fail", "B": "missing"}
    line.read(30, image(2, "B"))
    before = line.verdicts(current=False)
    line.start(watched_s=31)
    line.read(31)
    line.read(60)
    assert line.run().changed_at is None
    assert [row.verdict for row in line.verdicts(current=False)][: len(before)] == [
        row.verdict for row in before
    ]
    assert line.cameras()["A"] == "fail"


def test_a_worker_that_takes_over_withdraws_no_verdict_of_a_settled_part(store, settings_of):
    """One camera's image comes late and is waited for; what was said of the two others stands."""
    three = [*TWO_CAMERAS, {"serial": "C", "order": 3}]
    line = Line(settings_of(line={"cameras": three, "settle_s": 5, "grace_s": 20}), store)
    line.read(0, trigger(), image(1, "A"))
    line.files(1)
    line.read(25)
    assert line.cameras() == {"A": "pass", "B": "missing", "C": "missing"}
    line.read(30, image(2, "B"))
    assert line.cameras() == {"A": "pass", "C": "missing"}
    line.start(watched_s=31)
    line.read(31)
    assert (line.verdict(), line.cameras()) == ("missing", {"A": "pass", "C": "missing"})
    line.files(2, at_s=32)
    line.read(40)
    assert line.cameras() == {"A": "pass", "B": "pass", "C": "missing"}


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
