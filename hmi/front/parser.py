"""What a request is, without doubt: whatever another server on the way could read differently is refused.

Waitress alone takes a length beside chunks, several transfer codings and folded header lines, and waits for
ever behind line ends without CR. All of these let two servers see two requests in the same bytes.
"""

from waitress.parser import HTTPRequestParser, ParsingError
from waitress.utilities import BadRequest

ONCE = ("host", "content-length", "transfer-encoding")


class StrictParser(HTTPRequestParser):
    """An error of the parser is answered with its status, and the connection is closed."""

    completed: bool

    def received(self, data: bytes) -> int:
        """Take bytes; how many of them belong to this request."""
        if self.body_rcv is None and not self.completed and self._has_bare_line_feed(data):
            self.error = BadRequest("Bare LF found in HTTP message")
            self.connection_close = True
            self.completed = True
            return len(data)
        return int(super().received(data))

    def _has_bare_line_feed(self, data: bytes) -> bool:
        """Among the header's bytes; those after it belong to a body or to the next request."""
        known = self.header_plus[-3:] + data
        if known.startswith(b"\n") and self.header_plus:
            known = known[1:]  # the end of a line that was looked at already
        end = known.find(b"\r\n\r\n")
        return b"\n" in known[: end if end >= 0 else len(known)].replace(b"\r\n", b"")

    def parse_header(self, header_plus: bytes) -> None:
        """Raises ParsingError."""
        first_line, _, header = header_plus.partition(b"\r\n")
        _check_lines(header.split(b"\r\n"), is_old=not first_line.endswith(b" HTTP/1.1"))
        super().parse_header(header_plus)


def _check_lines(lines: list[bytes], *, is_old: bool) -> None:
    found: dict[str, bytes] = {}
    for line in filter(None, lines):
        if line.startswith((b" ", b"\t")):
            raise ParsingError("A header line is continued on the next one")
        name, _, value = line.partition(b":")
        known = name.lower().decode("latin-1")
        if known not in ONCE:
            continue
        if known in found:
            raise ParsingError(f"{known} is given twice")
        found[known] = value.strip(b" \t").lower()
    coding = found.get("transfer-encoding")
    if coding is None:
        return
    if "content-length" in found:
        raise ParsingError("Both content-length and transfer-encoding are given")
    if coding != b"chunked" or is_old:
        raise ParsingError("transfer-encoding is not understood")
