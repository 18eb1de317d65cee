"""Connections: so many from one address, and never so many that nobody else gets one."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any

from waitress.server import TcpWSGIServer

from hmi.front.channel import Channel
from hmi.front.lanes import Lanes
from hmi.serving_settings import Server

log = logging.getLogger(__name__)

SPARE = 16  # waitress counts its own sockets too, and stops listening at the limit
Network = IPv4Network | IPv6Network

REQUEST_S = 30.0  # a request that has not come whole by then is given up
QUIET_S = 60.0  # so long nothing is said about an address that was said to be too busy


class FrontServer(TcpWSGIServer):
    """Whoever holds too many connections loses the one that it used least; new ones are always taken."""

    channel_class = Channel

    def __init__(
        self,
        app: Any,
        sock: Any,
        adjustments: Any,
        lanes: Lanes,
        settings: Server,
        proxies: tuple[Network, ...],
    ) -> None:
        self._lanes = lanes
        self._most = settings.connections_per_address
        self._proxies = proxies
        self._said: dict[str, float] = {}
        self._next_look_s = 0.0
        self._loop_thread = 0
        sockinfo = (sock.family, sock.type, sock.proto, sock.getsockname())
        super().__init__(
            app, None, True, sock, dispatcher=lanes, adj=adjustments, bind_socket=False, sockinfo=sockinfo
        )
        self.next_channel_cleanup = float("inf")  # by the wall clock; ours looks by the monotonic one

    def run(self) -> None:
        self._loop_thread = threading.get_ident()
        super().run()

    def pull_trigger(self) -> None:
        """Wake the loop, unless it is awake and asks itself."""
        if threading.get_ident() != self._loop_thread:
            super().pull_trigger()

    def depths(self) -> dict[str, Callable[[], int]]:
        """How much of what there is, now, by name."""
        return {**self._lanes.depths(), "connections": lambda: len(self.active_channels)}

    def readable(self) -> bool:
        now_s = time.monotonic()
        if now_s >= self._next_look_s:
            self._next_look_s = now_s + self.adj.cleanup_interval
            self.maintenance(now_s)
        return bool(super().readable())

    def maintenance(self, now: float) -> None:
        """Close what is silent, and what drips."""
        for channel in list(self.active_channels.values()):
            silent = channel.is_waiting and channel.last_activity < now - self.adj.channel_timeout
            drips = channel.began_s is not None and channel.began_s < now - REQUEST_S
            if silent or (drips and channel.is_waiting):
                channel.will_close = True

    def set_socket_options(self, conn: Any) -> None:
        """Called for every new connection, before it has a channel: make room for it."""
        super().set_socket_options(conn)
        address = str(conn.getpeername()[0])
        if self._most and not self._is_proxy(address):
            self._make_room(address, self._most)
        if len(self.active_channels) >= self.adj.connection_limit - SPARE:
            busiest = Counter(channel.address for channel in self.active_channels.values())
            self._give_up_one(busiest.most_common(1)[0][0])

    def _make_room(self, address: str, most: int) -> None:
        held = [channel for channel in self.active_channels.values() if channel.address == address]
        if len(held) >= most:
            self._say(address, len(held))
            _close_idlest(held)

    def _give_up_one(self, address: str) -> None:
        held = [channel for channel in self.active_channels.values() if channel.address == address]
        self._say(address, len(held))
        _close_idlest(held)

    def _say(self, address: str, held: int) -> None:
        """Once on the edge, not for every connection."""
        now_s = time.monotonic()
        if self._said.get(address, 0.0) < now_s:
            log.warning("%s holds %d connections: those that it uses least are closed", address, held)
        if len(self._said) > 1_000:
            self._said.clear()
        self._said[address] = now_s + QUIET_S

    def _is_proxy(self, address: str) -> bool:
        return bool(self._proxies) and any(ip_address(address) in network for network in self._proxies)


def _close_idlest(channels: Iterable[Channel]) -> None:
    """Those in the middle of an answer stay."""
    waiting = [channel for channel in channels if channel.is_waiting]
    if waiting:
        min(waiting, key=lambda channel: channel.last_activity).handle_close()
