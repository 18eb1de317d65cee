"""`/cameras/<serial>/versions`: the published versions of a camera's rules; two compared; one restored."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from flask import Blueprint, abort, jsonify, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from hmi import forms, respond, sent
from hmi.asked_camera import camera_or_404
from hmi.auth import REGIONS, SEE, person, requires
from hmi.auth.stations import station
from hmi.judging import rulebook
from hmi.judging.expected import Camera
from hmi.judging.rulebook import Rulebook
from hmi.parts import parts
from hmi.plant_time import day_and_clock
from hmi.rules import copying, differences, drafts
from hmi.rules.drafts import By, Conflict, Drafted
from hmi.rules.picturing import Drawn, compared, frame_of, outlines
from hmi.rules.reading import Refused
from hmi.rules.shapes import published
from hmi.store import line, rules
from hmi.store.rules import Published, RulesVersion
from hmi.store.runs import Image, reference

blueprint = Blueprint("versions", __name__, url_prefix="/cameras/<path:serial>")

PAGE_SIZE = 30
PICTURE_PX = 1600  # longest side of the picture below the outlines


@blueprint.get("/versions")
@requires(SEE)
def show(serial: str) -> Response:
    """Those that changed this camera, the newest first."""
    with parts().store.read() as session:
        camera = camera_or_404(session, serial)
        found = rules.versions_of(session, camera.serial, _number("before"), PAGE_SIZE + 1)
        draft = _draft(session, camera)
    body = render_template(
        "rules/versions.html",
        camera=camera,
        versions=[_told(version) for version in found[:PAGE_SIZE]],
        older=found[PAGE_SIZE - 1].version if len(found) > PAGE_SIZE else None,
        draft=draft,
        error=request.args.get("error") == "conflict",
    )
    return respond.no_store(body)


@blueprint.get("/versions/<number>")
@requires(SEE)
def one(serial: str, number: str) -> Response:
    """What this version holds for the camera, as JSON."""
    with parts().store.read() as session:
        camera = camera_or_404(session, serial)
        book = _book_or_404(session, number)
    state = published(book, camera.serial).to_json()
    answer = {"camera": camera.serial, "version": book.version, **state}
    return respond.no_store(jsonify({**answer, "px_per_mm": book.px_per_mm(camera.serial)}))


@blueprint.get("/versions/<number>/drawing")
@requires(SEE)
def drawn(serial: str, number: str) -> Response:
    """What this version holds for the camera, in words and drawn."""
    with parts().store.read() as session:
        camera = camera_or_404(session, serial)
        book = _book_or_404(session, number)
        frame, newest = frame_of(session, camera), line.last_image(session, camera.serial)
        row = session.get(RulesVersion, book.version)
    state = published(book, camera.serial)
    shapes = outlines(state)
    body = render_template(
        "rules/version.html",
        camera=camera,
        version=_told(row) if row is not None else {"version": book.version},
        words=differences.told(state),
        scale=book.px_per_mm(camera.serial),
        drawn=shapes,
        frame=frame.around(shapes),
        picture=_picture(newest),
    )
    return respond.no_store(body)


@blueprint.get("/versions/compare")
@requires(SEE)
def compare(serial: str) -> Response:
    """What differs from version `a` to version `b`, in words and drawn over each other."""
    with parts().store.read() as session:
        camera = camera_or_404(session, serial)
        books = [_book_or_404(session, request.args.get(name, "")) for name in ("a", "b")]
        frame, newest = frame_of(session, camera), line.last_image(session, camera.serial)
        rows = [session.get(RulesVersion, book.version) for book in books]
    before, after = (published(book, camera.serial) for book in books)
    drawn: list[Drawn] = compared(before, after)
    scales = [book.px_per_mm(camera.serial) for book in books]
    body = render_template(
        "rules/compare.html",
        camera=camera,
        versions=[_told(row) for row in rows if row is not None],
        words=[*differences.scale(*scales), *differences.words(before, after)],
        drawn=drawn,
        frame=frame.around(drawn),
        picture=_picture(newest),
    )
    return respond.no_store(body)


@blueprint.post("/versions/<number>/restore")
@requires(REGIONS)
def restore(serial: str, number: str) -> Response:
    """The draft becomes this version; the drawing page shows it next. A form of the list of versions."""
    typed = forms.read("revision")
    caller = person()
    if caller is None:
        abort(401)
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        abort(404)
    by = By(caller.name, station())
    try:
        with parts().store.write() as session:
            camera = camera_or_404(session, serial)
            copying.restore(session, camera, typed["revision"], int(number), by, datetime.now(UTC))
    except Conflict:
        return respond.after_post(f"/cameras/{_quoted(serial)}/versions?error=conflict")
    except Refused as refused:
        return sent.told(422, str(refused), errors=[problem.to_json() for problem in refused.problems])
    return respond.after_post(f"/cameras/{_quoted(serial)}/regions")


def _told(version: RulesVersion | Published) -> dict[str, Any]:
    at = day_and_clock(version.at, parts().settings.time.zone_info)
    return {
        "version": version.version,
        "who": version.who,
        "why": version.why,
        "at": at,
        "changes": version.changes or [],
    }


def _picture(image: Image | None) -> str | None:
    """The image by itself, no larger than it is; None where there is none or its size is not known."""
    if image is None or not image.width or not image.height:
        return None
    side = min(PICTURE_PX, max(image.width, image.height))
    return f"/iiif/3/{reference(image.key)}/full/!{side},{side}/0/default.jpg"


def _draft(session: Session, camera: Camera) -> Drafted | None:
    """What a version that is brought back takes the place of."""
    try:
        return drafts.draft_of(session, camera)
    except Refused:
        return None


def _book_or_404(session: Session, number: str) -> Rulebook:
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        abort(404)
    try:
        return rulebook.rulebook(session, int(number))
    except LookupError:
        abort(404)


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _quoted(serial: str) -> str:
    return quote(serial, safe="")
