"""A real TCP proxy in a thread, for bringing network faults about on any system.

    with Proxy(port_of_the_server) as proxy:
        connect("127.0.0.1", proxy.port)
        proxy.hold()

Modes, for connections that exist and new ones alike:
`pass_on()`    bytes go through; what was held is delivered first
`hold()`       bytes wait (a pulled cable that comes back: TCP sends them again)
`swallow()`    bytes vanish, new connections are taken and never served (a firewall that forgot)
`cut()`        connections are reset, new ones too, until `pass_on()`
`delay(s)`     bytes go through s seconds later in each direction
`hold_next()`  the next connection that gets an answer has it held; the others go on
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal, Self

Mode = Literal["pass", "hold", "swallow", "cut"]
CHUNK = 65_536


class Proxy:
    """Listens on 127.0.0.1 at `port`; `accepted` counts connections."""

    def __init__(self, target_port: int, target_host: str = "127.0.0.1") -> None:
        self._target = (target_host, target_port)
        self._mode: Mode = "pass"
        self._delay_s = 0.0
        self._to_hold = 0
        self._links: set[_Link] = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="tcp-proxy", daemon=True)
        self.port = 0
        self.accepted = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def pass_on(self) -> None:
        self._call(lambda: self._set("pass"))

    def hold(self) -> None:
        self._call(lambda: self._set("hold"))

    def swallow(self) -> None:
        self._call(lambda: self._set("swallow"))

    def cut(self) -> None:
        self._call(lambda: self._set("cut"))

    def delay(self, seconds: float) -> None:
        self._delay_s = seconds

    def hold_next(self, connections: int = 1) -> None:
        self._to_hold = connections

    def _call(self, action: Callable[[], Any]) -> None:
        done = threading.Event()

        def run() -> None:
            action()
            done.set()

        self._loop.call_soon_threadsafe(run)
        done.wait(5)

    def _set(self, mode: Mode) -> None:
        self._mode = mode
        for link in list(self._links):
            if mode == "cut":
                link.abort()
            elif mode == "swallow":
                link.is_lost = True
            elif mode == "pass":
                link.released.set()
            else:
                link.released.clear()

    def _close(self) -> None:
        self._server.close()
        for link in list(self._links):
            link.abort()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        starting = asyncio.start_server(self._accept, "127.0.0.1", 0, limit=CHUNK)
        self._server = self._loop.run_until_complete(starting)
        self.port = self._server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        link = _Link(writer)
        self._links.add(link)
        link.is_lost = self._mode == "swallow"
        if self._mode != "hold":
            link.released.set()
        try:
            if self._mode == "cut":
                return
            with suppress(OSError):
                server_reader, link.to_server = await asyncio.open_connection(*self._target)
                up = self._pump(link, reader, link.to_server, answers=False)
                down = self._pump(link, server_reader, writer, answers=True)
                await asyncio.gather(up, down)
        except asyncio.CancelledError:
            pass
        finally:
            link.abort()
            self._links.discard(link)

    async def _pump(
        self, link: "_Link", reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        """Carry bytes one way. An end of the stream is carried too, unless the link is lost."""
        while data := await reader.read(CHUNK):
            if answers and self._to_hold:
                self._to_hold -= 1
                link.released.clear()
            if self._delay_s:
                await asyncio.sleep(self._delay_s)
            await link.released.wait()
            if not link.is_lost:
                writer.write(data)
                await writer.drain()
        await link.released.wait()
        if not link.is_lost:
            writer.close()


class _Link:
    """One connection through the proxy."""

    def __init__(self, to_client: asyncio.StreamWriter) -> None:
        self.to_client = to_client
        self.to_server: asyncio.StreamWriter | None = None
        self.released = asyncio.Event()
        self.is_lost = False

    def abort(self) -> None:
        """Reset both sides, now."""
        self.released.set()
        for writer in (self.to_client, self.to_server):
            if writer is not None:
                writer.transport.abort()
