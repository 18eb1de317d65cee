"""Why there is no picture, for people."""

from typing import Literal

from hmi.pictures.contents import PictureIncomplete, PictureRefused
from hmi.plant.files import (
    FileAbsent,
    FileBusy,
    FileProblem,
    FileTooLarge,
    PathRefused,
    PlaceUnreachable,
)

State = Literal["waiting", "absent", "unreadable", "unreachable", "refused"]
EXPECTED = (FileProblem, PictureIncomplete, PictureRefused)
_LONGEST_NAME = 120


class PictureUnavailable(Exception):
    """There is no picture now. `state` says what to expect, the text why.

    waiting: it is on its way. absent: there is no such file. unreadable: the file is broken. unreachable: the
    place of the files does not answer. refused: its path, format or size is not allowed.
    """

    def __init__(self, state: State, text: str) -> None:
        super().__init__(text)
        self.state = state


def why_unavailable(error: Exception, path: str, hoped_for: bool = False) -> PictureUnavailable:
    """`hoped_for`: the file is watched and may become whole yet."""
    match error:
        case PlaceUnreachable():
            return PictureUnavailable("unreachable", "the place of the images does not answer")
        case FileAbsent():
            return PictureUnavailable("absent", f"image not available ({_name_in(path)})")
        case PathRefused() | FileTooLarge() | PictureRefused():
            return PictureUnavailable("refused", f"image not shown: {_reason(error)}")
        case FileBusy():
            return PictureUnavailable("waiting", f"image still being written ({_name_in(path)})")
        case PictureIncomplete() if hoped_for:
            return PictureUnavailable("waiting", f"image incomplete ({_name_in(path)})")
    return PictureUnavailable("unreadable", f"image incomplete or broken ({_name_in(path)})")


def _reason(error: Exception) -> str:
    return "its file is too large" if isinstance(error, FileTooLarge) else str(error)


def _name_in(path: str) -> str:
    """The last piece of a path that was not refused."""
    return path.replace("\\", "/").rpartition("/")[2][-_LONGEST_NAME:]
