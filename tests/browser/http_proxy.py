"""A real HTTP proxy between browser and server that can spoil the answers to the poll.

    with HttpProxy(server.port) as proxy:
        page.goto(proxy.url)
        proxy.spoil(lambda answer: answer.replaced(status=503))
        proxy.heal()

`asked` lists every request that came through, in order.
"""

import http.client
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Headers = tuple[tuple[str, str], ...]
OF_ONE_HOP = {"connection", "keep-alive", "transfer-encoding"}
PATIENCE_S = 30


@dataclass(frozen=True)
class Passing:
    """An answer on its way to the browser."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: str) -> str:
        return next((text for key, text in self.headers if key.lower() == name.lower()), "")

    def replaced(self, *, status: int | None = None, body: bytes | None = None, **headers: str) -> "Passing":
        """The same with another status or body, and with headers set: X_HMI_Build for X-HMI-Build."""
        given = {name.replace("_", "-").lower(): text for name, text in headers.items()}
        kept = tuple((key, text) for key, text in self.headers if key.lower() not in given)
        return replace(
            self,
            status=status or self.status,
            body=self.body if body is None else body,
            headers=(*kept, *given.items()),
        )


def foreign(html: str) -> Passing:
    """What a proxy or a sign-in page of somebody else answers."""
    return Passing(200, (("Content-Type", "text/html; charset=utf-8"),), html.encode())


@dataclass(frozen=True)
class Asked:
    at_s: float  # time.monotonic()
    method: str
    path: str
    body: bytes


class HttpProxy:
    """Listens on 127.0.0.1. What `spoil` is given sees every answer to a poll; None leaves it unanswered."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.asked: list[Asked] = []
        self._spoil: Callable[[Passing], Passing | None] | None = None
        self._held: Callable[[str], bool] = lambda _: False
        self._change = threading.Condition()
        self._server = _server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.heal()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    @property
    def polls(self) -> list[Asked]:
        return self.requests("/live")

    def requests(self, start: str) -> list[Asked]:
        """Those whose path begins so."""
        return [asked for asked in self.asked if asked.path.startswith(start)]

    def spoil(self, spoil: Callable[[Passing], Passing | None]) -> None:
        """From now on, every answer to a poll goes through this."""
        self._spoil = spoil

    def hold(self, is_held: Callable[[str], bool]) -> None:
        """Requests whose "METHOD /path" this says yes to wait in front of the server until `heal`."""
        with self._change:
            self._held = is_held
            self._change.notify_all()

    def heal(self) -> None:
        """All is well again; what was held goes on, what was left unanswered stays so."""
        with self._change:
            self._spoil, self._held = None, lambda _: False
            self._change.notify_all()

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Passing | None:
        self.asked.append(Asked(time.monotonic(), method, path, body))
        with self._change:
            self._change.wait_for(lambda: not self._held(f"{method} {path}"), PATIENCE_S)
        passing = self._forward(method, path, headers, body)
        spoil = self._spoil
        if spoil is not None and passing is not None and path.split("?")[0] == "/live":
            return spoil(passing)
        return passing

    def wait_for_heal(self) -> None:
        with self._change:
            self._change.wait_for(lambda: self._spoil is None, PATIENCE_S)

    def _forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Passing | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.target_port, timeout=PATIENCE_S)
        with suppress(OSError, http.client.HTTPException):
            connection.request(method, path, body or None, {**headers, "Connection": "close"})
            answer = connection.getresponse()
            content = answer.read()
            kept = tuple((key, text) for key, text in answer.getheaders() if key.lower() not in OF_ONE_HOP)
            connection.close()
            return Passing(answer.status, kept, content)
        connection.close()
        return None


def _server(proxy: HttpProxy) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {key: text for key, text in self.headers.items() if key.lower() not in OF_ONE_HOP}
            passing = proxy.answer(self.command, self.path, headers, body)
            if passing is None:
                proxy.wait_for_heal()
                self.close_connection = True
                return
            with suppress(OSError):  # the browser did not wait for it
                self.send(passing)

        def send(self, passing: Passing) -> None:
            self.send_response_only(passing.status)
            for key, text in passing.headers:
                if key.lower() != "content-length":
                    self.send_header(key, text)
            if passing.status != 204:
                self.send_header("Content-Length", str(len(passing.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(passing.body)

        def log_message(self, *_: Any) -> None:
            """What was asked is in `asked`."""

        do_GET = do_POST = do_HEAD = answer  # noqa: N815 - http.server asks for these names

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A browser that resets a connection is nothing unusual."""

    return Quiet(("127.0.0.1", 0), Handler)
