"""The past judged again by a chosen version: both verdicts kept, paused, gone on after a kill."""

from datetime import timedelta

import pytest

from hmi.rules import rejudging
from hmi.store.rejudgings import Rejudging
from tests.drawing import CAMERAS, Desk, drawing_app, region
from tests.lines import BEGAN, LARGE, defect, image, trigger
from tests.people import PAGE, audited
from tests.recount import kept, recounted

FORM = {"version": "2", "camera": "A", "since": "2026-01-01T00:00", "until": "2027-01-01T00:00"}


@pytest.fixture
def settings(store, settings_of):
    line = {"cameras": CAMERAS[:1], "settle_s": 5, "grace_s": 20}
    return settings_of(line=line, store={"url": str(store.url.render_as_string(hide_password=False))})


@pytest.fixture
def past(store, settings):
    """Three parts that fail by version 1 and would pass by version 2."""
    rows = [row for n in (2, 3) for row in (trigger(n), image(n, "A", of=n), defect(n, n, LARGE, x=500))]
    with drawing_app(store, settings, defect(1, 1, LARGE, x=500), *rows) as (app, line):
        line.files(2, 3)
        line.read(30)
        desk = Desk(app)
        desk.put(region(kind="ignore"))
        desk.publish()
        yield app, line, desk


def steps(store, settings, most=20):
    """The worker's work, until there is none."""
    for number in range(most):
        with store.write() as session:
            if not rejudging.step(session, settings, BEGAN + timedelta(hours=1)):
                return number
    raise AssertionError("it never ends")


def step_and_break_off(store, settings):
    with store.write() as session:
        assert rejudging.step(session, settings, BEGAN)
        raise InterruptedError


def asked(desk, **fields):
    form = {**FORM, "reason": "the bore was judged too strictly", **fields}
    return desk.browser.post("/rejudging", data=form, headers=PAGE)


def job_of(store):
    with store.read() as session:
        return session.get_one(Rejudging, 1)


def test_the_past_is_judged_again_and_old_verdicts_are_kept(past, store, settings):
    app, line, desk = past
    assert [line.verdict(n) for n in (1, 2, 3)] == ["fail"] * 3
    assert asked(desk).status_code == 303
    steps(store, settings)
    assert [line.verdict(n) for n in (1, 2, 3)] == ["pass"] * 3
    kept = [(row.verdict, row.rules_version, row.current) for row in line.verdicts(2, current=False)]
    assert kept == [("fail", 1, False), ("pass", 2, True)]
    job = job_of(store)
    assert (job.state, job.done, job.changed) == ("done", 3, 3)
    assert [entry.who for entry in audited(app, "re-judging asked")] == ["Edda"]
    assert line.run(2).changed_at is None


def test_what_was_judged_again_is_counted_as_it_is_judged_now(past, store, settings):
    """Before, in the middle and after, the counts are those of a plain recount."""
    desk = past[2]
    failed = {key: amount for key, amount in kept(store).items() if "fail" in key}
    assert failed
    assert kept(store) == recounted(store, settings.time)
    asked(desk)
    with pytest.raises(InterruptedError):
        step_and_break_off(store, settings)
    assert kept(store) == recounted(store, settings.time)
    steps(store, settings)
    assert kept(store) == recounted(store, settings.time)
    assert not any("fail" in key for key in kept(store))


def test_a_job_is_paused_goes_on_where_it_was_and_is_shown(past, store, settings, monkeypatch):
    _, line, desk = past
    monkeypatch.setattr(rejudging, "RUNS_AT_ONCE", 1)
    asked(desk)
    with store.write() as session:
        rejudging.step(session, settings, BEGAN)
    desk.browser.post("/rejudging/1/pause", headers=PAGE)
    assert steps(store, settings) == 0
    assert [line.verdict(n) for n in (1, 2, 3)] == ["fail", "fail", "pass"]
    shown = desk.browser.get("/rejudging", headers=PAGE).get_data(as_text=True)
    assert "1 of 3 parts" in shown
    desk.browser.post("/rejudging/1/resume", headers=PAGE)
    assert steps(store, settings) == 3
    assert job_of(store).done == 3


def test_a_step_that_is_killed_changes_nothing_and_is_done_again(past, store, settings):
    _, line, desk = past
    asked(desk)
    with pytest.raises(InterruptedError):
        step_and_break_off(store, settings)
    assert (job_of(store).done, line.verdict(2)) == (0, "fail")
    steps(store, settings)
    assert (job_of(store).done, line.verdict(2)) == (3, "pass")


UNASKABLE = [
    ({"version": "9"}, "there is no rules v9"),
    ({"version": "x"}, "must be the number of a version"),
    ({"camera": "nowhere"}, "there is no such camera"),
    ({"since": "yesterday"}, "is no date and time"),
    ({"until": "2025-01-01"}, "must be after the beginning"),
    ({"reason": " "}, "say why"),
]


def test_what_cannot_be_asked_for_is_said_beside_its_field(past, subtests):
    for fields, said in UNASKABLE:
        with subtests.test(fields=fields, said=said):
            answer = asked(past[2], **fields)
            assert answer.status_code == 422
            assert said in answer.get_data(as_text=True)
