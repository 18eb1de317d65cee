"""`/images/<id>`: one image, pinned: it stays whatever the line does."""

from datetime import UTC, datetime

from flask import Blueprint, Response, abort, jsonify, render_template, request
from sqlalchemy.orm import Session

from hmi import respond
from hmi.auth import SEE, requires, stations
from hmi.camera import camera_named, drawing_of, view_of
from hmi.judging.expected import Camera
from hmi.parts import parts
from hmi.store.runs import Image, Run, key_of

blueprint = Blueprint("images", __name__, url_prefix="/images")


@blueprint.get("/<image>")
@requires(SEE)
def show(image: str) -> Response:
    """The image; `?defect=` selects one of its defects, `?show=all` lists those that pass too.

    htmx is given the defects alone.
    """
    with parts().store.read() as session:
        found = _image_or_404(session, image)
        camera = camera_named(session, parts().settings, found.camera or "")
        try:
            view = view_of(
                session,
                parts().settings,
                camera or Camera(found.camera or "", found.camera or "no camera", "+"),
                found,
                datetime.now(UTC),
                shows_all=request.args.get("show") == "all",
                selected=request.args.get("defect"),
            )
        except LookupError:
            abort(404)
    if respond.wants_fragment():
        return respond.no_store(render_template("camera/_inspector.html", view=view, is_pinned=True))
    parts().follower.start()
    return respond.no_store(
        render_template(
            "camera/camera.html",
            view=view,
            camera=camera,
            is_pinned=True,
            station=stations.station(),
            trouble=parts().follower.pulse.trouble,
            now_ms=int(datetime.now(UTC).timestamp() * 1000),
        )
    )


@blueprint.get("/<image>/drawing")
@requires(SEE, passive=True)
def drawing(image: str) -> Response:
    """What the viewer draws over the image, as JSON; see `hmi.camera.drawing`."""
    with parts().store.read() as session:
        found = _image_or_404(session, image)
        run = session.get(Run, found.run_key) if found.run_key else None
        response = jsonify(drawing_of(session, found, run))
    response.headers["Cache-Control"] = "no-store"
    return response


def _image_or_404(session: Session, text: str) -> Image:
    try:
        image = session.get(Image, key_of(text))
    except ValueError:
        image = None
    if image is None or image.gone:
        abort(404)
    return image
