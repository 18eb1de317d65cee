"""Tiles in front of Flask (`hmi.at_hand`): of images that are decoded, with nothing drawn over them."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from werkzeug.http import parse_etags, quote_etag
from werkzeug.wsgi import get_host

from hmi.at_hand import Admitted
from hmi.image_sources import Source
from hmi.parts import Parts
from hmi.pictures.iiif import answering
from hmi.pictures.iiif.parameters import Cut, NotOffered, NotUnderstood, cut_of
from hmi.pictures.plates import Plate

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX = "/iiif/3/"


class _Asked(NamedTuple):
    image: str
    source: Source
    plate: Plate
    cut: Cut


class TileLayer:
    """WSGI middleware. `headers` are those of `hmi.at_hand.shared_headers`."""

    def __init__(
        self, app: "WSGIApplication", house: Parts, admitted: Admitted, headers: Mapping[str, str]
    ) -> None:
        self._app = app
        self._house = house
        self._admitted = admitted
        self._scheme = "https" if house.settings.server.https else "http"
        self._headers = {**headers, **(answering.OPEN_TO_ALL if house.settings.iiif.cors else {})}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        asked = self._asked(environ)
        if asked is None or not self._admitted(environ):
            return self._app(environ, start_response)
        image, source, plate, cut = asked
        address = f"{self._scheme}://{get_host(environ)}{PREFIX}{image}"
        tag = answering.tag_of(plate, "", self._house.pieces_made_by)
        headers = [
            *self._headers.items(),
            *answering.headers_of(address, plate, cut, is_version=bool(source.version)).items(),
            ("ETag", quote_etag(tag)),
        ]
        if parse_etags(environ.get("HTTP_IF_NONE_MATCH")).contains_weak(tag):
            start_response("304 Not Modified", headers)
            return []
        data = self._house.cutter.tile_at_hand(plate, cut)
        if data is None:
            return self._app(environ, start_response)
        content = [("Content-Type", answering.TYPES[cut.form]), ("Content-Length", str(len(data)))]
        start_response("200 OK", [*content, *headers])
        return [b""] if environ["REQUEST_METHOD"] == "HEAD" else [data]

    def _asked(self, environ: "WSGIEnvironment") -> _Asked | None:
        """What is asked for, if it is a piece of an image that is known."""
        path = environ["PATH_INFO"]
        if not path.startswith(PREFIX):
            return None
        image, *parameters = path[len(PREFIX) :].split("/")
        if len(parameters) != 4 or parameters[-1].startswith("overlay"):
            return None
        source = self._house.sources.known(image)
        if source is None:
            return None
        plate = self._house.cutter.plate_at_hand(source.path, source.version)
        if plate is None:
            return None
        region, size, rotation, name = parameters
        try:
            cut = cut_of((plate.look.width, plate.look.height), region, size, rotation, name)
        except (NotUnderstood, NotOffered):
            return None
        return _Asked(image, source, plate, cut)
