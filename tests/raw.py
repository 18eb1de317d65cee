"""Bytes to a server, and what it answers: for requests that no client library would send."""

import re
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

OTHER_HOST = "127.0.0.2"  # the whole of 127/8 is this machine: clients of several addresses


@contextmanager
def connected(port: int, source: str = "127.0.0.1") -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), 10, (source, 0)) as connection:
        yield connection


def answers_to(port: int, sent: bytes, within_s: float = 5.0) -> tuple[list[int], bool]:
    """The statuses of all answers to these bytes, and whether the server closed the connection then."""
    with connected(port) as connection:
        connection.sendall(sent)
        received, is_closed = _all_of(connection, within_s)
    return [int(status) for status in re.findall(rb"HTTP/1\.\d (\d+) ", received)], is_closed


def is_open(connection: socket.socket) -> bool:
    """Whether the server still holds it, as far as can be seen without sending anything."""
    if not select.select([connection], [], [], 0)[0]:
        return True
    with suppress(OSError):
        return bool(connection.recv(1, socket.MSG_PEEK))
    return False


def _all_of(connection: socket.socket, within_s: float) -> tuple[bytes, bool]:
    received, end = b"", time.monotonic() + within_s
    while (left_s := end - time.monotonic()) > 0:
        connection.settimeout(left_s)
        try:
            piece = connection.recv(65_536)
        except TimeoutError:
            break
        except ConnectionResetError:
            return received, True
        if not piece:
            return received, True
        received += piece
    return received, False
