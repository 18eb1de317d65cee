"""Image files on an SFTP server. The server must be listed in `known_hosts`."""

import logging
import stat
from dataclasses import dataclass
from pathlib import PurePosixPath

import paramiko

from hmi.plant.files.address import Address
from hmi.plant.files.errors import FileAbsent, FileBusy, FileTooLarge, PathRefused, PlaceUnreachable
from hmi.plant.files.place import FileContent, Parts, Stamp
from hmi.plant.files.remote import Connections, hold_to
from hmi.settings import SettingsError

_CHUNK = 65536
_FAULTS = (OSError, EOFError, paramiko.SSHException)
_CHANNEL = f"{__name__}.protocol"
logging.getLogger(_CHANNEL).setLevel(logging.CRITICAL + 1)  # it logs each failure; the breaker logs the edge


@dataclass(frozen=True, slots=True)
class _Connection:
    client: paramiko.SSHClient
    sftp: paramiko.SFTPClient
    base: PurePosixPath  # the root's folder, links resolved by the server

    def close(self) -> None:
        self.client.close()


class SftpServer:
    """Times of change have a resolution of a second, as SFTP gives them; letter case is the server's."""

    def __init__(self, address: Address, known_hosts: str, deadline_s: float) -> None:
        """Raises SettingsError without a readable list of known hosts."""
        self._address = address
        self._known_hosts = known_hosts
        self._connections = Connections(self._connect, _Connection.close, _FAULTS, deadline_s)
        try:
            paramiko.SSHClient().load_host_keys(known_hosts)
        except (OSError, paramiko.SSHException) as error:
            raise SettingsError(
                "storage.roots.known_hosts: the file cannot be read; SFTP needs it"
            ) from error

    def stamp(self, parts: Parts) -> Stamp:
        return self._connections.use(lambda connection, _: self._stamp(connection, parts))

    def read(self, parts: Parts, limit: int) -> FileContent:
        return self._connections.use(lambda connection, until: self._read(connection, parts, limit, until))

    def close(self) -> None:
        self._connections.close()

    def _connect(self, timeout_s: float) -> _Connection:
        client = paramiko.SSHClient()  # its policy is to reject hosts that are not known
        client.set_log_channel(_CHANNEL)
        client.load_host_keys(self._known_hosts)
        try:
            client.connect(
                self._address.host,
                self._address.port,
                self._address.username,
                self._address.password,
                timeout=timeout_s,
                banner_timeout=timeout_s,
                auth_timeout=timeout_s,
                channel_timeout=timeout_s,
                allow_agent=False,
                look_for_keys=False,
            )
            sftp = client.open_sftp()
            _channel_of(sftp).settimeout(timeout_s)
            return _Connection(client, sftp, PurePosixPath(sftp.normalize(self._address.folder)))
        except (paramiko.AuthenticationException, paramiko.BadHostKeyException) as error:
            client.close()
            raise PlaceUnreachable(f"the server is not let in or does not let us in: {error}") from error
        except BaseException:
            client.close()
            raise

    def _stamp(self, connection: _Connection, parts: Parts) -> Stamp:
        try:
            return _stamp_of(connection.sftp.stat(self._resolve(connection, parts)))
        except OSError as error:
            raise self._told_apart(connection, error) from error

    def _read(self, connection: _Connection, parts: Parts, limit: int, until: float) -> FileContent:
        try:
            with connection.sftp.open(self._resolve(connection, parts), "rb") as file:
                before = _stamp_of(file.stat())
                if before.size > limit:
                    raise FileTooLarge(f"the file has {before.size} bytes, {limit} are allowed")
                data = _received(file, before.size, until)
                after = _stamp_of(file.stat())
        except OSError as error:
            raise self._told_apart(connection, error) from error
        if len(data) != before.size or after != before:
            raise FileBusy("the file changed while it was read")
        return FileContent(data, before)

    def _resolve(self, connection: _Connection, parts: Parts) -> str:
        real = PurePosixPath(connection.sftp.normalize(self._address.path_of(parts)))
        if not real.is_relative_to(connection.base):
            raise PathRefused("leads out of its configured root")
        return str(real)

    def _told_apart(self, connection: _Connection, error: OSError) -> Exception:
        """Is it the file, the place or the connection?"""
        if isinstance(error, PermissionError) or _is_failure_reply(connection, error):
            return FileBusy(error.strerror or str(error))
        if not isinstance(error, FileNotFoundError):
            return error
        try:
            connection.sftp.stat(self._address.folder)
        except FileNotFoundError:
            return PlaceUnreachable(f"there is no {self._address.folder} on the server")
        return FileAbsent("there is no such file")


def _is_failure_reply(connection: _Connection, error: OSError) -> bool:
    """Servers say just "failure" of a file that is locked; paramiko gives that without a number."""
    return type(error) is OSError and error.errno is None and not _channel_of(connection.sftp).closed


def _channel_of(sftp: paramiko.SFTPClient) -> paramiko.Channel:
    channel = sftp.get_channel()
    if channel is None:
        raise EOFError("the connection is closed")
    return channel


def _received(file: paramiko.SFTPFile, size: int, until: float) -> bytes:
    file.prefetch(size)
    received = bytearray()
    while len(received) <= size and (chunk := file.read(_CHUNK)):
        received += chunk
        hold_to(until)
    return bytes(received)


def _stamp_of(status: paramiko.SFTPAttributes) -> Stamp:
    if not stat.S_ISREG(status.st_mode or stat.S_IFREG):
        raise FileAbsent("that is not a file")
    if status.st_size is None:
        raise PlaceUnreachable("the server does not tell the size of files")
    return Stamp(status.st_size, (status.st_mtime or 0) * 1_000_000_000)
