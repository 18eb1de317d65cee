"""`/images/<image>/annotated.jpg`: an image with its defects drawn in, and its verdict below, to keep."""

from hashlib import sha256

from flask import Blueprint, Response, abort, request
from werkzeug.wrappers import Response as BaseResponse

from hmi import pieces
from hmi.auth import SEE, requires
from hmi.camera import caption_of
from hmi.drawing import markers_of
from hmi.parts import parts
from hmi.pictures.decode import fitted
from hmi.pictures.iiif.parameters import Cut
from hmi.pictures.plates import Plate
from hmi.pictures.renditions import Window
from hmi.pictures.unavailable import PictureUnavailable
from hmi.store.runs import Image, reference

blueprint = Blueprint("annotated", __name__)

SIDE_PX = 2000


@blueprint.get("/images/<image>/annotated.jpg")
@requires(SEE)
def annotated(image: str) -> BaseResponse:
    """The whole image, at most SIDE_PX wide and high, above its caption. Browsers show it; `?download` has
    them keep it."""
    source = pieces.source_or_404(image, fresh=True)
    with parts().store.read() as session:
        stored = session.get(Image, source.key)
        if stored is None:
            abort(404)
        caption, markers = caption_of(session, parts().settings, stored), markers_of(session, stored)
    try:
        plate = pieces.plate_of(source)
        stands = f"{plate.stamp.text}|{source.picture}|{caption}|{parts().build}"
        tag = sha256(stands.encode("utf-8", "replace")).hexdigest()[:24]
        if request.if_none_match.contains(tag):
            response = Response(status=304)
        else:
            data = parts().cutter.drawn(plate, _cut(plate), markers, caption)
            response = Response(data, mimetype="image/jpeg")
    except PictureUnavailable as error:
        return pieces.unavailable(error)
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(tag)
    if "download" in request.args:
        name = f"image-{reference(source.key)}-annotated.jpg"
        response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _cut(plate: Plate) -> Cut:
    width, height = plate.look.width, plate.look.height
    return Cut(Window(0, 0, width, height), *fitted(width, height, SIDE_PX), False, 0, "overlay", "jpg")
