"""`/cameras/<serial>/regions`: drawing; `/cameras/<serial>/draft`: what is drawn, kept region by region.

The draft judges nothing until it is published. Programs and the page's islands are answered in JSON.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, abort, jsonify, render_template
from sqlalchemy.orm import Session

from hmi import respond, sent
from hmi.asked_camera import camera_or_404
from hmi.auth import REGIONS, person, requires
from hmi.auth.stations import station
from hmi.judging.expected import Camera
from hmi.judging.publishing import publish_if_changed
from hmi.parts import parts
from hmi.rules import drafts, publishing, reading
from hmi.rules.drafts import By, Conflict, Drafted
from hmi.rules.reading import Refused
from hmi.rules.showing import shown

blueprint = Blueprint("editor", __name__, url_prefix="/cameras/<path:serial>")

MOST_BYTES = 256 * 1024
CONFLICT = "Somebody else changed these rules meanwhile: nothing of yours was overwritten or kept."

Answer = dict[str, Any]
Saving = Callable[[Session, Camera, By, datetime], Drafted]


@blueprint.get("/regions")
@requires(REGIONS)
def show(serial: str) -> Response:
    """The page; without JavaScript a list of what is drafted and published."""
    with parts().store.read() as session:
        camera = camera_or_404(session, serial)
        try:
            draft = shown(session, parts().settings, drafts.draft_of(session, camera))
        except Refused:
            draft = None
    return respond.no_store(
        render_template("editor/editor.html", camera=camera, draft=draft, station=station())
    )


@blueprint.get("/draft")
@requires(REGIONS)
def draft(serial: str) -> Response:
    with parts().store.read() as session:
        camera = camera_or_404(session, serial)
        try:
            return respond.no_store(
                jsonify(shown(session, parts().settings, drafts.draft_of(session, camera)))
            )
        except Refused as refused:
            return _refused(refused)


@blueprint.put("/draft/regions/<key>")
@requires(REGIONS)
def put_region(serial: str, key: str) -> Response:
    asked = _asked("region")

    def save(session: Session, camera: Camera, by: By, now: datetime) -> Drafted:
        return drafts.save_region(session, camera, asked["revision"], key, asked["region"], by, now)

    def told(found: Drafted, _draft: Answer) -> Answer:
        region = found.state.region(key) or {}
        return {"region": region, "warnings": _warnings(region, found)}

    return _saved(serial, save, told)


@blueprint.delete("/draft/regions/<key>")
@requires(REGIONS)
def delete_region(serial: str, key: str) -> Response:
    asked = _asked()

    def save(session: Session, camera: Camera, by: By, now: datetime) -> Drafted:
        return drafts.delete_region(session, camera, asked["revision"], key, by, now)

    return _saved(serial, save, lambda _found, _draft: {"warnings": []})


@blueprint.put("/draft/default")
@requires(REGIONS)
def put_default(serial: str) -> Response:
    asked = _asked("default")

    def save(session: Session, camera: Camera, by: By, now: datetime) -> Drafted:
        return drafts.save_default(session, camera, asked["revision"], asked["default"], by, now)

    def told(found: Drafted, _draft: Answer) -> Answer:
        return {"default": found.state.default, "warnings": _warnings(found.state.default, found)}

    return _saved(serial, save, told)


@blueprint.post("/draft/discard")
@requires(REGIONS)
def discard(serial: str) -> Response:
    asked = _asked()

    def save(session: Session, camera: Camera, by: By, now: datetime) -> Drafted:
        return drafts.discard(session, camera, asked["revision"], by, now)

    return _saved(serial, save, lambda _found, draft: {"draft": draft})


@blueprint.post("/draft/publish")
@requires(REGIONS)
def publish(serial: str) -> Response:
    """The draft becomes the next version of the plant's rules."""
    asked = _asked("reason")
    with parts().store.write() as session:  # on its own: it stands even if the draft is then refused
        publish_if_changed(session, parts().settings, datetime.now(UTC), None)

    def save(session: Session, camera: Camera, by: By, now: datetime) -> Drafted:
        why = asked["reason"]
        return publishing.publish(session, parts().settings, camera, asked["revision"], why, by, now)

    return _saved(serial, save, _published)


def _published(found: Drafted, draft: Answer) -> Answer:
    return {"version": found.version, "text": f"Published as rules v{found.version}.", "draft": draft}


def _asked(*fields: str) -> Answer:
    """The object that was sent, with its revision and these fields; others are refused."""
    asked = sent.json_object(MOST_BYTES)
    if set(asked) != {"revision", *fields}:
        abort(422)
    return asked


def _saved(serial: str, save: Saving, told: Callable[[Drafted, Answer], Answer]) -> Response:
    """Do it in one transaction, and say how the draft stands then or what is against it."""
    caller = person()
    if caller is None:
        abort(401)
    by = By(caller.name, station())
    try:
        with parts().store.write() as session:
            found = save(session, camera_or_404(session, serial), by, datetime.now(UTC))
            draft = shown(session, parts().settings, found)
    except Refused as refused:
        return _refused(refused)
    except Conflict as conflict:
        return _conflict(conflict)
    stands = {name: draft[name] for name in ("revision", "changed", "changes")}
    answer = {**stands, **told(found, draft)}
    return respond.no_store(jsonify(answer))


def _conflict(conflict: Conflict) -> Response:
    with parts().store.read() as session:
        draft = shown(session, parts().settings, conflict.draft)
    return sent.told(409, CONFLICT, difference=conflict.difference, draft=draft)


def _refused(refused: Refused) -> Response:
    errors = [problem.to_json() for problem in refused.problems]
    return sent.told(422, str(refused), errors=errors)


def _warnings(rule: Answer, found: Drafted) -> list[Answer]:
    return [problem.to_json() for problem in reading.warnings(rule, found.px_per_mm)]
