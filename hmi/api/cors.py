"""Pages of other sites that may read the API: those of the settings, with a token, never with our cookies."""

from flask import Flask, Response, request

from hmi.parts import parts
from hmi.problems import is_for_programs

VERBS = "GET, POST, PUT, PATCH, DELETE"
HEADERS = "Authorization, Content-Type, If-None-Match, If-Match"
SHOWN = "ETag, Link, Retry-After, Location, X-HMI-Live, X-HMI-Age"


def register(app: Flask) -> None:
    app.before_request(answer_preflight)
    app.after_request(open_to_listed)


def answer_preflight() -> Response | None:
    """A browser asks whether it may ask; it sends no token along, so nobody need be known."""
    if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers:
        return None
    if not is_listed():
        return None
    response = Response(status=204)
    response.headers["Access-Control-Allow-Methods"] = VERBS
    response.headers["Access-Control-Allow-Headers"] = HEADERS
    response.headers["Access-Control-Max-Age"] = "600"
    return response


def open_to_listed(response: Response) -> Response:
    if not is_for_programs() or not parts().settings.api.cors_origins:
        return response
    response.vary.add("Origin")
    if is_listed():
        response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
        response.headers["Access-Control-Expose-Headers"] = SHOWN
    return response


def is_listed() -> bool:
    return is_for_programs() and request.headers.get("Origin", "") in parts().settings.api.cors_origins
