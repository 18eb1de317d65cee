"""The past judged again by a version that an engineer chose. The worker does it, some runs at a time.

Old verdicts stay beside the new ones. A job goes on where it was, after a pause as after a kill: how far it
is stands in the same transaction as the verdicts.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.orm import Session

from hmi.judging import rejudge, rulebook
from hmi.judging.expected import cameras_of
from hmi.rules.drafts import By
from hmi.rules.publishing import reason_of
from hmi.rules.reading import Problem, Refused
from hmi.settings import Settings
from hmi.store import audit, rejudgings, turns
from hmi.store.rejudgings import CANCELLED, DONE, PAUSED, RUNNING, Rejudging
from hmi.store.runs import Image, Key, Run

RUNS_AT_ONCE = 50
ACTS = {"pause": (RUNNING, PAUSED), "resume": (PAUSED, RUNNING)}


def ask(
    session: Session,
    settings: Settings,
    version: int,
    camera: str | None,
    since: datetime,
    until: datetime,
    reason: Any,
    by: By,
    now: datetime,
) -> Rejudging:
    """Ask for it. Raises Refused."""
    why = reason_of(reason)
    try:
        rulebook.rulebook(session, version)
    except LookupError:
        raise Refused(Problem("version", f"there is no rules v{version}")) from None
    if camera is not None and camera not in {one.serial for one in cameras_of(session, settings.line)}:
        raise Refused(Problem("camera", "there is no such camera"))
    if until <= since:
        raise Refused(Problem("until", "must be after the beginning"))
    job = Rejudging(
        version=version,
        camera=camera,
        since_ms=int(since.timestamp() * 1000),
        until_ms=int(until.timestamp() * 1000),
        state=RUNNING,
        done=0,
        changed=0,
        who=by.name,
        why=why,
        asked_at=now,
    )
    job.total = session.scalar(select(func.count()).select_from(Run).where(*_of_job(job))) or 0
    session.add(job)
    session.flush()
    details = {"version": version, "camera": camera, "since": since, "until": until, "reason": why}
    audit.record(
        session, "re-judging asked", by.name, by.station, _name(job), {**details, "parts": job.total}
    )
    return job


def act(session: Session, number: int, what: str, by: By, now: datetime) -> bool:
    """Pause, resume or cancel; False if the job is not in a state for it."""
    job = session.get(Rejudging, number, with_for_update=True, populate_existing=True)
    if job is None:
        return False
    if what == "cancel" and job.state in (RUNNING, PAUSED):
        job.state, job.ended_at = CANCELLED, now
    elif what in ACTS and job.state == ACTS[what][0]:
        job.state = ACTS[what][1]
    else:
        return False
    said = {"done": job.done, "total": job.total, "changed": job.changed}
    audit.record(session, f"re-judging {job.state}", by.name, by.station, _name(job), said)
    return True


def step(session: Session, settings: Settings, now: datetime) -> bool:
    """Judge the next runs of the oldest job; False if nobody asked for anything. The worker's transaction."""
    job = rejudgings.next_to_do(session)
    if job is None:
        return False
    turns.take(session)
    runs = _next_runs(session, job)
    if not runs:
        job.state, job.ended_at = DONE, now
        said = {"parts": job.done, "changed": job.changed}
        audit.record(session, "re-judging done", "worker", None, _name(job), said)
        return True
    before = {run.key: run.verdict for run in runs}
    _set_version(session, job, list(before))
    rejudge(session, settings, set(before), now)
    job.changed += sum(run.verdict != before[run.key] for run in runs)
    job.done += len(runs)
    last = runs[-1]
    job.place = [last.order_ms, last.generation, last.id]
    return True


def _next_runs(session: Session, job: Rejudging) -> Sequence[Run]:
    """Newest first: what people look at is judged first. Runs that still wait are judged anyway."""
    place = (Run.order_ms, Run.generation, Run.id)
    wanted = select(Run).where(*_of_job(job))
    if job.place is not None:
        wanted = wanted.where(Run.order_ms <= job.place[0], tuple_(*place) < tuple_(*job.place))
    in_order = wanted.order_by(*(column.desc() for column in place))
    return session.scalars(in_order.limit(RUNS_AT_ONCE), execution_options={"populate_existing": True}).all()


def _of_job(job: Rejudging) -> tuple[ColumnElement[bool], ...]:
    times = (Run.order_ms >= job.since_ms, Run.order_ms < job.until_ms)
    return (*times, ~Run.gone, Run.settled_at.is_not(None))


def _set_version(session: Session, job: Rejudging, runs: Sequence[Key]) -> None:
    """Images that have a verdict by rules are judged by those of the job from now on."""
    of_runs = [Image.run_id.in_([key[1] for key in runs]), Image.rules_version.is_not(None), ~Image.gone]
    if job.camera is not None:
        of_runs.append(Image.camera == job.camera)
    found = session.scalars(select(Image).where(*of_runs), execution_options={"populate_existing": True})
    wanted = set(runs)
    for image in found:
        if image.run_key in wanted:
            image.rules_version = job.version
    if job.camera is None:
        of_run = Run.id.in_([key[1] for key in runs])
        for run in session.scalars(select(Run).where(of_run)):
            if run.key in wanted:
                run.rules_version = job.version
    session.flush()


def _name(job: Rejudging) -> str:
    return f"re-judging {job.number}, rules v{job.version}"
