"""A zip archive made while it is sent: no more of it than one piece is ever in memory."""

import zipfile
from collections.abc import Iterable, Iterator

Entry = tuple[str, Iterable[str]]  # name, and its text in pieces
STAMP = (1980, 1, 1, 0, 0, 0)  # the same content is the same archive
PIECE = 65_536


class _Passing:
    """A file that can be written to and not gone back in; what was written is taken out in between."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: bytes) -> int:
        self._written += data
        return len(data)

    def flush(self) -> None:
        """Nothing is kept back."""

    def taken(self, at_least: int = 0) -> bytes:
        if len(self._written) < max(1, at_least):
            return b""
        data = bytes(self._written)
        self._written.clear()
        return data


def zipped(entries: Iterable[Entry]) -> Iterator[bytes]:
    """The archive in pieces. zip64 from the start: how long an entry becomes is not known before."""
    passing = _Passing()
    with zipfile.ZipFile(passing, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
        for name, pieces in entries:
            about = zipfile.ZipInfo(name, STAMP)
            about.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(about, "w", force_zip64=True) as entry:
                for piece in pieces:
                    entry.write(piece.encode())
                    if data := passing.taken(PIECE):
                        yield data
            if data := passing.taken(PIECE):
                yield data
    yield passing.taken()
