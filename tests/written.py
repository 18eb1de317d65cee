"""Files as processes write them that are killed meanwhile: apart, so that such a process imports little."""

from pathlib import Path

from hmi.backup import archive
from hmi.pictures.disk import DiskCache, Kept

KEY, OTHER = "tile~1~a", Kept(b"other" * 5000, "3-3")


def put_another(folder: Path) -> None:
    """An entry of the cache."""
    DiskCache(folder, 10_000_000, 3600, rest_s=60).put(KEY, OTHER)


def write_a_backup(file: Path) -> None:
    with archive.written(file) as writer, writer.member("one.txt") as member:
        member.write(b"new" * 1000)
