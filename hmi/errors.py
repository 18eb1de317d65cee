"""What goes wrong becomes an answer that a person can read; never a trace, never a secret."""

import logging

from flask import Flask, Response, jsonify, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from hmi import request_number
from hmi.problems import is_for_programs, problem
from hmi.store import StoreFull, StoreReadOnly, StoreTooSlow, StoreUnavailable

log = logging.getLogger(__name__)

TEXTS = {
    400: "The request could not be understood.",
    401: "This needs a sign-in.",
    403: "This is not allowed.",
    404: "There is nothing at this address.",
    405: "This cannot be done at this address.",
    413: "What was sent is too large.",
    422: "What was sent does not fit this form.",
    415: "What was sent has a type that is not accepted.",
    429: "Too many requests.",
    503: "The store does not answer; try again in a moment.",
}
OUTAGES = {
    StoreTooSlow: "This takes too long at the moment: ask for less, or try again in a moment.",
    StoreReadOnly: "The store is read-only at the moment: nothing was kept; try again in a while.",
    StoreFull: "The disk of the store is full: nothing was kept. Tell IT; then try again.",
}


def register(app: Flask) -> None:
    app.register_error_handler(
        CSRFError, lambda _: answer(403, "This form is too old or not ours: reload the page.")
    )
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(StoreUnavailable, _store_unavailable)
    app.register_error_handler(Exception, _fault)


def answer(status: int, text: str) -> Response:
    """The error as a page for people, as JSON for everybody else; as a problem to programs."""
    number = request_number.current()
    if is_for_programs():
        return problem(status, text, request=number)
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "text/html":
        response = Response(
            render_template("errors/error.html", status=status, text=text, number=number), status
        )
    else:
        response = jsonify(status=status, error=text, request=number)
        response.status_code = status
    if status == 503:
        response.headers["Retry-After"] = "1"
    return response


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    response = answer(status, TEXTS.get(status, error.name))
    if error.response is None and status == 405:
        response.headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
    return response


def _store_unavailable(error: StoreUnavailable) -> Response:
    return answer(503, OUTAGES.get(type(error), TEXTS[503]))


def _fault(_error: Exception) -> Response:
    log.exception("fault while answering %s %s", request.method, request.path)  # noqa: LOG004 - we are called from one
    return answer(500, "The server has a fault; it was written to the log.")
