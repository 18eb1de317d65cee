"""Every request has a number: in each line that is logged for it, in its answer and on its error page.

A trusted proxy may give it (X-Request-ID), so that its log and ours tell of the same request.
"""

import logging
import re
import secrets
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from flask import Request

from hmi import request_number
from hmi.auth.proxy import address_of, is_trusted
from hmi.auth_settings import Auth

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

HEADER = "X-Request-ID"
_GIVEN = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)


class RequestIdLayer:
    """WSGI middleware. `says_all`: one line in the log for every request but those of pictures."""

    def __init__(self, app: "WSGIApplication", auth: Auth, *, says_all: bool) -> None:
        self._app = app
        self._auth = auth
        self._says_all = says_all

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        number = self._number(environ)
        began_s = time.perf_counter()
        answered = [""]

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            answered[0] = status[:3]
            return start_response(status, [*headers, (HEADER, number)], *rest)

        token = request_number.set_current(number)
        try:
            body = self._app(environ, start)
            if self._says_all and not environ["PATH_INFO"].startswith(("/pictures/", "/iiif/", "/static/")):
                self._say(environ, answered[0], time.perf_counter() - began_s)
        finally:
            request_number.reset(token)
        return body if isinstance(body, list | tuple) else _Numbered(body, number)

    def _number(self, environ: "WSGIEnvironment") -> str:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        if _GIVEN.fullmatch(given) and is_trusted(environ.get("REMOTE_ADDR", ""), self._auth):
            return str(given)
        return secrets.token_hex(8)

    def _say(self, environ: "WSGIEnvironment", status: str, took_s: float) -> None:
        address = address_of(Request(environ), self._auth)
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        log.info("%s %s %s %s %.0f ms", address, method, path[:500], status, 1000 * took_s)


class _Numbered:
    """A body that is still being made while it is sent: its lines in the log bear the number too."""

    def __init__(self, body: Iterable[bytes], number: str) -> None:
        self._body = body
        self._pieces: Iterator[bytes] = iter(body)
        self._number = number

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        token = request_number.set_current(self._number)
        try:
            return next(self._pieces)
        finally:
            request_number.reset(token)

    def close(self) -> None:
        close = getattr(self._body, "close", None)
        if close is not None:
            close()
