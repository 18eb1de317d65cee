"""`/statistics`: what the counts say, as charts with their tables, and each table as CSV."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from flask import Blueprint, Response, abort, render_template, request
from sqlalchemy.orm import Session

from hmi import respond, statistics
from hmi.auth import SEE, requires
from hmi.csv_lines import line
from hmi.judging.expected import Camera, cameras_of
from hmi.parts import parts
from hmi.plant_time import NoSuchTime, day_and_clock, moment_of
from hmi.statistics import BadQuestion, Question, Statistics, control, hand, places, plotting, tables
from hmi.statistics.control import ControlChart
from hmi.statistics.sums import part_types
from hmi.statistics.tables import Table
from hmi.store import editions
from hmi.wording import VERDICT_WORDS, decision_label

blueprint = Blueprint("statistics", __name__, url_prefix="/statistics")

PLACES = {"spots": tables.spots, "heat": tables.heat}
NAMES = ("since", "until", "camera", "part", "step", "heat")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was typed, the question that it is, and what is wrong with it, by field."""

    typed: dict[str, str]
    question: Question
    errors: dict[str, str]


@blueprint.get("")
@requires(SEE)
def show() -> Response:
    """`since` and `until` by the plant's clock, `camera`, `part`, `step`; `heat`: the camera of the map."""
    asked, settings = _asked(), parts().settings
    with parts().store.read() as session:
        cameras = cameras_of(session, settings.line)
        found = parts().answers.of(session, settings, asked.question)
        of_camera = _heat_of(asked, cameras)
        where = places.places_of(session, asked.question, of_camera) if of_camera else None
        inspected = hand.agreement(session, settings.time, asked.question)
        types = part_types(session)
    charts = _charts(found)
    shown = _tables(found, cameras) | {"hand": tables.hand(inspected)}
    body = render_template(
        "statistics/statistics.html",
        found=found,
        tables=shown,
        plots={name: plotting.plot(chart) for name, chart in charts.items()},
        charts=charts,
        where=where,
        heat=of_camera,
        spots=tables.spots(where) if where else None,
        fields=tables.heat(where) if where else None,
        inspected=inspected,
        cameras=cameras,
        part_types=types,
        steps=statistics.STEPS,
        typed=asked.typed,
        errors=asked.errors,
        query={} if asked.errors else {name: text for name, text in asked.typed.items() if text},
        when=partial(day_and_clock, zone=settings.time.zone_info),
        label=_camera_label(cameras),
        box=(plotting.WIDTH, plotting.HEIGHT),
    )
    return respond.no_store(body, 422 if asked.errors else 200)


@blueprint.get("/<name>.csv")
@requires(SEE)
def table(name: str) -> Response:
    """The rows of one of the page's tables, as the page shows them."""
    asked, settings = _asked(), parts().settings
    if asked.errors:
        return respond.no_store("\n".join(asked.errors.values()), 422)
    with parts().store.read() as session:
        if (progress := editions.of(session).progress) < 1:
            text = f"Counting is under way ({progress:.0%}): ask again when it is done."
            return respond.no_store(text, 503)
        wanted = _table(session, asked, name)
    if wanted is None:
        abort(404)
    body = "".join(line(cells) for cells in (wanted.columns, *wanted.rows))
    response = Response(body, mimetype="text/csv")
    day = asked.question.since.astimezone(settings.time.zone_info).date()
    response.headers["Content-Disposition"] = f'attachment; filename="{wanted.name}-{day}.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/heat.png")
@requires(SEE)
def heat_map() -> Response:
    """Where the defects of the camera `heat` lie, to be laid over its image."""
    asked = _asked()
    if asked.errors:
        return respond.no_store("\n".join(asked.errors.values()), 422)
    with parts().store.read() as session:
        where = places.places_of(session, asked.question, asked.typed["heat"])
    response = Response(places.heat_map(places.fields_of(where)), mimetype="image/png")
    response.headers["Cache-Control"] = "no-store"
    return response


def _table(session: Session, asked: _Asked, name: str) -> Table | None:
    settings = parts().settings
    cameras = cameras_of(session, settings.line)
    if name == "hand":
        return tables.hand(hand.agreement(session, settings.time, asked.question))
    if name in PLACES:
        return PLACES[name](places.places_of(session, asked.question, _heat_of(asked, cameras)))
    found = parts().answers.of(session, settings, asked.question)
    return _tables(found, cameras).get(name)


def _charts(found: Statistics) -> dict[str, ControlChart]:
    return {
        "fail-rate": control.p_chart(found.series),
        "failing": control.u_chart(found.series, lambda units: units.failing, found.bearing),
        "defects": control.u_chart(found.series, lambda units: units.defects, found.bearing),
    }


def _tables(found: Statistics, cameras: tuple[Camera, ...]) -> dict[str, Table]:
    labels = parts().settings.review.labels
    plain, label = str, _camera_label(cameras)
    charts = _charts(found)
    made = (
        tables.fail_rate(charts["fail-rate"], found.unit),
        tables.per_unit("failing", "Failing defects", charts["failing"], found.unit),
        tables.per_unit("defects", "Defects", charts["defects"], found.unit),
        tables.verdicts(found.units, {name: word[1] for name, word in VERDICT_WORDS.items()}),
        tables.first_pass(found.by_shift),
        tables.cameras(found.by_camera, label),
        tables.pareto("regions", "Regions", "Region", found.by_region, plain),
        tables.pareto("reasons", "Reasons", "Reason", found.by_reason, plain),
        tables.pareto("decisions", "Decisions", "Decision", found.by_disposition, plain),
        tables.pareto("types", "Types of defect", "Type", found.by_type, plain),
        tables.pareto("states", "What the rules say", "State", found.by_state, plain),
        tables.part_decisions(found.by_part_decision, lambda word: decision_label(labels, "part", word)),
        tables.false_calls(found),
    )
    return {table.name: table for table in made}


def _camera_label(cameras: tuple[Camera, ...]) -> Any:
    titles = {camera.serial: camera.title for camera in cameras}
    return lambda serial: titles.get(serial, serial)


def _heat_of(asked: _Asked, cameras: tuple[Camera, ...]) -> str:
    return asked.typed["heat"] or asked.typed["camera"] or (cameras[0].serial if cameras else "")


def _asked() -> _Asked:
    """What cannot be asked is told beside its field, and the usual time is shown instead."""
    typed = {name: request.args.get(name, "").strip() for name in NAMES}
    errors: dict[str, str] = {}
    now, time = datetime.now(UTC), parts().settings.time
    named: dict[str, Any] = {
        "cameras": [typed["camera"]] if typed["camera"] else [],
        "parts": [typed["part"]] if typed["part"] else [],
        "step": typed["step"] or None,
    }
    for name in ("since", "until"):
        try:
            named[name] = moment_of(typed[name], time.zone_info) if typed[name] else None
        except NoSuchTime as error:
            errors[name] = str(error)
    if "\0" in "".join(typed.values()):
        abort(422)
    if not errors:
        try:
            return _Asked(typed, statistics.question(now, time, **named), {})
        except BadQuestion as error:
            errors[error.field] = str(error)
    return _Asked(typed, statistics.question(now, time), errors)
