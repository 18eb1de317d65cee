"""Image files of the plant: Windows paths in, bytes out; from folders, shares, FTP and SFTP servers."""

from hmi.plant.files.errors import (
    FileAbsent,
    FileBusy,
    FileProblem,
    FileTooLarge,
    PathRefused,
    PlaceUnreachable,
)
from hmi.plant.files.paths import Location
from hmi.plant.files.place import FileContent, Patience, Stamp
from hmi.plant.files.reader import ImageFiles

__all__ = [
    "FileAbsent",
    "FileBusy",
    "FileContent",
    "FileProblem",
    "FileTooLarge",
    "ImageFiles",
    "Location",
    "PathRefused",
    "Patience",
    "PlaceUnreachable",
    "Stamp",
]
