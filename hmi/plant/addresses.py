"""Names of hosts become addresses, without ever waiting longer than allowed.

The driver asks the name server itself, and nothing can interrupt that; so it is asked here, in a thread. At
most one such thread waits at a time, however long the name server stays silent.
"""

import ipaddress
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Any

from hmi.plant.deadline import Deadline
from hmi.plant.failures import unavailable

Lookup = Callable[..., Sequence[Any]]


class Addresses:
    """The addresses of one host; asked anew each time, because they may change."""

    def __init__(self, host: str, lookup: Lookup = socket.getaddrinfo) -> None:
        self._host = host
        self._lookup = lookup
        self._search: _Search | None = None

    def find(self, deadline: Deadline) -> list[str]:
        """IP addresses, or an empty list where there is nothing to look up (a socket's path, an address).

        Raises PlantUnavailable: refused when the name is unknown, timeout when nobody answers in time.
        """
        if not _is_name(self._host):
            return []
        if self._search is None:
            self._search = _Search(self._host, self._lookup)
            self._search.start()
        self._search.join(deadline.left_s)
        if self._search.is_alive():
            raise unavailable("timeout", f"the name {self._host} cannot be looked up")
        search, self._search = self._search, None
        if search.failed:
            raise unavailable("refused", f"the name {self._host} is unknown")
        return search.found


class _Search(threading.Thread):
    def __init__(self, host: str, lookup: Lookup) -> None:
        super().__init__(name="plant-address", daemon=True)
        self._host = host
        self._lookup = lookup
        self.found: list[str] = []
        self.failed = False

    def run(self) -> None:
        try:
            answers = self._lookup(self._host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            self.failed = True
            return
        self.found = list(dict.fromkeys(str(answer[4][0]) for answer in answers))


def _is_name(host: str) -> bool:
    if not host or host.startswith(("/", "@")) or "," in host:
        return False
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return True
    return False
