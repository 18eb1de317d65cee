"""`/cameras/<serial>`: the camera's newest image, and its history."""

from datetime import UTC, datetime

from flask import Blueprint, Response, abort, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from hmi import respond, retention
from hmi.asked_camera import camera_or_404
from hmi.auth import SEE, requires, stations
from hmi.camera import entries_of, view_of
from hmi.parts import parts
from hmi.store import history, line
from hmi.store.history import Filter, Place

blueprint = Blueprint("cameras", __name__, url_prefix="/cameras")

PAGE_SIZE = 24
LONGEST = 500


@blueprint.get("/<path:serial>")
@requires(SEE, passive="have")
def show(serial: str) -> Response:
    """Live: the page follows the line. `?have=` names what a page shows; 204 if that is still so.

    A page without an image asks by htmx, and is loaded anew when the first one is there.
    """
    with parts().store.read() as session:
        camera = camera_or_404(session, serial)
        image = line.last_image(session, camera.serial)
        view = None
        if image is not None:
            view = view_of(session, parts().settings, camera, image, datetime.now(UTC), follows=True)
    if respond.wants_fragment():
        return respond.reload() if view is not None else respond.no_store("", 204)
    if view is not None and request.args.get("have") == view.digest:
        return respond.no_store("", 204)
    pulse = parts().follower.pulse
    parts().follower.start()
    return respond.no_store(
        render_template(
            "camera/camera.html",
            view=view,
            camera=camera,
            is_pinned=False,
            station=stations.station(),
            trouble=pulse.trouble,
            now_ms=int(datetime.now(UTC).timestamp() * 1000),
        )
    )


@blueprint.get("/<path:serial>/history")
@requires(SEE)
def past(serial: str) -> BaseResponse:
    """All images of the camera, newest first, a page at a time; `verdict` and `part` narrow them."""
    verdict, part = _asked("verdict"), _asked("part")
    if verdict is not None and verdict not in history.VERDICTS:
        abort(422)
    before, after = _place("before"), _place("after")
    with parts().store.read() as session:
        camera = camera_or_404(session, serial)
        wanted = Filter(camera.serial, verdict, part)
        page = history.page(session, wanted, PAGE_SIZE, before=before, after=after)
        entries = entries_of(session, parts().settings, page.images, datetime.now(UTC))
        part_types = history.part_types(session, camera.serial)
        since = "" if page.has_older else retention.told(session, parts().settings.time.zone_info)
    body = render_template(
        "camera/history.html",
        camera=camera,
        since=since,
        page=page,
        entries=entries,
        verdict=verdict,
        part=part,
        verdicts=history.VERDICTS,
        part_types=part_types,
        older=str(Place.of(page.images[-1])) if page.has_older else None,
        newer=str(Place.of(page.images[0])) if page.has_newer and page.images else None,
    )
    return respond.no_store(body)


def _asked(name: str) -> str | None:
    """A filter of the address; an empty one is none."""
    text = request.args.get(name, "")
    if "\0" in text:
        abort(400)
    if len(text) > LONGEST:
        abort(422)
    return text or None


def _place(name: str) -> Place | None:
    text = request.args.get(name)
    if not text:
        return None
    try:
        return Place.read(text)
    except ValueError:
        abort(422)
