"""The cache of finished pictures on disk: bounded, shared by several processes, never needed.

An entry is written beside its place and moved there, and carries a checksum: what a power cut or anything
else left behind is not served. Files that are not entries are left alone.
"""

import logging
import os
import re
import struct
import threading
import time
import uuid
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

log = logging.getLogger(__name__)

REST_S = 60.0  # until a cache that failed is tried again
_TRAILER = struct.Struct("<IH4s")  # checksum, length of the stamp, mark
_MARK = b"hmi1"
_ENTRY = re.compile(r"[0-9a-z._~-]+\.jpg", re.ASCII)
_UNFINISHED = re.compile(r"\.[0-9a-f]{32}\.part", re.ASCII)
_UNFINISHED_S = 600.0  # so old, nobody is writing it any more


@dataclass(frozen=True, slots=True)
class Kept:
    data: bytes
    stamp: str  # of the file that the picture was made from


class DiskCache:
    """Safe to use from many threads and processes. A cap of 0 bytes keeps nothing."""

    def __init__(self, folder: Path, cap_bytes: int, ttl_s: float, *, rest_s: float = REST_S) -> None:
        self._folder = folder
        self._cap_bytes = cap_bytes
        self._ttl_s = ttl_s
        self._rest_s = rest_s
        self._off_until = 0.0
        self.trouble = ""  # why the cache is off
        self.kept_at: datetime | None = None  # the last time that something could be kept
        self._lock = threading.Lock()
        self._unswept_bytes = cap_bytes  # the first entry looks at what earlier processes left

    def get(self, key: str) -> Kept | None:
        """What was kept under the key, or None. Never raises."""
        if not self._cap_bytes:
            return None
        try:
            with self._place(key).open("rb") as file:
                if time.time() - os.fstat(file.fileno()).st_mtime > self._ttl_s:
                    return None
                return _unpacked(file.read())
        except OSError:
            return None

    def put(self, key: str, kept: Kept) -> None:
        """Keep a picture if that is possible. Never raises."""
        packed = _packed(kept)
        if time.monotonic() < self._off_until or len(packed) > self._cap_bytes:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._write(self._place(key), packed)
            self._sweep_if_due(len(packed))
        except OSError as error:
            self._switch_off(error)
        else:
            self._switch_on()

    def sweep(self) -> None:
        """Delete what is too old, then the oldest until a tenth of the cap is free. Raises OSError."""
        now, entries, total = time.time(), [], 0
        with os.scandir(self._folder) as found:
            for item in found:
                status = _status_of(item)
                if status is None:
                    continue
                age_s = now - status.st_mtime
                unfinished = _UNFINISHED.fullmatch(item.name)
                if age_s > (_UNFINISHED_S if unfinished else self._ttl_s):
                    _delete(item.path)
                elif not unfinished:
                    entries.append((status.st_mtime, status.st_size, item.path))
                    total += status.st_size
        for _, size, path in sorted(entries):
            if total <= 0.9 * self._cap_bytes:
                break
            _delete(path)
            total -= size

    def _write(self, place: Path, packed: bytes) -> None:
        beside = self._folder / f".{uuid.uuid4().hex}.part"
        try:
            beside.write_bytes(packed)
            _move(beside, place)
        finally:
            _delete(beside)

    def _sweep_if_due(self, written: int) -> None:
        """After each twentieth of the cap: so many bytes may lie above it for a moment, in each process."""
        with self._lock:
            self._unswept_bytes += written
            if self._unswept_bytes < self._cap_bytes / 20:
                return
            self._unswept_bytes = 0
        self.sweep()

    def _place(self, key: str) -> Path:
        return self._folder / f"{key}.jpg"

    def _switch_off(self, error: OSError) -> None:
        self._off_until = time.monotonic() + self._rest_s
        was_off, self.trouble = self.trouble, error.strerror or str(error)
        if not was_off:
            log.warning("picture cache is off, %s: %s", self._folder, self.trouble)

    def _switch_on(self) -> None:
        self.kept_at = datetime.now(UTC)
        if self.trouble:
            self.trouble = ""
            log.info("picture cache works again")


def _packed(kept: Kept) -> bytes:
    stamp = kept.stamp.encode("ascii")
    body = kept.data + stamp
    return body + _TRAILER.pack(zlib.crc32(body), len(stamp), _MARK)


def _unpacked(packed: bytes) -> Kept | None:
    if len(packed) < _TRAILER.size:
        return None
    body = packed[: -_TRAILER.size]
    checksum, stamp_length, mark = _TRAILER.unpack(packed[-_TRAILER.size :])
    if mark != _MARK or stamp_length > len(body) or zlib.crc32(body) != checksum:
        return None
    data, stamp = body[: len(body) - stamp_length], body[len(body) - stamp_length :]
    return Kept(data, stamp.decode("ascii", "replace"))


def _status_of(item: os.DirEntry[str]) -> os.stat_result | None:
    """Of a file that is ours; None for anything else and for what has just gone."""
    if not (_ENTRY.fullmatch(item.name) or _UNFINISHED.fullmatch(item.name)):
        return None
    try:
        return item.stat(follow_symlinks=False) if item.is_file(follow_symlinks=False) else None
    except OSError:
        return None


def _move(source: Path, target: Path) -> None:
    """On Windows somebody who reads the old entry keeps it from being replaced: then it stays."""
    try:
        source.replace(target)
    except PermissionError:
        if not target.exists():
            raise


def _delete(path: str | Path) -> None:
    try:
        Path(path).unlink(missing_ok=True)
    except OSError:
        log.debug("cannot delete %s now; the next sweep will", path)
