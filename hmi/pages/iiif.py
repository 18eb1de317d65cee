"""`/iiif/3/<image>/…`: images in pieces, by the IIIF Image API 3.0, level 2.

An image is addressed by its reference (`17`), which shows the file as it is now and is asked about again
each time; or with the version of its file (`17~3f2a-18c0`), which never changes and is kept by browsers.
"""

import json

from flask import Blueprint, Response, abort, redirect, request
from werkzeug.http import generate_etag
from werkzeug.wrappers import Response as BaseResponse

from hmi import errors, pieces
from hmi.auth import SEE, requires
from hmi.image_sources import Source
from hmi.parts import parts
from hmi.pictures.iiif import answering
from hmi.pictures.iiif.information import CONTEXT, information
from hmi.pictures.iiif.parameters import Cut, NotOffered, NotUnderstood, cut_of
from hmi.pictures.plates import Plate
from hmi.pictures.unavailable import PictureUnavailable

blueprint = Blueprint("iiif", __name__, url_prefix="/iiif/3")

LINKED = "application/ld+json"


@blueprint.get("/<image>")
@requires(SEE, passive=True)
def base(image: str) -> BaseResponse:
    pieces.source_or_404(image)
    return redirect(f"{_address(image)}/info.json", 303)


@blueprint.get("/<image>/info.json")
@requires(SEE, passive=True)
def info(image: str) -> BaseResponse:
    """What a viewer reads first."""
    try:
        plate = pieces.plate_of(pieces.source_or_404(image))
    except PictureUnavailable as error:
        return pieces.unavailable(error)
    body = json.dumps(information(_address(image), plate.look), ensure_ascii=False)
    wants_linked = request.accept_mimetypes.best_match(["application/json", LINKED]) == LINKED
    response = Response(body, mimetype=LINKED if wants_linked else "application/json")
    if wants_linked:
        response.headers["Content-Type"] = f'{LINKED};profile="{CONTEXT}"'
    response.headers["Cache-Control"] = answering.REVALIDATED
    response.vary.add("Accept")
    response.set_etag(generate_etag(body.encode()))
    return response.make_conditional(request)


@blueprint.get("/<image>/<region>/<size>/<rotation>/<name>")
@requires(SEE, passive=True)
def piece(image: str, region: str, size: str, rotation: str, name: str) -> BaseResponse:
    """A piece of an image. Most that are at hand never come here: `hmi.tiles` has answered them."""
    source = pieces.source_or_404(image, fresh=name.startswith("overlay"))
    try:
        plate = pieces.plate_of(source)
        cut = cut_of((plate.look.width, plate.look.height), region, size, rotation, name)
        tag = _tag(source, plate, cut)
        if request.if_none_match.contains_weak(tag):
            response = Response(status=304)
        else:
            response = Response(_made(source, plate, cut), mimetype=answering.TYPES[cut.form])
    except NotUnderstood as error:
        return errors.answer(400, f"{error}.".capitalize())
    except NotOffered as error:
        return errors.answer(501, f"{error}.".capitalize())
    except PictureUnavailable as error:
        return pieces.unavailable(error)
    is_version = bool(source.version)
    response.headers.update(answering.headers_of(_address(image), plate, cut, is_version=is_version))
    response.set_etag(tag)
    return response


@blueprint.get("/<image>/<path:_rest>")
@requires(SEE, passive=True)
def nothing(image: str, _rest: str) -> BaseResponse:
    """An address that is none: of an image that is there the request is wrong, else there is nothing."""
    pieces.source_or_404(image)
    abort(400)


@blueprint.after_request
def open_to_others(response: Response) -> Response:
    if parts().settings.iiif.cors:
        response.headers.update(answering.OPEN_TO_ALL)
    return response


def _made(source: Source, plate: Plate, cut: Cut) -> bytes:
    if cut.quality == "overlay":
        return parts().cutter.drawn(plate, cut, pieces.markers_of(source))
    return parts().cutter.tile(plate, cut)


def _tag(source: Source, plate: Plate, cut: Cut) -> str:
    """Of the verdict too where that is drawn."""
    drawn = source.picture if cut.quality == "overlay" else ""
    return answering.tag_of(plate, drawn, parts().pieces_made_by)


def _address(image: str) -> str:
    """Absolute, as the standard wants it."""
    scheme = "https" if parts().settings.server.https else "http"
    return f"{scheme}://{request.host}/iiif/3/{image}"
