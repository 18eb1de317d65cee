"""What goes wrong becomes an answer that a person can read; never a trace, never a secret."""

import logging

from flask import Flask, Response, jsonify, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from hmi.store import StoreUnavailable

log = logging.getLogger(__name__)

TEXTS = {
    400: "The request could not be understood.",
    403: "This is not allowed.",
    404: "There is nothing at this address.",
    405: "This cannot be done at this address.",
    413: "What was sent is too large.",
    415: "What was sent has a type that is not accepted.",
    503: "The store does not answer; try again in a moment.",
}


def register(app: Flask) -> None:
    app.register_error_handler(
        CSRFError, lambda _: answer(400, "This form is too old or not ours: reload the page.")
    )
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(StoreUnavailable, _store_unavailable)
    app.register_error_handler(Exception, _fault)


def answer(status: int, text: str) -> Response:
    """The error as a page for people, as JSON for everybody else."""
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "text/html":
        response = Response(render_template("errors/error.html", status=status, text=text), status)
    else:
        response = jsonify(status=status, error=text)
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


def _store_unavailable(_error: StoreUnavailable) -> Response:
    return answer(503, TEXTS[503])


def _fault(_error: Exception) -> Response:
    log.exception("fault while answering %s %s", request.method, request.path)  # noqa: LOG004 - we are called from one
    return answer(500, "The server has a fault; it was written to the log.")
