"""Errors as programs read them: problem details (RFC 9457), for everything below /api."""

import json
from typing import Any

from flask import Request, Response, request
from werkzeug.http import HTTP_STATUS_CODES

MEDIA_TYPE = "application/problem+json"
API = "/api"
CHALLENGE = 'Bearer realm="porosity-hmi"'


def is_for_programs(asked: Request = request) -> bool:
    """Whether the request is one of the API, whatever it says that it accepts."""
    return asked.path.startswith(f"{API}/") and asked.path != f"{API}/docs"


def problem(status: int, detail: str, **more: Any) -> Response:
    """`more` are members of the kind of problem: `errors` by field, `state`, `first`, …"""
    said = {"title": HTTP_STATUS_CODES.get(status, "Error"), "status": status, "detail": detail, **more}
    response = Response(json.dumps(said, ensure_ascii=False), status, mimetype=MEDIA_TYPE)
    if status == 503:
        response.headers["Retry-After"] = "1"
    if status == 401:
        response.headers["WWW-Authenticate"] = CHALLENGE
    return response
