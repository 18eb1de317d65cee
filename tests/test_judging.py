"""From rows to verdicts: settling, missing, waiting, unreadable, late rows, rules of their time."""

from datetime import timedelta

from sqlalchemy import func, select

from hmi.store.runs import Defect, Image, Run
from hmi.store.verdicts import Verdict
from tests.lines import BEGAN, LARGE, Line, defect, image, suppression, trigger


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


def test_the_past_is_judged_at_once_from_its_rows(line):
    line.read(0, trigger(), image(1, "A"), image(2, "B"), defect(1, 1), past=True)
    assert line.verdict() == "pass"
    line.read(0, trigger(2), image(3, "A", of=2), past=True)
    assert line.verdict(2) == "missing"


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


def test_a_deleted_trigger_leaves_the_line(line):
    line.whole_part()
    line.read(1, gone_triggers=((1, 1),))
    assert line.run().gone


def test_a_part_that_was_judged_before_any_camera_was_known_is_judged_anew_with_them(store, settings_of):
    line = Line(settings_of(), store)
    line.read(0, trigger(), image(1, "A"), defect(1, 1, LARGE), past=True)
    assert line.verdict() == "missing"
    cameras = ({"serial_number": "A"}, {"serial_number": "B"})
    line.read(1, tables={"Cameras": cameras})
    line.read(2, image(2, "B"), defect(2, 2), past=True)
    assert line.verdict() == "fail"


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
