"""Published regions as files: `/regions.yaml`, `/regions.json`, `/cameras/<serial>/regions.yaml` and so on.

What comes from elsewhere, a file, a version or another camera, goes into the draft, never past it.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, abort, jsonify, render_template, request
from sqlalchemy.orm import Session

from hmi import respond, sent
from hmi.asked_camera import camera_or_404
from hmi.auth import REGIONS, SEE, person, requires
from hmi.auth.stations import station
from hmi.judging import rulebook
from hmi.judging.expected import Camera, cameras_of
from hmi.judging.rulebook import Rulebook
from hmi.parts import parts
from hmi.rules import copying, drafts, exchanging
from hmi.rules.drafts import By, Conflict, Drafted
from hmi.rules.picturing import frame_of, outlines
from hmi.rules.reading import Refused
from hmi.rules.shapes import published
from hmi.rules.showing import shown
from hmi.store import line
from hmi.store.runs import reference

blueprint = Blueprint("exchange", __name__)

MOST_BYTES = 1024 * 1024
YAML, JSON, SVG = "application/yaml", "application/json", "image/svg+xml"
CONFLICT = "Somebody else changed these rules meanwhile: nothing was taken in."

Answer = dict[str, Any]


@blueprint.get("/regions.<kind>")
@requires(SEE)
def of_plant(kind: str) -> Response:
    """All cameras of the line, and those that regions were drawn for."""
    _refuse_other(kind, "yaml", "json")
    with parts().store.read() as session:
        book = _book_or_404(session)
        known = cameras_of(session, parts().settings.line)
    serials = {camera.serial for camera in known}
    others = [Camera(serial, serial, "+") for serial in book.cameras if serial not in serials]
    return _file(exchanging.document_of(book, [*known, *others]), kind, "regions")


@blueprint.get("/cameras/<path:serial>/regions.<kind>")
@requires(SEE)
def of_camera(serial: str, kind: str) -> Response:
    _refuse_other(kind, "yaml", "json", "svg")
    with parts().store.read() as session:
        camera = camera_or_404(session, serial)
        book = _book_or_404(session)
        frame = frame_of(session, camera)
    if kind != "svg":
        return _file(exchanging.document_of(book, [camera]), kind, "regions of a camera")
    drawn = outlines(published(book, camera.serial))
    svg = render_template("rules/regions.svg", drawn=drawn, frame=frame.around(drawn), camera=camera)
    response = respond.no_store(svg)
    response.mimetype = SVG
    return response


@blueprint.get("/cameras/<path:serial>/regions.annotations.json")
@requires(SEE)
def annotations(serial: str) -> Response:
    """The regions as W3C Web Annotations on the camera's newest image."""
    with parts().store.read() as session:
        camera = camera_or_404(session, serial)
        book = _book_or_404(session)
        newest = line.last_image(session, camera.serial)
    image = f"{request.host_url}iiif/3/{reference(newest.key)}" if newest else None
    page = exchanging.annotations_of(book, camera, request.base_url, image)
    response = respond.no_store(jsonify(page))
    response.mimetype = 'application/ld+json; profile="http://www.w3.org/ns/anno.jsonld"'
    return response


@blueprint.post("/cameras/<path:serial>/draft/copy")
@requires(REGIONS)
def copy(serial: str) -> Response:
    """{revision, from: {camera?, version?}, part_number?}: a version of its own, or regions of another."""
    asked = sent.json_object(MOST_BYTES)
    wanted = asked.get("from")
    if not {"revision", "from"} <= set(asked) <= {"revision", "from", "part_number"}:
        abort(422)
    if not isinstance(wanted, dict) or not set(wanted) <= {"camera", "version"}:
        abort(422)
    source = {**wanted, **({"part_number": asked["part_number"]} if "part_number" in asked else {})}

    def take(session: Session, camera: Camera, by: By, now: datetime) -> Drafted:
        if set(source) == {"version"}:
            return copying.restore(session, camera, asked["revision"], source["version"], by, now)
        return copying.copy(session, parts().settings, camera, asked["revision"], source, by, now)

    return _taken(serial, take)


@blueprint.post("/cameras/<path:serial>/draft/copy-to")
@requires(REGIONS)
def copy_to(serial: str) -> Response:
    """{revision, to, key?, part_number?}: regions of this draft into the draft of another camera."""
    asked = sent.json_object(MOST_BYTES)
    if not {"revision", "to"} <= set(asked) <= {"revision", "to", "key", "part_number"}:
        abort(422)
    told: Answer = {}

    def give(session: Session, camera: Camera, by: By, now: datetime) -> Drafted:
        target, count = copying.copy_to(session, parts().settings, camera, asked["revision"], asked, by, now)
        regions = "1 region is" if count == 1 else f"{count} regions are"
        told["text"] = f"{regions} in the draft of {target.title} now."
        return drafts.draft_of(session, camera)

    return _taken(serial, give, told)


@blueprint.post("/cameras/<path:serial>/draft/import")
@requires(REGIONS)
def take_file(serial: str) -> Response:
    """{revision, document}: the object of a file, or its text."""
    asked = sent.json_object(MOST_BYTES)
    if set(asked) != {"revision", "document"}:
        abort(422)

    def take(session: Session, camera: Camera, by: By, now: datetime) -> Drafted:
        return copying.take_file(session, camera, asked["revision"], asked["document"], by, now)

    return _taken(serial, take)


def _taken(
    serial: str, take: Callable[[Session, Camera, By, datetime], Drafted], told: Answer | None = None
) -> Response:
    caller = person()
    if caller is None:
        abort(401)
    by = By(caller.name, station())
    settings = parts().settings
    try:
        with parts().store.write() as session:
            draft = shown(session, settings, take(session, camera_or_404(session, serial), by, _now()))
    except Refused as refused:
        return sent.told(422, str(refused), errors=[problem.to_json() for problem in refused.problems])
    except Conflict as conflict:
        with parts().store.read() as session:
            draft = shown(session, settings, conflict.draft)
        return sent.told(409, CONFLICT, difference=conflict.difference, draft=draft)
    stands = {name: draft[name] for name in ("revision", "changed", "changes")}
    return respond.no_store(jsonify({**stands, "draft": draft, **(told or {})}))


def _file(document: Answer, kind: str, name: str) -> Response:
    if kind == "json":
        response = respond.no_store(jsonify(document))
    else:
        response = respond.no_store(exchanging.as_yaml(document))
        response.mimetype = YAML
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response


def _book_or_404(session: Session) -> Rulebook:
    book = rulebook.newest(session)
    if book is None:
        abort(404)
    return book


def _refuse_other(kind: str, *known: str) -> None:
    if kind not in known:
        abort(404)


def _now() -> datetime:
    return datetime.now(UTC)
