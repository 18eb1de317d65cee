"""From the plant's Windows path to a place that this machine can read. Pure: nothing is opened here.

Paths follow Windows rules on every system: either slash, prefixes without regard to case. What Windows would
read as something other than a plain file below a configured prefix is refused: `..`, devices, alternate
streams, names that it would trim. A percent sign is a plain character.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PureWindowsPath

from hmi.plant.files.errors import PathRefused
from hmi.plant.files.place import Parts
from hmi.settings import Root, SettingsError

LONGEST_PATH = 1000
LONGEST_NAME = 255  # UTF-16 units, as NTFS counts
_NAMESPACES = ("\\\\?", "\\\\.", "\\??")
_FORBIDDEN = frozenset('<>"|?*')
_PORT_DIGITS = "0123456789¹²³"
_DEVICES = frozenset(
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"]
    + [f"{port}{digit}" for port in ("COM", "LPT") for digit in _PORT_DIGITS]
)


@dataclass(frozen=True, slots=True)
class Location:
    """A file below a configured root: the root and the names that lead from it to the file."""

    root: Root
    parts: Parts

    @property
    def name(self) -> str:
        return self.parts[-1]


class PathMap:
    def __init__(self, roots: Iterable[Root]) -> None:
        """Raises SettingsError for a prefix that is no absolute Windows path, or that is there twice."""
        prefixes = {_prefix_of(root): root for root in roots}
        self._prefixes = sorted(prefixes.items(), key=lambda item: len(item[0]), reverse=True)

    def locate(self, path: str) -> Location:
        """Where the plant's path leads. Raises PathRefused."""
        _check_text(path)
        windows = PureWindowsPath(path)
        if any(part.startswith("..") for part in windows.parts):
            raise PathRefused("climbs out of its folder")
        folded = _folded(windows)
        for prefix, root in self._prefixes:
            if folded[: len(prefix)] == prefix:
                return Location(root, _checked_names(windows.parts[len(prefix) :]))
        raise PathRefused(_why_a_stranger(windows))


def fold(name: str) -> str:
    """Upper case as Windows compares names: letter by letter, only where the letters are a true pair."""
    return "".join(_upper(letter) for letter in name)


def _upper(letter: str) -> str:
    upper = letter.upper()
    return upper if len(upper) == 1 and upper.lower() == letter.lower() else letter


def _folded(windows: PureWindowsPath) -> Parts:
    return tuple(fold(part) for part in windows.parts)


def _prefix_of(root: Root) -> Parts:
    try:
        _check_text(root.prefix)
    except PathRefused as error:
        raise SettingsError(f"storage.roots: the prefix {root.prefix!r} {error.reason}") from None
    windows = PureWindowsPath(root.prefix)
    if not windows.root or ".." in windows.parts:
        raise SettingsError(f"storage.roots: the prefix {root.prefix!r} is not an absolute Windows path")
    return _folded(windows)


def _check_text(path: str) -> None:
    if not path:
        raise PathRefused("is empty")
    if len(path) > LONGEST_PATH:
        raise PathRefused("is too long")
    if any(letter < " " or "\x7f" <= letter <= "\x9f" for letter in path):
        raise PathRefused("holds control characters")
    if any("\ud800" <= letter <= "\udfff" for letter in path):
        raise PathRefused("is not valid text")
    if path.replace("/", "\\").startswith(_NAMESPACES):
        raise PathRefused("names a device")


def _checked_names(names: Parts) -> Parts:
    if not names:
        raise PathRefused("names no file")
    for name in names:
        _check_name(name)
    return names


def _check_name(name: str) -> None:
    if ":" in name:
        raise PathRefused("names an alternate stream")
    if name.endswith((".", " ")):
        raise PathRefused("has a name that ends with a dot or a space")
    if not _FORBIDDEN.isdisjoint(name):
        raise PathRefused("holds characters that no file name has")
    if name.partition(".")[0].rstrip(" ").upper() in _DEVICES:
        raise PathRefused("names a device")
    if len(name.encode("utf-16-le")) // 2 > LONGEST_NAME:
        raise PathRefused("has a name that is too long")


def _why_a_stranger(windows: PureWindowsPath) -> str:
    if windows.drive.startswith("\\\\"):
        return "is on a share that is no configured root"
    if not windows.root:
        return "is not absolute"
    return "lies below no configured root"
