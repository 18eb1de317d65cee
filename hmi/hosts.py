"""Under which names the server is asked: any other one is refused, before anything looks at the request.

A page of another site whose name is made to point here (DNS rebinding) sends its own name; nothing may be
read or done under it.
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from hmi.serving_settings import LOOPBACK

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")
_REMEMBERED = 64
REFUSAL = b"400: the server does not know itself under this name (server.hosts)\n"
HEADERS = [
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Content-Length", str(len(REFUSAL))),
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
]


class HostLayer:
    """WSGI middleware. `hosts` are names without port; one that begins with a dot stands for all below it."""

    def __init__(self, app: "WSGIApplication", hosts: Iterable[str]) -> None:
        self._app = app
        self._names = frozenset(_bare(name) for name in (*hosts, *LOOPBACK))
        self._below = tuple(name for name in self._names if name.startswith("."))
        self._known: set[str] = set()  # header values that were found to be ours

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if not self._is_ours(environ.get("HTTP_HOST", "")):
            start_response("400 Bad Request", HEADERS)
            return [b"" if environ["REQUEST_METHOD"] == "HEAD" else REFUSAL]
        return self._app(environ, start_response)

    def _is_ours(self, header: str) -> bool:
        if header in self._known:
            return True
        found = _HOST.fullmatch(header)
        if found is None or int(found[2] or 1) not in range(1, 65536):
            return False
        name = _bare(found[1])
        if name not in self._names and not name.endswith(self._below or ("\0",)):
            return False
        if len(self._known) < _REMEMBERED:
            self._known.add(header)
        return True


def _bare(name: str) -> str:
    """As it is compared: lower case, without the brackets of an IPv6 address."""
    return name.lower().strip("[]")
