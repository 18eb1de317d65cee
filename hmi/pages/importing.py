"""`/regions/import`: one file of regions for all its cameras, looked at and then taken into their drafts."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, abort, jsonify

from hmi import respond, sent
from hmi.auth import REGIONS, person, requires
from hmi.auth.stations import station
from hmi.camera import camera_named
from hmi.parts import parts
from hmi.rules import drafts, importing
from hmi.rules.drafts import By
from hmi.rules.importing import AtCamera
from hmi.rules.reading import Refused
from hmi.rules.showing import shown

blueprint = Blueprint("importing", __name__, url_prefix="/regions/import")

MOST_BYTES = 1024 * 1024


@blueprint.post("/look")
@requires(REGIONS)
def look() -> Response:
    """{camera, document}: what the file would change at each camera. A file of one camera is one for
    `camera`, at which somebody looks at it."""
    asked = _asked("camera", "document")
    try:
        cameras = importing.cameras_in(asked["document"], asked["camera"])
    except Refused as refused:
        return _refused(refused)
    with parts().store.read() as session:
        found = importing.look(session, parts().settings, cameras)
    return respond.no_store(jsonify(cameras=[one.to_json() for one in found]))


@blueprint.post("")
@requires(REGIONS)
def take() -> Response:
    """{camera, document, revisions}: into the draft of each camera of `revisions`, camera → revision of the
    draft that was looked at. Each stands by itself: what is refused at one keeps nothing from the others."""
    asked = _asked("camera", "document", "revisions")
    revisions = asked["revisions"]
    if not isinstance(revisions, dict):
        abort(422)
    try:
        cameras = importing.cameras_in(asked["document"], asked["camera"])
    except Refused as refused:
        return _refused(refused)
    found = [_taken(cameras, serial, revision) for serial, revision in revisions.items()]
    with parts().store.read() as session:
        camera = camera_named(session, parts().settings, asked["camera"])
        own = shown(session, parts().settings, drafts.draft_of(session, camera)) if camera else None
    return respond.no_store(jsonify(cameras=[one.to_json() for one in found], draft=own))


def _taken(cameras: Mapping[str, Any], serial: str, revision: Any) -> AtCamera:
    caller = person()
    if caller is None:
        abort(401)
    by = By(caller.name, station())
    with parts().store.write() as session:
        return importing.take(session, parts().settings, cameras, serial, revision, by, datetime.now(UTC))


def _asked(*fields: str) -> dict[str, Any]:
    asked = sent.json_object(MOST_BYTES)
    if set(asked) != set(fields) or not isinstance(asked["camera"], str) or "\0" in asked["camera"]:
        abort(422)
    return asked


def _refused(refused: Refused) -> Response:
    return sent.told(422, str(refused), errors=[problem.to_json() for problem in refused.problems])
