"""What every place of image files can do, and what it gives back."""

from dataclasses import dataclass
from typing import Protocol

Parts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells one content of a file from another: its size in bytes and its time of change."""

    size: int
    mtime_ns: int

    @property
    def text(self) -> str:
        """Short, made of 0-9, a-f and one dash: fit for addresses and file names."""
        return f"{self.size:x}-{self.mtime_ns & 0xFFFF_FFFF_FFFF_FFFF:x}"


@dataclass(frozen=True, slots=True)
class FileContent:
    data: bytes
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to bear with what goes wrong, in seconds."""

    failures: int = 3  # in a row; then the place counts as unreachable
    rest_s: float = 1.0  # until it is tried again; doubles from failure to failure up to
    longest_rest_s: float = 4.0
    busy_s: tuple[float, ...] = (0.05, 0.1, 0.2, 0.4, 0.8)  # waits for a file that somebody else holds


class Place(Protocol):
    """A folder, an FTP or an SFTP server. Calls block; whoever calls them has a deadline of his own.

    Both raise FileAbsent, FileBusy, PathRefused (the file leads out of the place) or PlaceUnreachable.
    """

    def stamp(self, parts: Parts) -> Stamp: ...

    def read(self, parts: Parts, limit: int) -> FileContent:
        """The whole file, never a part of it. Raises FileTooLarge above `limit` bytes, before reading."""
        ...

    def close(self) -> None: ...
