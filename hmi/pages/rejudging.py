"""`/rejudging`: the past judged again by a version, asked for by an engineer, done by the worker."""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, abort, render_template
from werkzeug.wrappers import Response

from hmi import forms, respond
from hmi.auth import REGIONS, person, requires
from hmi.auth.stations import station
from hmi.judging.expected import cameras_of
from hmi.parts import parts
from hmi.plant_time import NoSuchTime, day_and_clock, moment_of
from hmi.rules import rejudging
from hmi.rules.drafts import By
from hmi.rules.reading import Problem, Refused
from hmi.store import rejudgings
from hmi.store.rejudgings import Rejudging
from hmi.store.rules import newest_version

blueprint = Blueprint("rejudging", __name__, url_prefix="/rejudging")

FIELDS = ("version", "camera", "since", "until", "reason")


@blueprint.get("")
@requires(REGIONS)
def show() -> Response:
    return _page({}, {})


@blueprint.post("")
@requires(REGIONS)
def ask() -> Response:
    typed = forms.read(*FIELDS)
    now = datetime.now(UTC)
    try:
        version = _version(typed["version"])
        since, until = _time("since", typed["since"]), _time("until", typed["until"])
        with parts().store.write() as session:
            rejudging.ask(
                session,
                parts().settings,
                version,
                typed["camera"] or None,
                since,
                until,
                typed["reason"],
                _by(),
                now,
            )
    except Refused as refused:
        return _page(typed, {problem.field: problem.text for problem in refused.problems})
    return respond.after_post("/rejudging")


@blueprint.post("/<number>/<what>")
@requires(REGIONS)
def act(number: str, what: str) -> Response:
    """Pause, resume or cancel; a job that is not in a state for it stays as it is."""
    if what not in ("pause", "resume", "cancel"):
        abort(404)
    if not (number.isascii() and number.isdigit() and len(number) < 16):
        abort(404)
    forms.read()
    with parts().store.write() as session:
        rejudging.act(session, int(number), what, _by(), datetime.now(UTC))
    return respond.after_post("/rejudging")


def _page(typed: Any, errors: dict[str, str]) -> Response:
    with parts().store.read() as session:
        body = render_template(
            "rules/rejudging.html",
            jobs=[_told(job) for job in rejudgings.newest(session)],
            cameras=cameras_of(session, parts().settings.line),
            newest=newest_version(session),
            typed=typed,
            errors=errors,
        )
    return respond.no_store(body, 422 if errors else 200)


def _told(job: Rejudging) -> dict[str, Any]:
    zone = parts().settings.time.zone_info

    def at(ms: int) -> str:
        return day_and_clock(datetime.fromtimestamp(ms / 1000, UTC), zone)

    return {
        "number": job.number,
        "version": job.version,
        "camera": job.camera,
        "state": job.state,
        "done": job.done,
        "total": max(job.total, job.done),
        "changed": job.changed,
        "who": job.who,
        "why": job.why,
        "asked": day_and_clock(job.asked_at, zone),
        "since": at(job.since_ms),
        "until": at(job.until_ms),
    }


def _version(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Refused(Problem("version", "must be the number of a version"))
    return int(text)


def _time(name: str, text: str) -> datetime:
    try:
        return moment_of(text, parts().settings.time.zone_info)
    except NoSuchTime as error:
        raise Refused(Problem(name, str(error))) from None


def _by() -> By:
    caller = person()
    if caller is None:
        abort(401)
    return By(caller.name, station())
