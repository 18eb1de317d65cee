"""What is at hand, answered in front of Flask: a kiosk's pictures, a viewer's tiles, asked for by the dozen.

Only what takes nothing but memory, or one small file of our own, is answered there, and only to a caller who
may see it. All else goes on to the views, which alone ask the store, wait and refuse; both take their rules
and headers from the same place.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from hmi.live import Admit
from hmi.pictures.gallery import Gallery
from hmi.pictures.iiif.answering import IMMUTABLE
from hmi.pictures.renditions import Rendition
from hmi.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PICTURES = "/pictures/"
_OF_CONTENT = ("Content-Type", "Content-Length", "Cache-Control")


def shared_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Of the headers that every answer of the product has, those that do not depend on its content."""
    kept = {name: text for name, text in headers.items() if name not in _OF_CONTENT}
    return {**kept, "Vary": "Cookie"}  # as Flask says it of every answer


class Admitted:
    """Whether a caller may see pictures, as far as that can be told without Flask. A no is no refusal."""

    def __init__(self, settings: Settings, admit: Admit | None) -> None:
        self._admit = admit
        named = settings.auth.proxy_header.upper().replace("-", "_")
        #: with any of these the view has to find out who asks
        self._of_somebody = ("HTTP_AUTHORIZATION", *([f"HTTP_{named}"] if admit and named else []))

    def __call__(self, environ: "WSGIEnvironment") -> bool:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return False
        if any(name in environ for name in self._of_somebody):
            return False
        return self._admit is None or self._admit(environ) == 200


class PictureLayer:
    """WSGI middleware: pictures that are in the cache. `headers` are those of `shared_headers`."""

    def __init__(
        self, app: "WSGIApplication", gallery: Gallery, admitted: Admitted, headers: Mapping[str, str]
    ) -> None:
        self._app = app
        self._gallery = gallery
        self._admitted = admitted
        self._headers = [*headers.items(), ("Content-Type", "image/jpeg"), ("Cache-Control", IMMUTABLE)]

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        asked = _asked(environ)
        if asked is None or not self._admitted(environ):
            return self._app(environ, start_response)
        data = self._gallery.cached(asked)
        if data is None:
            return self._app(environ, start_response)
        start_response("200 OK", [*self._headers, ("Content-Length", str(len(data)))])
        return [b""] if environ["REQUEST_METHOD"] == "HEAD" else [data]


def _asked(environ: "WSGIEnvironment") -> Rendition | None:
    """The picture in one version of its content; None for any other address."""
    path = environ["PATH_INFO"]
    if not path.startswith(PICTURES) or not path.endswith(".jpg"):
        return None
    image, slash, name = path[len(PICTURES) : -len(".jpg")].partition("/")
    version = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True).get("v", [""])[0]
    if not slash or not version:
        return None
    try:
        return Rendition(image, name, version)
    except ValueError:
        return None
