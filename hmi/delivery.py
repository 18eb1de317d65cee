"""Posting something to another server: within a deadline, to that address and to no other."""

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urlsplit

TRY_AGAIN = frozenset({408, 425, 429})


class Unreachable(Exception):
    """It was not taken and may be later; in words without the address, which may hold a secret."""


class Refused(Exception):
    """The server says that it will never take this."""


def post(url: str, body: bytes, headers: Mapping[str, str], deadline_s: float) -> None:
    """Returns when the server has said that it took it (2xx). Raises Unreachable or Refused.

    Redirects are not followed: what is signed for one server goes to that one. The deadline holds for all of
    it, however slowly the server answers.
    """
    connection = _connection(url, deadline_s)
    late = threading.Event()
    deadline = threading.Timer(deadline_s, _cut, [connection, late])
    deadline.daemon = True
    deadline.start()
    try:
        status = _answered(connection, url, body, headers)
    except TimeoutError:
        late.set()
    except (OSError, http.client.HTTPException) as error:
        if not late.is_set():
            raise Unreachable(_because(error)) from None
    finally:
        deadline.cancel()
        connection.close()
    if late.is_set():
        raise Unreachable(f"no answer in {deadline_s:g} s")
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise Unreachable(f"answers {status}: redirects are not followed")
    if 400 <= status < 500 and status not in TRY_AGAIN:
        raise Refused(f"answers {status}")
    raise Unreachable(f"answers {status}")


def _connection(url: str, deadline_s: float) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, parts.port, timeout=deadline_s, context=context)
    return http.client.HTTPConnection(host, parts.port, timeout=deadline_s)


def _answered(
    connection: http.client.HTTPConnection, url: str, body: bytes, headers: Mapping[str, str]
) -> int:
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.request("POST", target, body, dict(headers))
    return connection.getresponse().status


def _cut(connection: http.client.HTTPConnection, late: threading.Event) -> None:
    late.set()  # before the cut: an answer that is cut off looks like a short one
    sock = connection.sock
    if sock is not None:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


def _because(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there"
    if isinstance(error, ssl.SSLError):
        return "its certificate is not accepted"
    if isinstance(error, socket.gaierror):
        return "its name leads nowhere"
    return "the connection was lost"
