"""A share that hangs: a file system whose server never answers. Linux, with the right to mount."""

import ctypes
import os
from pathlib import Path

_DETACH = 2


class HungShare:
    """Lies over a folder from `hang` until `heal`; who touches the folder in between waits in the kernel."""

    def __init__(self, folder: Path) -> None:
        self._folder = os.fsencode(folder)
        self._server: int | None = None

    def hang(self) -> None:
        """Raises OSError where mounting is not allowed."""
        server = os.open("/dev/fuse", os.O_RDWR)
        options = f"fd={server},rootmode=40000,user_id=0,group_id=0".encode()
        if _libc().mount(b"hung", self._folder, b"fuse", 0, options) != 0:
            os.close(server)
            raise OSError(ctypes.get_errno(), "cannot mount")
        self._server = server

    def heal(self) -> None:
        """Those who wait get an error; after it the folder's own files are back."""
        if self._server is None:
            return
        os.close(self._server)
        self._server = None
        _libc().umount2(self._folder, _DETACH)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
