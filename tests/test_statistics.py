"""The answers of the statistics: they add up, and say what is unknown."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from hmi import recounting, retention
from hmi.statistics import MOST_POINTS, Answers, BadQuestion, places, question, statistics_of, tables
from hmi.store import editions
from hmi.store.counts import CountedRun
from hmi.store.runs import Run
from tests.desk import Desk
from tests.lines import BEGAN, BORDERLINE, LARGE, TWO_CAMERAS, Line, defect, image, trigger
from tests.recount import kept, recounted

FALL_BACK, SPRING = datetime(2025, 11, 2, tzinfo=UTC), datetime(2026, 3, 8, tzinfo=UTC)


@pytest.fixture
def line(store, settings_of) -> Line:
    review = {"since": "2020-01-01T00:00:00+00:00"}
    return Line(
        settings_of(line={"cameras": TWO_CAMERAS, "settle_s": 5, "grace_s": 20}, review=review), store
    )


def ask(line: Line, since=BEGAN - timedelta(days=1), until=BEGAN + timedelta(days=1), **more):
    asked = question(BEGAN, line.settings.time, since=since, until=until, **more)
    with line.store.read() as session:
        return statistics_of(session, line.settings, asked)


def three_parts(line: Line) -> None:
    """One fails on camera A, one is for review on B, one passes; the first serial comes twice."""
    line.read(0, trigger(1, "X"), trigger(2, "Y"), trigger(3, "X", part="40MC"))
    pictures = [image(10 * run + place, "AB"[place], of=run) for run in (1, 2, 3) for place in (0, 1)]
    rows = [defect(1, 10, LARGE), defect(2, 10), defect(3, 21, BORDERLINE, type="1")]
    line.read(0, *pictures, *rows)
    line.files(*(picture.id for picture in pictures))
    line.read(5)


def test_totals_and_every_table_add_up(line):
    three_parts(line)
    found = ask(line)
    assert found.units.by_verdict == {"fail": 1, "pass": 1, "review": 1}
    assert (found.units.fail_rate, found.units.defects, found.units.failing) == (1 / 3, 3, 1)
    for tallies in (found.by_type, found.by_camera, found.by_disposition, found.by_state):
        assert sum(tally.defects for tally in tallies) == 3
    assert [(tally.name, tally.defects) for tally in found.by_reason] == [("size", 2)]
    assert [(tally.name, tally.defects) for tally in found.by_region] == [("default rule", 2)]
    assert sum(spell.units.total for spell in found.by_shift) == 3
    assert sum(spell.units.total for spell in found.series) == 3


def test_what_is_kept_of_the_days_before_changes_with_what_is_counted_there(line):
    answers = Answers()

    def ask_again(**more):
        asked = question(BEGAN, line.settings.time, until=BEGAN + timedelta(days=2), **more)
        with line.store.read() as session:
            assert answers.of(session, line.settings, asked) == statistics_of(session, line.settings, asked)
            return answers.of(session, line.settings, asked)

    three_parts(line)
    for step, cameras in (("day", ()), ("month", ()), ("day", ("A",))):
        assert ask_again(step=step, cameras=cameras).units.by_verdict.get("pass", 0) >= 1
    line.read(60, gone_defects=((1, 1),))
    for step in ("day", "month"):
        found = ask_again(step=step)
        assert found.units.by_verdict == {"pass": 2, "review": 1}
        assert sum(spell.units.total for spell in found.series) == 3
    assert ask_again(step="day", cameras=("A",)).units.by_verdict == {"pass": 3}


def test_the_second_run_of_a_serial_is_no_first_pass(line):
    three_parts(line)
    units = ask(line).units
    assert (units.first, units.first_passed) == (2, 0)


def test_filters_by_camera_count_images_and_by_part_type_parts(line):
    three_parts(line)
    of_camera = ask(line, cameras=["A"])
    assert (of_camera.unit, of_camera.units.total, of_camera.units.failed) == ("image", 3, 1)
    assert of_camera.units.first_pass_yield is None
    assert [tally.name for tally in of_camera.by_camera] == ["A"]
    assert ask(line, parts=["40MC"]).units.total == 1
    assert ask(line, parts=["none such"]).units.fail_rate is None


def test_a_decision_counts_at_once_and_its_undo_too(line):
    three_parts(line)
    desk = Desk(line.settings, line.store)
    desk.defect(1, "okay")
    desk.defect(3, "scrap")
    said = ask(line).false_calls
    assert (said.okayed, said.scrapped, said.open, said.rate) == (1, 1, 0, 0.5)
    desk.defect(1, "undo")
    assert {tally.name for tally in ask(line).by_disposition} == {"open", "scrap", "not asked"}


def test_an_answer_is_kept_until_something_is_counted(line):
    three_parts(line)
    answers, asked = Answers(), question(BEGAN, line.settings.time, until=BEGAN + timedelta(days=1))

    def answer():
        with line.store.read() as session:
            return answers.of(session, line.settings, asked)

    first = answer()
    assert first == ask_plainly(line, asked)
    assert answer() is first
    Desk(line.settings, line.store).defect(1, "okay")
    assert answer().false_calls.okayed == 1
    assert answer() == ask_plainly(line, asked)
    with line.store.write() as session:
        recounting.begin(session, line.settings)
    assert answer() is not first


def ask_plainly(line: Line, asked):
    with line.store.read() as session:
        return statistics_of(session, line.settings, asked)


@pytest.mark.parametrize("step", ["hour", "shift", "day", "week", "month"])
@pytest.mark.parametrize("night", [FALL_BACK, SPRING])
def test_counts_per_shift_and_per_step_add_up_to_the_total_when_the_clock_changes(line, night, step):
    minutes = range(0, 24 * 60, 20)
    at = [night + timedelta(minutes=each) for each in minutes]
    line.read(0, *(trigger(n, f"S{n}", timestamp=when) for n, when in enumerate(at, start=1)), past=True)
    found = ask(line, since=night, until=night + timedelta(days=1), step=step)
    assert found.units.total == len(minutes)
    assert sum(spell.units.total for spell in found.by_shift) == len(minutes)
    assert sum(spell.units.total for spell in found.series) == len(minutes)
    assert [spell.end for spell in found.series[:-1]] == [spell.start for spell in found.series[1:]]


def test_a_part_without_a_usable_time_is_in_no_range_and_named(line):
    line.read(0, trigger(1, timestamp=None), image(1, "A"))
    found = ask(line, since=datetime(2023, 1, 1, tzinfo=UTC), until=BEGAN)
    assert (found.units.total, found.time_unknown) == (0, 1)


def test_what_the_backfill_brings_is_counted(line):
    line.read(0, trigger(1), image(1, "A"), image(2, "B"), defect(1, 1, LARGE), past=True)
    assert ask(line).units.by_verdict == {"fail": 1}


@pytest.mark.parametrize(
    ("field", "asked"),
    [
        ("until", {"since": BEGAN, "until": BEGAN}),
        ("until", {"since": BEGAN, "until": BEGAN - timedelta(hours=1)}),
        ("since", {"since": datetime.min.replace(tzinfo=UTC)}),
        ("until", {"until": datetime.max.replace(tzinfo=UTC)}),
        ("since", {"since": BEGAN - timedelta(days=4000)}),
        ("step", {"step": "second"}),
        ("step", {"step": "hour", "since": BEGAN - timedelta(hours=MOST_POINTS + 1)}),
        ("camera", {"cameras": ["A"] * 40_000}),
        ("part", {"parts": ["\0"]}),
    ],
)
def test_what_cannot_be_asked_is_refused_with_its_field(settings_of, field, asked):
    with pytest.raises(BadQuestion) as refused:
        question(BEGAN, settings_of().time, **asked)
    assert refused.value.field == field


def count_anew(line: Line, steps: int = 100) -> None:
    for _ in range(steps):
        with line.store.write() as session:
            if not recounting.is_due(session, line.settings):
                return
            recounting.step(session, line.settings)


def test_counting_anew_gives_the_same_and_sweeps_the_old(line):
    three_parts(line)
    count_anew(line)
    before = ask(line)
    with line.store.write() as session:
        recounting.begin(session, line.settings)
    assert ask(line) == before
    count_anew(line)
    assert ask(line) == before
    assert kept(line.store) == recounted(line.store, line.settings.time)
    with line.store.read() as session:
        now = editions.of(session)
    assert (now.shown, now.building, now.swept) == (2, None, True)


def reruns_and_single_parts(line: Line) -> None:
    """S1 runs twice: the first of the two runs fails, the second passes."""
    rows = [trigger(n, serial) for n, serial in enumerate(["S1", "S1", "S3", "S4"], start=1)]
    images = [image(2 * n + k, "AB"[k], n) for n in range(1, 5) for k in (0, 1)]
    line.read(0, *rows, *images, defect(1, 2, LARGE), defect(2, 4), past=True)


def remove_old_parts(line: Line, *numbers: int) -> None:
    """As retention does it; people have decided on all others."""
    with line.store.write() as session:
        for run in session.scalars(select(Run)):
            run.review_open = run.id not in numbers
        while not retention.remove_old(session, 7, BEGAN + timedelta(days=60)):
            pass
        assert {run.id for run in session.scalars(select(Run))}.isdisjoint(numbers)


@pytest.mark.parametrize("removed", [(1,), (2,), (4,), (1, 2, 3, 4)])
@pytest.mark.parametrize("at_once", [1, 100])
def test_counting_anew_keeps_the_counts_of_parts_that_were_removed(line, monkeypatch, removed, at_once):
    monkeypatch.setattr(recounting, "AT_ONCE", at_once)
    reruns_and_single_parts(line)
    count_anew(line)
    before, added = kept(line.store), counted_runs(line)
    remove_old_parts(line, *removed)
    for _ in range(2):
        with line.store.write() as session:
            recounting.begin(session, line.settings)
        count_anew(line)
        assert kept(line.store) == before
        assert counted_runs(line) == added


def test_a_part_that_comes_again_does_not_make_its_second_run_the_first_where_that_was_removed(line):
    reruns_and_single_parts(line)
    count_anew(line)
    remove_old_parts(line, 1)
    before = counted_runs(line)
    line.read(10, trigger(9, "S1"), image(90, "A", 9), image(91, "B", 9), past=True)
    after = counted_runs(line)
    assert {key: after[key] for key in before} == before
    assert sum(run[1] for run in after.values() if run[0] == "S1") == 1


def counted_runs(line: Line) -> dict:
    """What each run adds to what is shown."""
    with line.store.read() as session:
        shown = editions.of(session).shown
        rows = session.scalars(select(CountedRun).where(CountedRun.edition == shown))
        return {row.key: (row.serial, row.first, row.starts, row.amounts) for row in rows}


@pytest.mark.parametrize("after", range(5))
def test_parts_may_be_removed_while_everything_is_counted_anew(line, monkeypatch, after):
    monkeypatch.setattr(recounting, "AT_ONCE", 1)
    reruns_and_single_parts(line)
    count_anew(line)
    before = kept(line.store)
    with line.store.write() as session:
        recounting.begin(session, line.settings)
    count_anew(line, steps=after)
    remove_old_parts(line, 1, 3)
    count_anew(line)
    assert kept(line.store) == before


def test_a_part_of_which_half_is_removed_still_counts_when_everything_is_counted_anew(line):
    reruns_and_single_parts(line)
    count_anew(line)
    before = kept(line.store)
    with line.store.write() as session:
        session.get_one(Run, (1, 3)).gone = True  # as between two steps of retention
        recounting.begin(session, line.settings)
    count_anew(line)
    remove_old_parts(line, 3)
    assert kept(line.store) == before


def test_a_part_that_was_removed_counts_where_its_time_falls_when_the_shifts_change(line, settings_of, store):
    reruns_and_single_parts(line)
    count_anew(line)
    shifts = [{"name": "Day", "start": "05:15"}, {"name": "Night", "start": "17:15"}]
    moved = Line(settings_of(time={"zone": "Asia/Kolkata", "shifts": shifts}), store)
    expected = recounted(store, moved.settings.time)
    remove_old_parts(line, 1)
    before = counted_runs(line)
    count_anew(moved)
    after = counted_runs(line)
    assert kept(store) == expected
    assert after[1, 1][2] != before[1, 1][2]
    assert {key: row[:2] for key, row in after.items()} == {key: row[:2] for key, row in before.items()}


def test_until_all_is_cut_by_the_new_zone_the_answer_says_that_it_is_incomplete(line, settings_of, store):
    three_parts(line)
    count_anew(line)
    moved = Line(settings_of(time={"zone": "America/Los_Angeles"}), store)
    assert (ask(line).progress, ask(moved).progress) == (1.0, 0.0)
    with store.write() as session:
        recounting.step(session, moved.settings)
    assert ask(moved).progress < 1
    assert ask(line).progress == 1.0  # what is shown is still cut by the old one
    count_anew(moved)
    assert ask(moved).progress == 1.0
    assert ask(line).progress < 1


def test_what_a_camera_fails_is_of_what_was_judged(line):
    for run in range(1, 5):
        line.read(0, trigger(run, f"S{run}"), image(run, "A", of=run), image(10 + run, "B", of=run))
    line.read(0, defect(1, 1, LARGE))
    line.files(1, 11, 12, 13, 14)
    line.files(2, 3, 4, state="broken")
    line.read(6)
    line.read(40)
    found = ask(line)
    (of_a,) = (tally for tally in found.by_camera if tally.name == "A")
    assert (of_a.images, of_a.judged_images, of_a.failed_images) == (4, 1, 1)
    table = tables.cameras(found.by_camera, str)
    assert next(row[-1] for row in table.rows if row[0] == "A") == 100.0
    assert ask(line, cameras=("A",)).units.fail_rate == 1.0


def test_a_heat_map_says_that_it_is_cut(line, monkeypatch):
    line.read(0, trigger(), image(1, "A"), *(defect(number, 1) for number in range(1, 11)))
    asked = question(
        BEGAN, line.settings.time, since=BEGAN - timedelta(days=1), until=BEGAN + timedelta(days=1)
    )
    for most, is_cut in ((4, True), (10, False)):
        monkeypatch.setattr(places, "MOST_DEFECTS", most)
        with line.store.read() as session:
            found = places.places_of(session, asked, "A")
        assert (len(found.x), found.is_cut) == (most, is_cut)


def test_other_shifts_begin_a_count_of_their_own(line, settings_of, store):
    three_parts(line)
    count_anew(line)
    shifts = [{"name": "Day", "start": "05:15"}, {"name": "Night", "start": "17:15"}]
    moved = Line(settings_of(time={"zone": "Asia/Kolkata", "shifts": shifts}), store)
    count_anew(moved)
    assert kept(store) == recounted(store, moved.settings.time)
    assert [spell.name for spell in ask(moved).by_shift] == ["Day", "Night"]
    assert sum(spell.units.total for spell in ask(moved).by_shift) == 3


def test_until_a_store_is_counted_the_answer_says_that_it_is_incomplete(line):
    three_parts(line)
    assert ask(line).progress < 1
    count_anew(line)
    assert ask(line).progress == 1.0
