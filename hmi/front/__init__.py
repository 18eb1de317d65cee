"""Waitress as this product needs it: strict with requests, fair to every address, quick for kiosks."""

import select
import socket
from collections.abc import Collection, Iterable
from typing import Any

from waitress.adjustments import Adjustments

from hmi.front.lanes import Lanes
from hmi.front.server import FrontServer, Network
from hmi.serving_settings import Server

__all__ = ["FrontServer", "front_of"]

IDLE_S = 30  # a connection on which nothing happens is closed
LOOK_S = 5


def front_of(
    app: Any,
    sock: socket.socket,
    settings: Server,
    proxies: Iterable[Network] = (),
    at_once: Collection[str] = (),
) -> FrontServer:
    """A server on a socket that is bound already.

    `proxies` may hold as many connections as they like. `at_once`: addresses that never wait for anything.
    """
    adjustments = Adjustments(
        sockets=[sock],
        threads=settings.threads,
        connection_limit=settings.connection_limit,
        max_request_body_size=settings.max_body_bytes,
        max_request_header_size=settings.max_header_bytes,
        channel_timeout=IDLE_S,
        cleanup_interval=LOOK_S,
        clear_untrusted_proxy_headers=False,  # hmi.auth.proxy believes those of trusted proxies only
        ident=None,
        asyncore_use_poll=hasattr(select, "poll"),
    )
    return FrontServer(app, sock, adjustments, Lanes(settings.threads, at_once), settings, tuple(proxies))
