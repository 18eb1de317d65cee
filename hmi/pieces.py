"""Pieces of stored images for the views that cut them out: who it is, where it is, what goes wrong."""

from flask import Response, abort, jsonify

from hmi import drawing
from hmi.image_sources import Source
from hmi.parts import parts
from hmi.pictures.overlay import Marker
from hmi.pictures.plates import Plate
from hmi.pictures.unavailable import PictureUnavailable
from hmi.store.runs import Image

STATUS = {"waiting": 503, "unreachable": 503, "refused": 415}


def source_or_404(text: str, *, fresh: bool = False) -> Source:
    try:
        return parts().sources.find(text, fresh=fresh)
    except LookupError:
        abort(404)


def plate_of(source: Source) -> Plate:
    """Raises PictureUnavailable; 404 where the file has another version by now."""
    plate = parts().cutter.plate(source.path, source.version)
    if source.version and plate.stamp.text != source.version:
        abort(404)
    return plate


def markers_of(source: Source) -> tuple[Marker, ...]:
    with parts().store.read() as session:
        image = session.get(Image, source.key)
        return () if image is None else drawing.markers_of(session, image)


def unavailable(error: PictureUnavailable) -> Response:
    response = jsonify(error=str(error), state=error.state)
    response.status_code = STATUS.get(error.state, 404)
    if response.status_code == 503:
        response.headers["Retry-After"] = "1"
    return response
