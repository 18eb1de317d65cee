"""Documents of the snapshot as answers: through Flask, and in front of it where nobody need be known."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from flask import Response, abort

from hmi.api.latest import CAMERAS, LATEST, handed_out
from hmi.api.operations import JSON, REVALIDATED
from hmi.freshness import age_headers
from hmi.parts import parts
from hmi.snapshot import Follower

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: address → document
PATHS = {"/api/cameras": CAMERAS, "/api/images/latest": LATEST}
#: with any of these it is more than reading what is open to everybody
_OF_SOMEBODY = ("HTTP_AUTHORIZATION", "HTTP_ORIGIN")


def handed_out_or_404(name: str) -> Response:
    """503 while there is no snapshot yet."""
    follower = parts().follower
    follower.start()
    snapshot = follower.documented()
    if snapshot is None:
        abort(503)
    found = handed_out(snapshot, follower.pulse, name)
    if found is None:
        abort(404)
    data, tag = found
    response = Response(data, mimetype=JSON)
    response.headers["ETag"] = tag
    return response


class DocumentLayer:
    """WSGI middleware: answers who reads what is open to everybody, and passes everything else on.

    `headers` are those of `hmi.at_hand.shared_headers`.
    """

    def __init__(self, app: "WSGIApplication", follower: Follower, headers: Mapping[str, str]) -> None:
        self._app = app
        self._follower = follower
        self._headers = [*headers.items(), ("Content-Type", JSON), ("Cache-Control", REVALIDATED)]

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        name = PATHS.get(environ["PATH_INFO"])
        if name is None or not _is_plain(environ):
            return self._app(environ, start_response)
        snapshot = self._follower.at_hand()
        found = handed_out(snapshot, self._follower.pulse, name) if snapshot else None
        if found is None:
            return self._app(environ, start_response)
        data, tag = found
        headers = [*self._headers, ("ETag", tag), *age_headers(self._follower.pulse).items()]
        if environ.get("HTTP_IF_NONE_MATCH") == tag:
            start_response("304 Not Modified", headers)
            return []
        start_response("200 OK", [*headers, ("Content-Length", str(len(data)))])
        return [data]


def _is_plain(environ: "WSGIEnvironment") -> bool:
    if environ["REQUEST_METHOD"] != "GET" or environ.get("QUERY_STRING"):
        return False
    return not any(name in environ for name in _OF_SOMEBODY)
