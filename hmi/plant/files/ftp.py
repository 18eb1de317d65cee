"""Image files on an FTP server, for plants whose server speaks nothing better."""

import calendar
import contextlib
import ftplib  # nosec B402
import time
from pathlib import PurePosixPath

from hmi.plant.files.address import Address
from hmi.plant.files.errors import FileAbsent, FileBusy, FileTooLarge, PlaceUnreachable
from hmi.plant.files.place import FileContent, Parts, Stamp
from hmi.plant.files.remote import Connections, hold_to

_CHUNK = 65536
_FAULTS = (OSError, EOFError, ValueError, ftplib.Error)


class FtpServer:
    """Times of change have a resolution of a second, as FTP gives them; letter case is the server's."""

    def __init__(self, address: Address, deadline_s: float) -> None:
        self._address = address
        self._connections = Connections(self._connect, ftplib.FTP.close, _FAULTS, deadline_s)

    def stamp(self, parts: Parts) -> Stamp:
        path = self._address.path_of(parts)
        return self._connections.use(lambda ftp, _: self._stamp(ftp, path))

    def read(self, parts: Parts, limit: int) -> FileContent:
        path = self._address.path_of(parts)
        return self._connections.use(lambda ftp, until: self._read(ftp, path, limit, until))

    def close(self) -> None:
        self._connections.close()

    def _connect(self, timeout_s: float) -> ftplib.FTP:
        ftp = ftplib.FTP(timeout=timeout_s)  # noqa: S321  # nosec B321
        try:
            ftp.connect(self._address.host, self._address.port)
            ftp.login(self._address.username, self._address.password)
            ftp.voidcmd("TYPE I")
        except ftplib.error_perm as error:
            ftp.close()
            raise PlaceUnreachable(f"the server refuses to let us in: {error}") from error
        except BaseException:
            ftp.close()
            raise
        return ftp

    def _stamp(self, ftp: ftplib.FTP, path: str) -> Stamp:
        try:
            size = ftp.size(path)
            changed_ns = _changed_ns(ftp, path)
        except (ftplib.error_perm, ftplib.error_temp) as error:
            raise self._told_apart(ftp, path, error) from error
        if size is None:
            raise PlaceUnreachable("the server does not tell the size of files")
        return Stamp(size, changed_ns)

    def _read(self, ftp: ftplib.FTP, path: str, limit: int, until: float) -> FileContent:
        stamp = self._stamp(ftp, path)
        if stamp.size > limit:
            raise FileTooLarge(f"the file has {stamp.size} bytes, {limit} are allowed")
        try:
            data = _received(ftp, path, limit, until)
        except (ftplib.error_perm, ftplib.error_temp) as error:
            raise self._told_apart(ftp, path, error) from error
        if len(data) < stamp.size:
            raise EOFError(f"the server sent {len(data)} of {stamp.size} bytes")
        if len(data) > stamp.size:
            raise FileBusy("the file grew while it was read")
        return FileContent(data, stamp)

    def _told_apart(self, ftp: ftplib.FTP, path: str, error: ftplib.Error) -> Exception:
        """Servers answer 550 to whatever goes wrong with a file: a second look tells whether it is there."""
        reply = str(error)
        if reply.startswith("450"):
            return FileBusy(reply)
        if not reply.startswith("550"):
            return error
        try:
            ftp.cwd(self._address.folder)
        except ftplib.error_perm:
            return PlaceUnreachable(f"there is no {self._address.folder} on the server")
        return FileBusy(reply) if _is_listed(ftp, path) else FileAbsent("there is no such file")


def _is_listed(ftp: ftplib.FTP, path: str) -> bool:
    names: list[str] = []
    with contextlib.suppress(ftplib.error_perm, ftplib.error_temp):
        names = ftp.nlst(path)
    ftp.voidcmd("TYPE I")  # a listing leaves the connection in text mode
    return PurePosixPath(path).name in {PurePosixPath(name).name for name in names}


def _received(ftp: ftplib.FTP, path: str, limit: int, until: float) -> bytes:
    received = bytearray()
    with ftp.transfercmd(f"RETR {path}") as data:
        while chunk := data.recv(_CHUNK):
            received += chunk
            hold_to(until)
            if len(received) > limit:
                raise EOFError(f"the server sends more than the {limit} bytes that are allowed")
    ftp.voidresp()
    return bytes(received)


def _changed_ns(ftp: ftplib.FTP, path: str) -> int:
    """0 where the server does not tell."""
    try:
        reply = ftp.voidcmd(f"MDTM {path}")
        told = time.strptime(reply[4:18], "%Y%m%d%H%M%S")
    except (ftplib.error_perm, ValueError):
        return 0
    return calendar.timegm(told) * 1_000_000_000
