"""Image files in a folder of this machine or on a share.

Letter case: on Windows the disk decides. Elsewhere the exact name comes first; where it is not there, the one
name that differs only in case (as Windows compares) is taken, and where several do, none. So both systems
find the same file. Normal forms of accented letters are different names on both.
"""

import errno
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path, PureWindowsPath
from typing import TypeVar

from hmi.plant.files.errors import FileAbsent, FileBusy, FileTooLarge, PathRefused, PlaceUnreachable
from hmi.plant.files.paths import fold
from hmi.plant.files.place import FileContent, Parts, Patience, Stamp

Result = TypeVar("Result")

_NO_SUCH_FILE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL, errno.EISDIR}
_HELD_BY_ANOTHER = {5, 32, 33}  # Windows: access denied, sharing violation, lock violation
_SAFE_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class Folder:
    """`source` should lie inside the mounted share: where nothing is mounted it is then missing, which shows
    as an unreachable place and not as missing files.
    """

    def __init__(self, source: str, patience: Patience) -> None:
        base = Path(source).absolute()
        self._base = Path(long_path(PureWindowsPath(base))) if os.name == "nt" else base
        self._patience = patience

    def stamp(self, parts: Parts) -> Stamp:
        return self._patiently(lambda: _stamp_of(self._resolve(parts).stat()))

    def read(self, parts: Parts, limit: int) -> FileContent:
        return self._patiently(lambda: self._read(parts, limit))

    def close(self) -> None:
        pass

    def _read(self, parts: Parts, limit: int) -> FileContent:
        with open(self._resolve(parts), "rb", opener=_open_plainly) as file:
            before = os.fstat(file.fileno())
            if not os.path.samestat(before, self._resolve(parts).stat()):
                raise FileBusy("the file was replaced while it was opened")
            if before.st_size > limit:
                raise FileTooLarge(f"the file has {before.st_size} bytes, {limit} are allowed")
            data = file.read(before.st_size + 1)
            after = os.fstat(file.fileno())
        if len(data) != before.st_size or _stamp_of(after) != _stamp_of(before):
            raise FileBusy("the file changed while it was read")
        return FileContent(data, _stamp_of(after))

    def _resolve(self, parts: Parts) -> Path:
        """The regular file itself, free of links, below the base. Raises PathRefused, FileAbsent, OSError."""
        base = Path(os.path.realpath(self._base))
        real = Path(os.path.realpath(self._find(parts)))
        if not real.is_relative_to(base):
            raise PathRefused("leads out of its configured root")
        if not stat.S_ISREG(real.stat().st_mode):
            raise FileAbsent("that is not a file")
        return real

    def _find(self, parts: Parts) -> Path:
        exact = self._base.joinpath(*parts)
        if os.name == "nt" or exact.exists():
            return exact
        return _twin(self._base, parts) or exact

    def _patiently(self, call: Callable[[], Result]) -> Result:
        for wait_s in self._patience.busy_s:
            try:
                return call()
            except OSError as error:
                if getattr(error, "winerror", None) not in _HELD_BY_ANOTHER:
                    raise self._told_apart(error) from error
            time.sleep(wait_s)
        try:
            return call()
        except OSError as error:
            raise self._told_apart(error) from error

    def _told_apart(self, error: OSError) -> FileAbsent | FileBusy | PlaceUnreachable:
        """Is it the file, or the whole place?"""
        why = error.strerror or type(error).__name__
        try:
            with os.scandir(self._base):
                pass
        except OSError:
            return PlaceUnreachable(why)
        if isinstance(error, PermissionError):
            return FileBusy(why)
        if error.errno in _NO_SUCH_FILE:
            return FileAbsent("there is no such file")
        return PlaceUnreachable(why)


def long_path(path: PureWindowsPath) -> str:
    """The spelling of an absolute path that Windows accepts beyond 260 characters."""
    text = str(path)
    if text.startswith("\\\\?\\"):
        return text
    return f"\\\\?\\UNC\\{text[2:]}" if text.startswith("\\\\") else f"\\\\?\\{text}"


def _twin(base: Path, parts: Parts) -> Path | None:
    """The one path that differs from the wanted one only in letter case."""
    place = base
    for part in parts:
        if (place / part).exists():
            place /= part
            continue
        with os.scandir(place) as entries:
            alike = [entry.name for entry in entries if fold(entry.name) == fold(part)]
        if len(alike) != 1:
            return None
        place /= alike[0]
    return place


def _open_plainly(path: str, flags: int) -> int:
    """Neither follows a link nor waits for a pipe that took the file's place a moment ago."""
    return os.open(path, flags | _SAFE_FLAGS)


def _stamp_of(status: os.stat_result) -> Stamp:
    return Stamp(status.st_size, status.st_mtime_ns)
