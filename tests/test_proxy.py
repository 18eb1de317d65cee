"""The proxy that the fault tests stand on."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.proxy import Proxy


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """In front of a server that sends everything back."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_echo, args=(server,), daemon=True).start()
        with Proxy(server.getsockname()[1]) as running:
            yield running


def _echo(server: socket.socket) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=_echo_one, args=(connection,), daemon=True).start()


def _echo_one(connection: socket.socket) -> None:
    with connection:
        try:
            while data := connection.recv(1000):
                connection.sendall(data)
        except OSError:
            return


def connect(proxy: Proxy) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", proxy.port), timeout=5)
    connection.settimeout(0.3)
    return connection


def answer(connection: socket.socket, sent: bytes) -> bytes:
    connection.sendall(sent)
    return connection.recv(100)


def test_bytes_go_through(proxy: Proxy) -> None:
    with connect(proxy) as client:
        assert answer(client, b"one") == b"one"
    assert proxy.accepted == 1


def test_held_bytes_arrive_later(proxy: Proxy) -> None:
    with connect(proxy) as client:
        answer(client, b"one")
        proxy.hold()
        with pytest.raises(TimeoutError):
            answer(client, b"two")
        proxy.pass_on()
        assert client.recv(100) == b"two"


def test_swallowed_connections_stay_dead(proxy: Proxy) -> None:
    with connect(proxy) as old, connect(proxy) as young:
        answer(old, b"one")
        proxy.swallow()
        for client in (old, young):
            with pytest.raises(TimeoutError):
                answer(client, b"two")
        proxy.pass_on()
        with pytest.raises(TimeoutError):
            old.recv(100)
        with connect(proxy) as fresh:
            assert answer(fresh, b"three") == b"three"


def test_cut_connections_are_reset(proxy: Proxy) -> None:
    with connect(proxy) as client:
        answer(client, b"one")
        proxy.cut()
        with pytest.raises(OSError, match=r"reset|aborted|Broken pipe"):
            answer(client, b"two") or client.sendall(b"three") or answer(client, b"four")


def test_one_answer_can_be_held(proxy: Proxy) -> None:
    with connect(proxy) as first, connect(proxy) as second:
        proxy.hold_next()
        with pytest.raises(TimeoutError):
            answer(first, b"one")
        assert answer(second, b"two") == b"two"


def test_delayed_bytes_arrive_late(proxy: Proxy) -> None:
    with connect(proxy) as client:
        proxy.delay(0.05)
        began = time.monotonic()
        assert answer(client, b"one") == b"one"
        assert time.monotonic() - began >= 0.1
