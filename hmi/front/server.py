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
STUCK_S = 2.0  # who takes nothing of an answer for so long makes room first
END_S = 3.0  # so long a stop waits for clients that take their answers
CROWDED = 0.75  # from this share of a limit on places are scarce
QUIET_S = 60.0  # so long nothing is said about an address that was said to be too busy


class FrontServer(TcpWSGIServer):
    """Whoever holds too many connections loses the one that it used least, so that the next has a place."""

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
        self._ends_s = float("inf")
        self._is_full = False
        self._crowded: frozenset[str] = frozenset()
        sockinfo = (sock.family, sock.type, sock.proto, sock.getsockname())
        super().__init__(
            app, None, True, sock, dispatcher=lanes, adj=adjustments, bind_socket=False, sockinfo=sockinfo
        )
        self.next_channel_cleanup = float("inf")  # by the wall clock; ours looks by the monotonic one

    def run(self) -> None:
        self._loop_thread = threading.get_ident()
        super().run()

    def stop(self) -> None:
        """End as soon as everything is answered that was asked; at the latest after `END_S`."""
        self._ends_s = time.monotonic() + END_S
        super().pull_trigger()

    def pull_trigger(self) -> None:
        """Wake the loop, unless it is awake and asks itself."""
        if threading.get_ident() != self._loop_thread:
            super().pull_trigger()

    def depths(self) -> dict[str, Callable[[], int]]:
        """How much of what there is, now, by name."""
        return {**self._lanes.depths(), "connections": lambda: len(self.active_channels)}

    def is_crowded(self, address: str) -> bool:
        """Whether places are scarce for this address, as of the last look."""
        return self._is_full or address in self._crowded

    def readable(self) -> bool:
        now_s = time.monotonic()
        if now_s >= self._ends_s or (self._ends_s < float("inf") and self._has_answered()):
            raise KeyboardInterrupt
        if now_s >= self._next_look_s:
            self._next_look_s = now_s + self.adj.cleanup_interval
            self.maintenance(now_s)
        return bool(super().readable()) and self._ends_s == float("inf")

    def _has_answered(self) -> bool:
        channels = self.active_channels.values()
        return not any(channel.requests or channel.total_outbufs_len for channel in channels)

    def maintenance(self, now: float) -> None:
        """Close what is silent, and what drips."""
        channels = list(self.active_channels.values())
        for channel in channels:
            drips = channel.began_s is not None and channel.began_s < now - REQUEST_S
            if channel.is_silent(now - self.adj.channel_timeout) or (drips and channel.is_waiting):
                channel.give_up()
        held = Counter(channel.address for channel in channels)
        self._crowded = frozenset(
            address for address, number in held.items() if number >= CROWDED * self._most_of(address)
        )
        self._is_full = len(channels) >= CROWDED * (self.adj.connection_limit - SPARE)

    def accept(self) -> Any:
        """The next connection and its address; None if there is no place for it."""
        accepted = super().accept()
        if accepted is None or self._makes_room(str(accepted[1][0])):
            return accepted
        accepted[0].close()
        return None

    def _makes_room(self, address: str) -> bool:
        """Whether a new connection of this address gets a place; the one that is used least makes it."""
        mine = self._held_by(address)
        if len(mine) >= self._most_of(address) and not self._close_one(mine):
            return False
        if len(self.active_channels) < self.adj.connection_limit - SPARE:
            return True
        busiest = Counter(channel.address for channel in self.active_channels.values()).most_common(1)[0][0]
        return self._close_one(self._held_by(busiest))

    def _held_by(self, address: str) -> list[Channel]:
        return [channel for channel in self.active_channels.values() if channel.address == address]

    def _close_one(self, held: list[Channel]) -> bool:
        self._say(held[0].address, len(held))
        return _close_idlest(held)

    def _most_of(self, address: str) -> float:
        """How many connections it may hold."""
        return self._most if self._most and not self._is_proxy(address) else float("inf")

    def _say(self, address: str, held: int) -> None:
        """Once on the edge, not for every connection."""
        now_s = time.monotonic()
        if self._said.get(address, 0.0) < now_s:
            log.warning("%s holds %d of the connections: what it uses least is closed", address, held)
        if len(self._said) > 1_000:
            self._said.clear()
        self._said[address] = now_s + QUIET_S

    def _is_proxy(self, address: str) -> bool:
        return bool(self._proxies) and any(ip_address(address) in network for network in self._proxies)


def _close_idlest(channels: Iterable[Channel]) -> bool:
    """Those in the middle of an answer stay, but for clients that do not take it; False if all stay."""
    stuck_since_s = time.monotonic() - STUCK_S
    open_ones = [channel for channel in channels if not channel.will_close]
    waiting = [channel for channel in open_ones if channel.is_waiting]
    stuck = [channel for channel in open_ones if channel.is_silent(stuck_since_s)]
    idlest = min(waiting or stuck, key=lambda channel: channel.last_activity, default=None)
    if idlest is None:
        return False
    if idlest.is_waiting:
        idlest.handle_close()
    else:
        idlest.give_up()
    return True
