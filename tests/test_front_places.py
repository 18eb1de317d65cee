"""Who holds a connection, who gets the next one, and how the server in front ends."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from waitress import wasyncore

from hmi.front import FrontServer, front_of
from hmi.front.server import SPARE
from hmi.settings import load_settings
from tests.raw import OTHER_HOST, answers_to, connected, is_open
from tests.waiting import until

STUCK_S = 0.3
MOST, ALL = 12, 60  # connections of one address, and of all with those that are spare
POLL = b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
LAST = b"GET /slow HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
LARGE = b"x" * 200_000
Answer = Callable[[], bytes | None]


@contextmanager
def running(answer: Answer, idle_s: float = 30, look_s: float = 5) -> Iterator[FrontServer]:
    """A server of our own that answers what `answer` gives, 204 if that is nothing."""

    def app(_environ: Any, start_response: Any) -> list[bytes]:
        body = answer()
        if body is None:
            start_response("204 No Content", [])
            return []
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    limits = {"connections_per_address": MOST, "connection_limit": ALL, "threads": 4}
    settings = load_settings(environment={}, server=limits, auth={"secret_key": "of a test" * 5})
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    server = front_of(app, sock, settings.server, at_once=("/live",))
    server.adj.channel_timeout, server.adj.cleanup_interval = idle_s, look_s
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(10)
        wasyncore.close_all(server._map)
    assert not thread.is_alive()


def port_of(server: FrontServer) -> int:
    return int(server.effective_port)


def deaf(server: FrontServer, host: str) -> socket.socket:
    """A client that asks for much and reads nothing."""
    connection = socket.create_connection(("127.0.0.1", port_of(server)), 10, (host, 0))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.sendall(20 * POLL)
    return connection


def held_by(server: FrontServer, host: str) -> int:
    return sum(channel.address == host for channel in list(server.active_channels.values()))


def are_stuck(server: FrontServer, number: int) -> bool:
    """So many are there, and none of them has moved lately."""
    since_s, channels = time.monotonic() - STUCK_S, list(server.active_channels.values())
    return len(channels) == number and all(channel.is_silent(since_s) for channel in channels)


def test_a_client_that_takes_nothing_makes_room_first(monkeypatch):
    monkeypatch.setattr("hmi.front.server.STUCK_S", STUCK_S)
    with running(lambda: LARGE) as server, ExitStack() as stack:
        for _ in range(2 * MOST):
            stack.enter_context(deaf(server, OTHER_HOST))
        until(lambda: are_stuck(server, MOST))  # its share, and no more
        assert answers_to(port_of(server), LAST) == ([200], True), "others have theirs"
        with connected(port_of(server), OTHER_HOST) as connection:
            connection.sendall(LAST)
            assert connection.recv(12) == b"HTTP/1.1 200", "and so has it"


def test_many_that_take_nothing_leave_a_place_for_the_next_one(monkeypatch):
    monkeypatch.setattr("hmi.front.server.STUCK_S", STUCK_S)
    with running(lambda: LARGE) as server, ExitStack() as stack:
        for number in range(2, 7):
            for _ in range(MOST):
                stack.enter_context(deaf(server, f"127.0.0.{number}"))
        until(lambda: are_stuck(server, ALL - SPARE))
        for _ in range(5):
            assert answers_to(port_of(server), LAST) == ([200], True)


def test_a_client_that_takes_nothing_is_closed_as_one_that_says_nothing():
    with running(lambda: LARGE, idle_s=0.5, look_s=0.1) as server, ExitStack() as stack:
        silent = stack.enter_context(connected(port_of(server)))
        stack.enter_context(deaf(server, OTHER_HOST))
        until(lambda: server.active_channels)
        until(lambda: not server.active_channels)
        assert not is_open(silent)


def test_who_takes_its_answer_slowly_gets_all_of_it():
    body = 60 * LARGE
    with running(lambda: body, idle_s=0.5, look_s=0.1) as server, connected(port_of(server)) as connection:
        connection.sendall(POLL)
        received = 0
        while received < len(body):
            piece = connection.recv(500_000)
            assert piece, "the server closed it"
            received += len(piece)
            time.sleep(0.02)


@pytest.mark.parametrize("kept", [MOST // 2, MOST - 1])
def test_where_places_are_scarce_an_answer_without_a_body_gives_its_own_back(kept):
    is_scarce = kept > MOST // 2
    with running(lambda: None, look_s=0.05) as server, ExitStack() as stack:
        for _ in range(kept):
            stack.enter_context(connected(port_of(server)))
        until(lambda: server.is_crowded("127.0.0.1") is is_scarce and held_by(server, "127.0.0.1") == kept)
        assert answers_to(port_of(server), POLL, within_s=0.5) == ([204], is_scarce)


def test_what_is_being_answered_at_once_is_answered_whole_before_the_end():
    began = threading.Event()

    def slowly() -> bytes:
        began.set()
        time.sleep(0.5)
        return LARGE

    with running(slowly) as server, connected(port_of(server)) as connection:
        connection.sendall(POLL)
        assert began.wait(5)
        server.stop()
        received = b""
        while not received.endswith(LARGE):
            received += connection.recv(65_536)
