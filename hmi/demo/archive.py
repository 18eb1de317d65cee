"""The folder of pictures, written slowly as the vision system does and kept below a size."""

import logging
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePosixPath

from hmi.demo.production import PREFIX

_log = logging.getLogger(__name__)


class Archive:
    """Picture files in `folder`, which stands for the plant's E:\\images; at most `keep_bytes` of them."""

    def __init__(self, folder: Path, keep_bytes: int) -> None:
        self.folder = folder
        self._keep_bytes = keep_bytes
        self._files: deque[tuple[Path, int]] = deque()
        self._bytes = 0
        folder.mkdir(parents=True, exist_ok=True)
        for file in sorted(folder.rglob("*.jpg"), key=lambda file: file.stat().st_mtime):
            self._count(file, file.stat().st_size)

    def file_of(self, path: str) -> Path:
        """Where the picture lies that the plant calls `path`."""
        return self.folder / PurePosixPath(path.removeprefix(PREFIX).lstrip("/"))

    def write(self, path: str, content: bytes) -> Path:
        """Write the picture at once."""
        for step in self.writing(path, lambda: content, 1):
            step()
        return self.file_of(path)

    def writing(self, path: str, content: Callable[[], bytes], pieces: int) -> list[Callable[[], None]]:
        """The steps that write a picture in so many pieces; the first one asks for its content."""
        file = self.file_of(path)
        whole: list[bytes] = []

        def add(piece: int) -> None:
            if not whole:
                whole.append(content())
                file.parent.mkdir(parents=True, exist_ok=True)
                self._make_room(len(whole[0]))
            edges = [len(whole[0]) * part // pieces for part in (piece, piece + 1)]
            with file.open("ab" if piece else "wb") as output:
                output.write(whole[0][edges[0] : edges[1]])
            if piece == pieces - 1:
                self._count(file, len(whole.pop()))

        return [partial(add, piece) for piece in range(pieces)]

    def _count(self, file: Path, size: int) -> None:
        self._files.append((file, size))
        self._bytes += size

    def _make_room(self, size: int) -> None:
        for _ in range(len(self._files)):
            if self._bytes + size <= self._keep_bytes:
                return
            file, oldest = self._files.popleft()
            try:
                file.unlink(missing_ok=True)
                self._bytes -= oldest
            except OSError:  # Windows refuses while somebody reads it: it goes next time
                self._files.append((file, oldest))
                _log.info("%s is in use and stays for now", file.name)
