"""What can be wrong with an image file. Each error says whether the place or the file is to blame."""


class FileProblem(Exception):
    """Anything that keeps an image file from being read."""


class PathRefused(FileProblem):
    """The path is not one that may be opened; nothing was opened, no network was touched."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the path {reason}")
        self.reason = reason


class FileAbsent(FileProblem):
    """The place answers and has no such file."""


class FileTooLarge(FileProblem):
    """The file is larger than `storage.max_file_mb`; it was not read."""


class FileBusy(FileProblem):
    """Somebody else holds the file or is still writing it; later it may be readable."""


class PlaceUnreachable(FileProblem):
    """The folder, share or server does not answer; nothing is known about the file."""
