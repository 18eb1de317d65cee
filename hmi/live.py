"""`GET /live?v=ID`: the kiosks' poll, answered in front of Flask from memory.

No session, no hook, no database, no file; where the grid is not open, one look at the caller's session
(`Admit`). The answer is 200 with the fragment, or 204 when the caller has it
already. Every answer carries

- `X-HMI-Snapshot`: the store's counter; it never goes back,
- `X-HMI-Build`: which build of the product answers,
- `X-HMI-Age`: milliseconds since the plant was last read successfully; absent if that is not known,
- `X-HMI-Now`: the server's time in ms since 1970, from which pages count ages without trusting their clock,
- `X-HMI-Trouble`: why the plant is not being read, when it is not,
- `X-HMI-Echo`: the `n` of the request, so that an answer from some cache is recognised.
"""

import re
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from hmi.snapshot import Follower

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/live"
Admit = Callable[["WSGIEnvironment"], int]  # 200, or the status with which the poll is refused
REFUSALS = {401: "401 Unauthorized", 503: "503 Service Unavailable"}
_QUERY = re.compile(r"(?:^|&)(v|n)=([0-9]{1,19})(?=&|$)", re.ASCII)
_NOT_PRINTABLE = re.compile(r"[^\x20-\x7e]")


class LiveLayer:
    """WSGI middleware that answers the poll and passes everything else on."""

    def __init__(
        self,
        app: "WSGIApplication",
        follower: Follower,
        build: str,
        admit: Admit | None = None,
        took: Callable[[float], object] = lambda _: None,
    ) -> None:
        self._app = app
        self._follower = follower
        self._build = build
        self._admit = admit
        self._took = took  # told the seconds that each answer took

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"] != PATH:
            return self._app(environ, start_response)
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            start_response("405 Method Not Allowed", [("Allow", "GET, HEAD"), ("Content-Length", "0")])
            return [b""]
        refused = REFUSALS.get(self._admit(environ)) if self._admit else None
        if refused:
            start_response(refused, [("Cache-Control", "no-store"), ("Content-Length", "0")])
            return [b""]
        began_s = time.perf_counter()
        body = self._answer(environ, start_response)
        self._took(time.perf_counter() - began_s)
        return body

    def _answer(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        self._follower.start()
        asked = dict(_QUERY.findall(environ.get("QUERY_STRING", "")))
        snapshot = self._follower.snapshot
        headers = self._headers(asked.get("n", ""))
        if snapshot is None:
            start_response(
                "503 Service Unavailable", [*headers, ("Retry-After", "1"), ("Content-Length", "0")]
            )
            return [b""]
        headers.append(("X-HMI-Snapshot", str(snapshot.version)))
        if asked.get("v") == str(snapshot.version):
            start_response("204 No Content", headers)
            return []
        headers.append(("Content-Type", "text/html; charset=utf-8"))
        headers.append(("Content-Length", str(len(snapshot.fragment))))
        start_response("200 OK", headers)
        return [b""] if environ["REQUEST_METHOD"] == "HEAD" else [snapshot.fragment]

    def _headers(self, echo: str) -> list[tuple[str, str]]:
        pulse = self._follower.pulse
        age_ms = pulse.age_ms(time.monotonic())
        headers = [
            ("X-HMI-Build", self._build),
            ("X-HMI-Now", str(int(time.time() * 1000))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        if age_ms is not None:
            headers.append(("X-HMI-Age", str(age_ms)))
        if echo:
            headers.append(("X-HMI-Echo", echo))
        if pulse.trouble:
            headers.append(("X-HMI-Trouble", _NOT_PRINTABLE.sub("?", pulse.trouble)[:200]))
        return headers
