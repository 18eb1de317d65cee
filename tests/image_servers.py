"""Real FTP and SFTP servers on this machine that serve a folder, and ways to make them misbehave."""

import contextlib
import os
import socket
import threading
import warnings
from pathlib import Path

import paramiko

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # pyftpdlib imports asyncore
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import DTPHandler, FTPHandler
    from pyftpdlib.ioloop import IOLoop
    from pyftpdlib.servers import FTPServer

USER, PASSWORD = "hmi", "pass word"


class Ftp:
    """`commands` holds what clients sent; attributes of `handler` and `transfer` change how it behaves."""

    def __init__(self, folder: Path) -> None:
        self.commands: list[str] = []
        self.connections = 0
        self.transfer = type("Transfer", (DTPHandler,), {})
        self.handler = type("Handler", (FTPHandler,), self._behaviour())
        self.handler.dtp_handler = self.transfer
        self.handler.use_sendfile = False  # so that `transfer` sees what is sent
        self.handler.authorizer = DummyAuthorizer()
        self.handler.authorizer.add_user(USER, PASSWORD, str(folder), perm="elradfmwMT")
        self.loop = IOLoop()
        self.server = FTPServer(("127.0.0.1", 0), self.handler, ioloop=self.loop)
        self.port = self.server.address[1]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="ftp-server", daemon=True)
        self._thread.start()

    def _behaviour(self) -> dict:
        def note(handler, line, command, argument):
            self.commands.append(line)
            return FTPHandler.pre_process_command(handler, line, command, argument)

        def count(handler):
            self.connections += 1

        return {"pre_process_command": note, "on_connect": count}

    def _serve(self) -> None:
        while not self._stop.is_set():
            self.server.serve_forever(timeout=0.02, blocking=False)
        self.server.close_all()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(5)


class _Session(paramiko.ServerInterface):
    def check_auth_password(self, username: str, password: str) -> int:
        fits = (username, password) == (USER, PASSWORD)
        return paramiko.AUTH_SUCCESSFUL if fits else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def get_allowed_auths(self, username: str) -> str:
        return "password"


class _OpenFile(paramiko.SFTPHandle):
    def stat(self) -> paramiko.SFTPAttributes | int:
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))


class _Folder(paramiko.SFTPServerInterface):
    """Serves `folder`, resolves links as OpenSSH does."""

    folder: Path

    def _real(self, path: str) -> Path:
        return self.folder / path.lstrip("/")

    def canonicalize(self, path: str) -> str:
        real = Path(os.path.realpath(self._real(path)))
        base = Path(os.path.realpath(self.folder))
        return "/" + str(real.relative_to(base)).strip(".") if real.is_relative_to(base) else str(real)

    def stat(self, path: str) -> paramiko.SFTPAttributes | int:
        try:
            return paramiko.SFTPAttributes.from_stat(self._real(path).stat())
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes) -> paramiko.SFTPHandle | int:
        try:
            opened = self._real(path).open("rb")
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)
        handle = _OpenFile(flags)
        handle.readfile = opened
        return handle


class Sftp:
    """`interface` is the class that serves files; replace its methods to misbehave."""

    def __init__(self, folder: Path) -> None:
        self.key = paramiko.ECDSAKey.generate()
        self.interface = type("Interface", (_Folder,), {"folder": folder})
        self.transports: list[paramiko.Transport] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, name="sftp-server", daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            transport = paramiko.Transport(client)
            transport.add_server_key(self.key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, self.interface)
            self.transports.append(transport)
            try:
                transport.start_server(event=threading.Event(), server=_Session())
            except (paramiko.SSHException, EOFError):
                transport.close()

    def known_hosts(self, path: Path, key: paramiko.PKey | None = None) -> str:
        """Writes a list of known hosts that holds this server, with its key or another one."""
        key = key or self.key
        path.write_text(f"[127.0.0.1]:{self.port} {key.get_name()} {key.get_base64()}\n", encoding="utf-8")
        return str(path)

    def drop_connections(self) -> None:
        for transport in self.transports:
            transport.close()
        self.transports.clear()

    def close(self) -> None:
        with contextlib.suppress(OSError):  # closed already
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)
        self.drop_connections()


class Silent:
    """Accepts connections and never says a word."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]

    def close(self) -> None:
        self._socket.close()
