"""The file itself: a ZIP archive whose manifest names every member with its checksum.

manifest.json            what is in it, by which version, and the head of the audit
settings.yaml            what differed from the defaults, without any secret
tables/<name>.copy       one line a row, see `hmi.backup.rows`
"""

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Literal
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

from pydantic import BaseModel, ConfigDict, ValidationError

from hmi.backup.rows import Kind

FORMAT = 1
MANIFEST = "manifest.json"
SETTINGS = "settings.yaml"
CHUNK = 1 << 20


class NotABackup(Exception):
    """The file cannot be used; the message says why."""


class Column(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: Kind


class TableRows(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    columns: tuple[Column, ...]
    rows: int
    sha256: str

    @property
    def member(self) -> str:
        return f"tables/{self.name}.copy"


class Manifest(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1]
    build: str
    revision: str  # of the store's tables
    made_at: datetime
    settings_sha256: str
    tables: tuple[TableRows, ...]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)

    def table(self, name: str) -> TableRows | None:
        return next((table for table in self.tables if table.name == name), None)


class Member:
    """A file of the archive that is being written: it sums up what it is given."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = sha256()
        self.lines = 0

    def write(self, piece: bytes) -> int:
        self._digest.update(piece)
        self.lines += piece.count(b"\n")
        return self._file.write(piece)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


class Writer:
    """The archive while it is written."""

    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive

    @contextmanager
    def member(self, name: str) -> Iterator[Member]:
        info = ZipInfo(name, datetime.now().timetuple()[:6])  # noqa: DTZ005 - ZIP knows local time only
        info.compress_type = ZIP_DEFLATED
        info._compresslevel = 1  # type: ignore[attr-defined] # no public name before Python 3.13
        with self._archive.open(info, "w", force_zip64=True) as file:
            yield Member(file)


@contextmanager
def written(path: Path) -> Iterator[Writer]:
    """An archive that appears under its name when it is whole, or not at all. Raises OSError."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            with ZipFile(file, "w") as archive:
                yield Writer(archive)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


class Reader:
    """A backup that was opened; every member is looked at only through its manifest."""

    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive
        self.manifest = _manifest(archive)

    @contextmanager
    def rows(self, table: TableRows) -> Iterator[IO[bytes]]:
        """The lines of a table as they are stored. Raises NotABackup where they cannot be read."""
        with _readable(table.member):
            file = self._archive.open(table.member)
        with file, _undamaged(table.member):
            yield file

    def settings(self) -> str:
        with _readable(SETTINGS):
            return self._archive.read(SETTINGS).decode("utf-8")

    def verify(self) -> None:
        """Read everything once. Raises NotABackup for what is not what was written."""
        wanted = {table.member: table.sha256 for table in self.manifest.tables}
        for name, digest in {SETTINGS: self.manifest.settings_sha256, **wanted}.items():
            with _readable(name), self._archive.open(name) as file:
                if _digest_of(file) != digest:
                    raise NotABackup(f"{name} in the backup was changed")


@contextmanager
def opened(path: Path) -> Iterator[Reader]:
    """Raises NotABackup for anything else, OSError where there is no file."""
    try:
        archive = ZipFile(path)
    except BadZipFile:
        raise NotABackup(f"{path} is no backup, or was cut off") from None
    with archive:
        yield Reader(archive)


def _manifest(archive: ZipFile) -> Manifest:
    with _readable(MANIFEST):
        text = archive.read(MANIFEST)
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        raise NotABackup(f"{MANIFEST} cannot be read: {error.errors()[0]['msg']}") from None


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        with _undamaged(name):
            yield
    except KeyError:
        raise NotABackup(f"{name} is missing in the backup") from None


@contextmanager
def _undamaged(name: str) -> Iterator[None]:
    try:
        yield
    except (BadZipFile, zlib.error, EOFError, UnicodeDecodeError):
        raise NotABackup(f"{name} in the backup is damaged") from None


def _digest_of(file: IO[bytes]) -> str:
    digest: Any = sha256()
    while piece := file.read(CHUNK):
        digest.update(piece)
    return str(digest.hexdigest())
