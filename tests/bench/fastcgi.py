"""As much of FastCGI as asking questions takes: GET with a query, and the body of the answer."""

import socket
import struct
from collections.abc import Iterator
from typing import Self

_VERSION, _BEGIN, _PARAMS, _STDIN, _STDOUT, _END = 1, 1, 4, 5, 6, 3
_RESPONDER_KEPT = struct.pack(">HB5x", 1, 1)  # the connection is kept after the answer


class Connection:
    """One connection to a server on this machine, for one question after the other."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 10)
        self._stream = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self._socket.close()

    def get(self, query: str) -> bytes:
        """The body of the answer. Raises RuntimeError where the answer is no image."""
        asked = {"REQUEST_METHOD": "GET", "QUERY_STRING": query, "SERVER_PROTOCOL": "HTTP/1.1"}
        pairs = b"".join(
            struct.pack(">BI", len(name), len(value) | 1 << 31) + name.encode() + value.encode()
            for name, value in asked.items()
        )
        sent = ((_BEGIN, _RESPONDER_KEPT), (_PARAMS, pairs), (_PARAMS, b""), (_STDIN, b""))
        self._socket.sendall(b"".join(_record(kind, content) for kind, content in sent))
        answer = b"".join(self._output())
        head, _, body = answer.partition(b"\r\n\r\n")
        if b"Content-Type: image/" not in head:
            raise RuntimeError(answer[:300].decode(errors="replace"))
        return body

    def _output(self) -> Iterator[bytes]:
        while len(head := self._stream.read(8)) == 8:
            _, kind, _, length, padding = struct.unpack(">BBHHBx", head)
            content = self._stream.read(length + padding)[:length]
            if kind == _STDOUT:
                yield content
            if kind == _END:
                return


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack(">BBHHBx", _VERSION, kind, 1, len(content), 0) + content
