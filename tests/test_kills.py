"""kill -9 at each step of a decision and of its write-back: nothing lost, nothing doubled."""

import os

import pytest
from sqlalchemy import func, select

from hmi.rules import rejudging
from hmi.store import audit
from hmi.store.audit import AuditEntry
from hmi.store.decisions import Decision
from hmi.store.rejudgings import Rejudging
from tests import floors, plants
from tests.conftest import AUDIT_KEY
from tests.drawing import CAMERAS, drawing_app, region
from tests.drawing import Desk as Drawing
from tests.floors import Floor
from tests.killed import DECIDING, JUDGING_AGAIN, POINTS, killed
from tests.lines import BEGAN, LARGE, defect, image, trigger
from tests.people import PAGE

REPEATS = int(os.environ.get("HMI_TEST_KILLS", "1"))  # tests.soak asks for more
vision = plants.vision
pg_vision = plants.pg_vision
lite_vision = plants.lite_vision
floor = floors.floor


def kill(floor: Floor, point: str) -> None:
    killed(point, floor.vision.url, floor.store.url.render_as_string(hide_password=False))


def counts(floor: Floor) -> tuple[int, int]:
    with floor.store.read() as session:
        decided = session.scalar(select(func.count()).select_from(Decision)) or 0
        return decided, session.scalar(select(func.count()).select_from(AuditEntry)) or 0


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_killed_in_its_write_back_is_reconciled_at_the_next_start(floor, point):
    for _ in range(REPEATS):
        entry = floor.desk.defect(1, "okay").decision
        kill(floor, point)
        assert (floor.in_plant(1)[0] == "Part Okay") == (point == POINTS[2])
        floor.start()
        floor.read()
        floor.outbox.step()
        assert set(floor.states()) == {"done"}
        assert floor.in_plant(1)[0] == "Part Okay"
        assert entry.mark in floor.in_plant(1)[2]
        assert floor.in_plant(1)[1].startswith(entry.at.strftime("%Y-%m-%d"))
        assert floor.defect(1).changed_after_at is None
        floor.desk.defect(1, "undo")
        floor.outbox.step()
        assert floor.in_plant(1)[:2] == (None, None)
    assert counts(floor) == (2 * REPEATS, 2 * REPEATS)


def test_a_process_killed_while_it_decides_leaves_neither_decision_nor_audit(floor):
    for _ in range(REPEATS):
        kill(floor, DECIDING)
    assert counts(floor) == (0, 0)
    floor.desk.defect(1, "okay")
    with floor.store.read() as session:
        assert audit.verify(session, AUDIT_KEY).faults == ()


def test_a_worker_killed_while_it_judges_the_past_again_goes_on_where_it_was(
    sqlite_store, settings_of, monkeypatch
):
    """One part was judged again; the next process dies with the rest judged, and not yet committed."""
    settings = settings_of(line={"cameras": CAMERAS[:1], "settle_s": 5, "grace_s": 20})
    rows = [row for n in (2, 3) for row in (trigger(n), image(n, "A", of=n), defect(n, n, LARGE, x=500))]
    with drawing_app(sqlite_store, settings, defect(1, 1, LARGE, x=500), *rows) as (app, line):
        line.files(2, 3)
        line.read(30)
        desk = Drawing(app)
        desk.put(region(kind="ignore"))
        desk.publish()
        asked = {
            "version": "2",
            "since": "2026-01-01T00:00",
            "until": "2027-01-01T00:00",
            "reason": "too strict",
        }
        desk.browser.post("/rejudging", data={"camera": "A", **asked}, headers=PAGE)
        with monkeypatch.context() as patched, sqlite_store.write() as session:
            patched.setattr(rejudging, "RUNS_AT_ONCE", 1)
            rejudging.step(session, settings, BEGAN)
        for _ in range(REPEATS):
            killed(JUDGING_AGAIN, "sqlite://", sqlite_store.url.render_as_string(hide_password=False))
        with sqlite_store.read() as session:
            assert session.get_one(Rejudging, 1).done == 1
        assert [line.verdict(n) for n in (1, 2, 3)] == ["fail", "fail", "pass"]
        for _ in range(2):
            with sqlite_store.write() as session:
                rejudging.step(session, settings, BEGAN)
        with sqlite_store.read() as session:
            job = session.get_one(Rejudging, 1)
        assert (job.state, job.done, job.changed) == ("done", 3, 3)
        for number in (1, 2, 3):
            kept = [(row.verdict, row.rules_version) for row in line.verdicts(number, current=False)]
            assert kept == [("fail", 1), ("pass", 2)]
