"""`/pictures/<image>/<rendition>.jpg?v=`: pictures whose address changes with their content."""

from flask import Blueprint, Response, abort, jsonify, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from hmi import drawing
from hmi.auth import SEE, requires
from hmi.parts import parts
from hmi.pictures.gallery import PictureUnavailable
from hmi.pictures.iiif.answering import IMMUTABLE
from hmi.pictures.renditions import Drawing, Rendition
from hmi.plant.files import PathRefused
from hmi.store.runs import Image, key_of

blueprint = Blueprint("pictures", __name__)

PLACE_S, PATIENCE_S = 0.2, 1.0
STATUS = {"waiting": 503, "unreachable": 503, "refused": 415}


@blueprint.get("/pictures/<image>/<rendition>.jpg")
@requires(SEE, passive=True)
def picture(image: str, rendition: str) -> BaseResponse:
    """A picture that was rendered when its image arrived; rendered now if it is not in the cache."""
    asked = _rendition_or_404(image, rendition, request.args.get("v", ""))
    data = parts().gallery.cached(asked) if asked.version else None
    if data is None:
        current, what = _drawing_or_404(asked)
        if current != asked:
            return _moved(current)
        if not _is_ours(what.path):
            abort(404)
        try:
            data = _rendered(current, what)
        except PictureUnavailable as error:
            return _unavailable(error)
    response = Response(data, mimetype="image/jpeg")
    response.headers["Cache-Control"] = IMMUTABLE
    return response


def _rendered(rendition: Rendition, what: Drawing) -> bytes:
    """Wait for a picture that is being made, but only in some of the threads: polls need the others."""
    if not parts().picture_places.acquire(timeout=PLACE_S):
        raise PictureUnavailable("waiting", "too many pictures are being waited for")
    try:
        return parts().gallery.render(rendition, what, PATIENCE_S)
    finally:
        parts().picture_places.release()


def _rendition_or_404(image: str, name: str, version: str) -> Rendition:
    try:
        key_of(image)
        return Rendition(image, name, version)
    except ValueError:
        abort(404)


def _drawing_or_404(asked: Rendition) -> tuple[Rendition, Drawing]:
    with parts().store.read() as session:
        image = session.get(Image, key_of(asked.image))
        if image is None or image.gone:
            abort(404)
        try:
            return drawing.find(session, image, asked.name)
        except (LookupError, ValueError):
            abort(404)


def _is_ours(path: str) -> bool:
    """Whether the path lies under one of the roots. One that does not is treated as if it were not there."""
    try:
        parts().files.locate(path)
    except PathRefused:
        return False
    return True


def _moved(current: Rendition) -> BaseResponse:
    """The image has another version by now; an old address never shows something else."""
    response = redirect(f"/pictures/{current.image}/{current.name}.jpg?v={current.version}", 302)
    response.headers["Cache-Control"] = "no-store"
    return response


def _unavailable(error: PictureUnavailable) -> Response:
    response = jsonify(error=str(error), state=error.state)
    response.status_code = STATUS.get(error.state, 404)
    if response.status_code == 503:
        response.headers["Retry-After"] = "1"
    return response
