"""Tiles whose image is at hand, answered in front of Flask: a viewer asks for dozens of them at once.

Only what takes nothing but memory is answered here: the image is known and decoded, the parameters are right,
nothing is drawn over it, and the caller may see it. All else goes on to the view (`hmi.pages.iiif`), which
alone asks the store, reads files, waits and refuses; both take their rules and headers from the same place.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from werkzeug.http import parse_etags, quote_etag
from werkzeug.wsgi import get_host

from hmi.image_sources import Source
from hmi.live import Admit
from hmi.parts import Parts
from hmi.pictures.iiif import answering
from hmi.pictures.iiif.parameters import Cut, NotOffered, NotUnderstood, cut_of
from hmi.pictures.plates import Plate

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX = "/iiif/3/"
_OF_CONTENT = ("Content-Type", "Content-Length", "Cache-Control")


class _Asked(NamedTuple):
    image: str
    source: Source
    plate: Plate
    cut: Cut


class TileLayer:
    """WSGI middleware. `headers` are those that every answer of the product has."""

    def __init__(
        self, app: "WSGIApplication", house: Parts, admit: Admit | None, headers: Mapping[str, str]
    ) -> None:
        self._app = app
        self._house = house
        self._admit = admit
        self._scheme = "https" if house.settings.server.https else "http"
        kept = {name: text for name, text in headers.items() if name not in _OF_CONTENT}
        opened = answering.OPEN_TO_ALL if house.settings.iiif.cors else {}
        self._headers = {**kept, **opened, "Vary": "Cookie"}  # as Flask says it of every answer
        named = house.settings.auth.proxy_header.upper().replace("-", "_")
        #: with any of these the view has to find out who asks
        self._of_somebody = ("HTTP_AUTHORIZATION", *([f"HTTP_{named}"] if admit and named else []))

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        asked = self._asked(environ)
        if asked is None or not self._is_admitted(environ):
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
        if not path.startswith(PREFIX) or environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
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

    def _is_admitted(self, environ: "WSGIEnvironment") -> bool:
        if any(name in environ for name in self._of_somebody):
            return False
        return self._admit is None or self._admit(environ) == 200
