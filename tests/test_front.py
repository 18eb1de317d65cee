"""The server in front of the application: what is a request, whose connections, which threads."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hmi.front.parser import StrictParser
from hmi.plant.tables import metadata
from tests.plants import VisionSystem
from tests.raw import OTHER_HOST, answers_to, connected, is_open
from tests.servers import Kiosk, Server
from tests.waiting import until

GET = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n"
POST = b"POST /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n"
MOST = 40


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("front")
    plant = VisionSystem(f"sqlite:///{folder / 'plant.db'}")
    plant.build()
    limits = {"connections_per_address": MOST, "connection_limit": 120, "hosts": ["hmi.plant.example"]}
    with Server(folder, plant.url, server=limits) as server:
        until(server.is_fresh)
        yield server
        assert server.complaints() == []


REFUSED = {
    "a length beside chunks": POST
    + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
    "chunks twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks in a list": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "another coding": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a coding in HTTP/1.0": b"POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a length twice": POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "a length with a sign": POST + b"Content-Length: +5\r\n\r\nhello",
    "lines without CR": b"GET /livez HTTP/1.1\nHost: 127.0.0.1\n\n",
    "one line without CR": GET + b"X-A: 1\nX-B: 2\r\n\r\n",
    "a folded line": GET + b"X-A: 1\r\n 2\r\n\r\n",
    "a space before the colon": GET + b"X-A : 1\r\n\r\n",
    "two hosts": GET + b"Host: evil.example\r\n\r\n",
    "no host": b"GET /livez HTTP/1.1\r\n\r\n",
    "a host that is none of ours": b"GET /live HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
}


@pytest.mark.parametrize("sent", REFUSED.values(), ids=REFUSED)
def test_what_two_servers_could_read_differently_is_refused_and_the_connection_closed(server, sent):
    sent = sent.replace(b"HTTP/1.1\r\n\r\n", b"HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert answers_to(server.port, sent) == ([400], True)


def test_what_is_a_request_is_answered_however_it_comes(server):
    last = GET + b"Connection: close\r\n\r\n"
    assert answers_to(server.port, GET + b"\r\n" + last) == ([200, 200], True)
    chunked = POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\na\nb\r\n0\r\n\r\n"
    assert answers_to(server.port, chunked + last) == ([405, 200], True)
    with connected(server.port) as connection:
        for byte in last:
            connection.send(bytes([byte]))
        assert connection.recv(100).startswith(b"HTTP/1.1 200")


def test_an_answer_without_a_body_leaves_the_connection_open_unless_the_client_closes_it(server):
    version = server.poll().headers["x-hmi-snapshot"]
    poll = f"GET /live?v={version} HTTP/1.1\r\nHost: 127.0.0.1\r\n".encode()
    last = poll + b"Connection: close\r\n\r\n"
    polls = poll + b"\r\n"
    assert answers_to(server.port, polls + polls + last) == ([204, 204, 204], True)
    old = poll.replace(b"1.1", b"1.0") + b"Connection: keep-alive\r\n\r\n"
    assert answers_to(server.port, old + polls) == ([204], True)
    style = b"GET /static/icon.svg HTTP/1.1\r\nHost: 127.0.0.1\r\nIf-Modified-Since: "
    known = style + b"Fri, 01 Jan 2100 00:00:00 GMT\r\n\r\n"
    assert answers_to(server.port, known + GET + b"Connection: close\r\n\r\n") == ([304, 200], True)


@given(st.integers(1, 200), st.sampled_from([b"", b"body\nwith\nlines"]))
def test_where_the_bytes_are_cut_decides_nothing(cut, body):
    class Limits:
        max_request_header_size, max_request_body_size, inbuf_overflow = 4096, 4096, 4096
        url_scheme = "http"

    sent = POST + b"Content-Length: %d\r\n\r\n" % len(body) + body
    for bytes_, is_wrong in ((sent, False), (sent.replace(b"\r\nContent", b"\nContent"), True)):
        parser, rest = StrictParser(Limits()), bytes_
        for piece in (bytes_[:cut], bytes_[cut:]):
            while piece and not parser.completed:
                piece = piece[parser.received(piece) :]
        assert parser.completed, rest
        assert bool(parser.error) == is_wrong


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (GET + b"X-Long: " + b"x" * 17_000 + b"\r\n\r\n", 431),
        (POST + b"Content-Length: 1048577\r\n\r\n", 413),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"80000\r\n%s\r\n" % (b"x" * 0x80000) * 3, 413),
    ],
)
def test_what_is_too_large_is_refused_before_it_is_kept(server, sent, status):
    assert answers_to(server.port, sent) == ([status], True)


def test_a_form_of_too_many_parts_is_refused(server):
    parts = "".join(f'--x\r\nContent-Disposition: form-data; name="f{n}"\r\n\r\n1\r\n' for n in range(1001))
    body = f"{parts}--x--\r\n".encode()
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert server.ask("POST", "/sign-in", body, headers=headers).status == 413


@pytest.mark.parametrize("host", ["hmi.plant.example", "HMI.plant.example:8080", "localhost:1", "[::1]:8080"])
def test_a_name_of_ours_is_answered_on_every_way(server, host):
    for path in ("/live", "/livez", "/"):
        assert server.get(path, headers={"Host": host}).status == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "[::2]", "::1", "127.0.0.1:99999", "a b", "x@127.0.0.1", ""],
)
def test_no_other_name_is_answered_on_any_way(server, host):
    for path in ("/live", "/livez", "/", "/static/icon.svg"):
        assert server.get(path, headers={"Host": host}).status == 400


def test_a_server_on_the_loopback_of_ipv6_answers_under_its_address(tmp_path):
    plant = VisionSystem(f"sqlite:///{tmp_path / 'plant.db'}")
    metadata.create_all(plant._engine)
    with Server(tmp_path, plant.url, host="::1") as server:
        assert {server.get(path).status for path in ("/", "/livez")} == {200}


def test_a_host_with_too_many_connections_loses_those_that_it_uses_least(server):
    with ExitStack() as stack:
        held = [stack.enter_context(connected(server.port, OTHER_HOST)) for _ in range(MOST)]
        for connection in held[MOST // 2 :]:
            connection.send(b"GET /livez HTTP/1.1\r\n")
        until(lambda: server.get("/livez").status == 200)
        more = [stack.enter_context(connected(server.port, OTHER_HOST)) for _ in range(5)]
        until(lambda: sum(not is_open(connection) for connection in held) == 5)
        assert all(is_open(connection) for connection in (*held[MOST // 2 :], *more))
    assert f"{OTHER_HOST} holds {MOST} of the connections" in server.log


def test_idle_and_dripping_connections_of_one_host_do_not_slow_the_kiosks(server):
    stop = threading.Event()
    with ExitStack() as stack:
        flood = [stack.enter_context(_opened(server.port)) for _ in range(400)]
        dripping = threading.Thread(target=_drip, args=(flood[300:], stop))
        dripping.start()
        try:
            with Kiosk(server, every_s=0.02) as kiosk:
                until(lambda: len(kiosk.answers) >= 100)
        finally:
            stop.set()
            dripping.join()
    assert (kiosk.unanswered, kiosk.statuses - {200, 204}) == ([], set())
    assert kiosk.slowest_s() <= 0.5


def test_many_addresses_together_leave_a_place_for_the_next_one(server):
    with ExitStack() as stack:
        for number in range(2, 8):
            for _ in range(MOST - 2):
                stack.enter_context(connected(server.port, f"127.0.0.{number}"))
        assert server.get("/livez").status == 200
        assert server.is_fresh()


def test_who_asks_without_reading_the_answers_holds_up_nobody(server):
    poll = b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with ExitStack() as stack:
        deaf = [stack.enter_context(_opened(server.port)) for _ in range(10)]
        for connection in deaf:
            connection.setblocking(False)
            connection.send(1_000 * poll)
        with Kiosk(server, every_s=0.02) as kiosk:
            until(lambda: len(kiosk.answers) >= 50)
        assert (kiosk.unanswered, kiosk.statuses - {200, 204}) == ([], set())
        assert kiosk.slowest_s() <= 0.5
    last = GET + b"Connection: close\r\n\r\n"
    assert answers_to(server.port, 100 * poll + last) == ([200] * 101, True)


def _opened(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 10, (OTHER_HOST, 0))


def _drip(connections: list[socket.socket], stop: threading.Event) -> None:
    """A byte of a header now and then, on each of them, as long as the server takes it."""
    while not stop.wait(0.2):
        for connection in list(connections):
            try:
                connection.send(b"G")
            except OSError:
                connections.remove(connection)
        time.sleep(0)
