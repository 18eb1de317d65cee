"""How views answer; the only reader of the HX-* headers, which anybody can send and nobody is trusted for."""

from flask import Request, Response, make_response, redirect, request
from werkzeug.wrappers import Response as BaseResponse


def wants_fragment(asked: Request = request) -> bool:
    """Whether htmx asks; then a part of a page is enough."""
    return asked.headers.get("HX-Request") == "true"


def after_post(location: str) -> BaseResponse:
    """See other: the way out of every successful POST that is not answered with a part of its page."""
    return redirect(location, 303)


def no_store(body: str | bytes | Response, status: int = 200) -> Response:
    response = make_response(body, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def reload() -> Response:
    """To htmx: the page as a whole is another now."""
    response = no_store("", 204)
    response.headers["HX-Refresh"] = "true"
    return response
