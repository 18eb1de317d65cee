"""Polls a server as fast as it answers: python -m tests.bench.polls PORT CONNECTIONS SECONDS VERSION

So many connections are always open, each with one poll under way, as browsers do it. A program of its own, so
that the server's process and this one share nothing but the machine. Prints JSON, with how many were opened.
"""

import json
import selectors
import socket
import sys
import time
from collections import Counter
from contextlib import suppress


class Load:
    def __init__(self, port: int, version: str) -> None:
        self._address = ("127.0.0.1", port)
        self._request = f"GET /live?v={version}&n=1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
        self._selector = selectors.DefaultSelector()
        self.answers: Counter[str] = Counter()
        self.took_s: list[float] = []
        self.opened = 0

    def run(self, connections: int, seconds: float) -> None:
        for _ in range(connections):
            self._connect()
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            for key, _ in self._selector.select(0.1):
                self._go_on(key)

    def close(self) -> None:
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()

    def _connect(self) -> None:
        connection = socket.socket()
        connection.setblocking(False)
        with suppress(BlockingIOError):
            connection.connect(self._address)
        self.opened += 1
        self._selector.register(connection, selectors.EVENT_WRITE, (time.perf_counter(), bytearray()))

    def _go_on(self, key: selectors.SelectorKey) -> None:
        """One step of a poll: it can be sent, or some of the answer is there, or all of it."""
        began, answer = key.data
        connection: socket.socket = key.fileobj
        try:
            if key.events & selectors.EVENT_WRITE:
                connection.send(self._request)
                self._selector.modify(connection, selectors.EVENT_READ, key.data)
                return
            piece = connection.recv(65536)
        except OSError as error:
            self._lose(connection, type(error).__name__)
            return
        answer += piece
        if not piece:
            self._lose(connection, "closed")
        elif b"\r\n\r\n" in answer:
            self._end(connection, answer, time.perf_counter() - began)

    def _end(self, connection: socket.socket, answer: bytearray, took_s: float) -> None:
        """All of it is there if it has no body; any other is counted, and its connection given up."""
        status = answer[9:12].decode("ascii")
        if status != "204" or b"Connection: close" in answer:
            self._lose(connection, f"{status}, closed")
            return
        self.answers[status] += 1
        self.took_s.append(took_s)
        data = (time.perf_counter(), bytearray())
        self._selector.modify(connection, selectors.EVENT_WRITE, data)

    def _lose(self, connection: socket.socket, answer: str) -> None:
        self.answers[answer] += 1
        self._selector.unregister(connection)
        connection.close()
        self._connect()


def main() -> None:
    port, connections, seconds, version = sys.argv[1:]
    load = Load(int(port), version)
    began = time.perf_counter()
    load.run(int(connections), float(seconds))
    ran_s = time.perf_counter() - began
    load.close()
    took = sorted(load.took_s)
    found = {
        "answers": load.answers,
        "opened": load.opened,
        "per_s": sum(load.answers.values()) / ran_s,
        "p99_ms": 1000 * took[int(0.99 * (len(took) - 1))] if took else None,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
