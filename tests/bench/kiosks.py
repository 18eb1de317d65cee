"""Kiosks as the browser page is one, without the browser: a poll a second, and the pictures that it brings.

They run in a thread of their own. Each keeps the second in which it was first shown something.
"""

import asyncio
import random
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple, Self

EVERY_S, PATIENCE_S = 1.0, 2.5  # as static/js/live.js and templates/grid/grid.html have it
RETRY_S = 2.0  # as static/js/pictures.js has it
CONNECTIONS = 6  # a browser's to one server
_SERIAL = re.compile(rb"<dt>Serial</dt><dd>(?:<a [^>]*>)?([^<]*)</")
_VERDICT = re.compile(rb'class="part-verdict[^"]*" data-verdict="(\w+)"')
_PICTURE = re.compile(rb'src="(/pictures/[^"]+)"')


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Sight(NamedTuple):
    """A part, and the verdict that it is shown with."""

    serial: str
    verdict: str


class Client:
    """Keeps connections as a browser does: at most six, used again until the server closes them."""

    def __init__(self, port: int, address: str) -> None:
        self._port = port
        self._address = address
        self._free = asyncio.Semaphore(CONNECTIONS)
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def get(self, path: str) -> Answer:
        """Raises OSError or EOFError if the server does not answer."""
        async with self._free:
            while self._idle:
                with suppress(OSError, EOFError):  # the server had closed it meanwhile
                    return await self._ask(path, *self._idle.pop())
            here = (self._address, 0)
            return await self._ask(
                path, *await asyncio.open_connection("127.0.0.1", self._port, local_addr=here)
            )

    def close(self) -> None:
        for _, writer in self._idle:
            writer.close()

    async def _ask(self, path: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Answer:
        keep = False
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            fields = (line.split(": ", 1) for line in head[1:] if line)
            headers = {name.lower(): text for name, text in fields}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            keep = headers.get("connection", "") != "close"
        finally:
            if keep:
                self._idle.append((reader, writer))
            else:
                writer.close()
        return Answer(int(head[0].split(" ")[1]), headers, body)


class Kiosk:
    """One page; `seen` says when it first had what, by time.monotonic()."""

    def __init__(self, port: int, address: str = "127.0.0.1") -> None:
        self._client = Client(port, address)
        self._version = "0"
        self._shown: list[str] = []
        self._had: set[str] = set()
        self._loading: set[asyncio.Task[None]] = set()
        self.seen: dict[Sight, float] = {}
        self.polls: Counter[str] = Counter()
        self.pictures: Counter[str] = Counter()
        self.took_s: list[float] = []
        self.picture_bytes = 0

    async def run(self) -> None:
        await asyncio.sleep(random.random() * EVERY_S)
        due = time.monotonic()
        try:
            while True:
                await self._poll()
                due = max(due + EVERY_S, time.monotonic())
                await asyncio.sleep(due - time.monotonic())
        finally:
            for task in self._loading:
                task.cancel()
            self._client.close()

    async def _poll(self) -> None:
        began = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE_S):
                answer = await self._client.get(f"/live?v={self._version}&n=1")
        except (OSError, EOFError, TimeoutError) as error:
            self.polls[type(error).__name__] += 1
            return
        self.took_s.append(time.monotonic() - began)
        self.polls[str(answer.status)] += 1
        if answer.status == 200:
            self._show(answer)

    def _show(self, answer: Answer) -> None:
        self._version = answer.headers["x-hmi-snapshot"]
        serial, verdict = _SERIAL.search(answer.body), _VERDICT.search(answer.body)
        if serial and verdict:
            sight = Sight(serial[1].decode(), verdict[1].decode())
            self.seen.setdefault(sight, time.monotonic())
        self._shown = [path.decode() for path in _PICTURE.findall(answer.body)]
        for path in self._shown:
            if path not in self._had:
                self._had.add(path)
                task = asyncio.create_task(self._load(path))
                self._loading.add(task)
                task.add_done_callback(self._loading.discard)

    async def _load(self, path: str) -> None:
        while path in self._shown:
            try:
                answer = await self._client.get(path)
            except (OSError, EOFError) as error:
                self.pictures[type(error).__name__] += 1
            else:
                self.pictures[str(answer.status)] += 1
                self.picture_bytes += len(answer.body)
                if answer.status in (200, 302):
                    return
            await asyncio.sleep(RETRY_S)


class Kiosks:
    """So many of them, for as long as the block lasts."""

    def __init__(self, port: int, count: int) -> None:
        self._port = port
        self._count = count
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="kiosks", daemon=True)
        self._kiosks: list[Kiosk] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(RuntimeError):  # it has ended already
            self._loop.call_soon_threadsafe(self._end)
        self._thread.join(10)

    def __iter__(self) -> Iterator[Kiosk]:
        return iter(self._kiosks)

    @property
    def polls(self) -> Counter[str]:
        return sum((kiosk.polls for kiosk in self), Counter())

    @property
    def pictures(self) -> Counter[str]:
        return sum((kiosk.pictures for kiosk in self), Counter())

    @property
    def took_s(self) -> list[float]:
        return [took_s for kiosk in self for took_s in kiosk.took_s]

    def _run(self) -> None:
        with suppress(asyncio.CancelledError), asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._all())

    async def _all(self) -> None:
        self._kiosks = [Kiosk(self._port, _address(number)) for number in range(self._count)]
        async with asyncio.TaskGroup() as group:
            for kiosk in self._kiosks:
                group.create_task(kiosk.run())

    def _end(self) -> None:
        for task in asyncio.all_tasks(self._loop):
            task.cancel()


def _address(number: int) -> str:
    """Each kiosk is a computer of its own, as far as the system gives this one more than one address."""
    return f"127.0.1.{number % 250 + 1}" if sys.platform == "linux" else "127.0.0.1"
