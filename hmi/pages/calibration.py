"""`/cameras/<serial>/calibration`: how many pixels a millimetre has, who said so, when and why."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, abort, jsonify, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from hmi import forms, respond, sent
from hmi.asked_camera import camera_or_404
from hmi.auth import REGIONS, person, requires
from hmi.auth.stations import station
from hmi.judging.expected import Camera
from hmi.parts import parts
from hmi.plant_time import day_and_clock
from hmi.rules import calibrating, drafts
from hmi.rules.drafts import By
from hmi.rules.reading import Refused
from hmi.rules.showing import shown
from hmi.store import calibrations

blueprint = Blueprint("calibration", __name__, url_prefix="/cameras/<path:serial>")

MOST_BYTES = 4096
FIELDS = ("px_per_mm", "length_mm", "from_x", "from_y", "to_x", "to_y", "reason", "confirmed")


@blueprint.get("/calibration")
@requires(REGIONS)
def show(serial: str) -> Response:
    return _page(serial, {}, {})


@blueprint.post("/calibration")
@requires(REGIONS)
def calibrate(serial: str) -> Response:
    """From a form: 303 to the page; from the page's island or a program: the new scale and its version."""
    typed: Mapping[str, Any] = sent.json_object(MOST_BYTES) if request.is_json else forms.read(*FIELDS)
    if not set(typed) <= {*FIELDS, "from", "to"}:
        abort(422)
    caller = person()
    if caller is None:
        abort(401)
    by = By(caller.name, station())
    try:
        scale = calibrating.read(typed)
        with parts().store.write() as session:
            camera = camera_or_404(session, serial)
            row = calibrating.calibrate(
                session,
                parts().settings,
                camera,
                scale,
                typed.get("reason"),
                by,
                datetime.now(UTC),
                confirmed=typed.get("confirmed") in (True, "yes"),
            )
            answer = {"px_per_mm": row.px_per_mm, "version": row.version}
    except Refused as refused:
        if request.is_json:
            return sent.told(422, str(refused), errors=[problem.to_json() for problem in refused.problems])
        return _page(serial, typed, {problem.field: problem.text for problem in refused.problems})
    if request.is_json:
        return respond.no_store(jsonify(answer))
    return respond.after_post(request.path)


def _page(serial: str, typed: Mapping[str, Any], errors: Mapping[str, str]) -> Response:
    with parts().store.read() as session:
        camera = camera_or_404(session, serial)
        try:
            draft = shown(session, parts().settings, drafts.draft_of(session, camera))
        except Refused:
            draft = None
        body = render_template(
            "editor/calibration.html",
            camera=camera,
            draft=draft,
            typed=typed,
            errors=errors,
            calibrations=_listed(session, camera),
            station=station(),
        )
    return respond.no_store(body, 422 if errors else 200)


def _listed(session: Session, camera: Camera) -> list[dict[str, Any]]:
    zone = parts().settings.time.zone_info
    return [
        {
            "px_per_mm": row.px_per_mm,
            "line": row.line,
            "who": row.who,
            "at": day_and_clock(row.at, zone),
            "reason": row.why,
            "version": row.version,
        }
        for row in calibrations.of_camera(session, camera.serial)
    ]
