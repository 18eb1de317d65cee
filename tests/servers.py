"""The product as it is installed: `python wsgi.py --config FILE` as a process of its own, on a free port.

    with Server(folder, plant_url, line={"settle_s": 0.5}) as server:
        server.get("/livez")
        server.kill()
        server.start()

Its times are short (`QUICK`). What it says is in `log`; `complaints` are the lines that no sound server
writes.
"""

import http.client
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psutil
import yaml

from hmi.demo import PREFIX
from hmi.keys import derived
from hmi.settings import PROJECT
from hmi.store import Store
from tests.waiting import until

SECRET = "a key for tests that is long enough, not for a plant"
QUICK: dict[str, dict[str, Any]] = {
    "feed": {"poll_s": 0.25},
    "line": {"settle_s": 0.3, "grace_s": 1.0},
    "logging": {"file": ""},
}
_COMPLAINT = re.compile(r"^\S+ \S+ (?:ERROR|CRITICAL) .*$|^Traceback .*$|^\w*Warning: .*$", re.MULTILINE)


@dataclass(frozen=True)
class Answer:
    """What a server answered, and how long that took."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    took_s: float

    @property
    def age_ms(self) -> int | None:
        """How long ago the plant was read, as the poll says."""
        age = self.headers.get("x-hmi-age")
        return None if age is None else int(age)

    @property
    def is_fresh(self) -> bool:
        """What a kiosk would show as live."""
        return self.status in (200, 204) and self.age_ms is not None and self.age_ms <= 5000


class Server:
    """Sections given by name are laid over `QUICK` and over what any server needs.

    `images` is the folder that stands for the plant's E:\\images; `project` a copy of the product, for
    another build of it.
    """

    def __init__(
        self,
        folder: Path,
        plant_url: str,
        *,
        images: Path | None = None,
        port: int = 0,
        host: str = "127.0.0.1",
        project: Path = PROJECT,
        wait: bool = True,
        **sections: dict[str, Any],
    ) -> None:
        self.port = port or free_port()
        self.host = host
        self.folder = folder
        self.project = project
        folder.mkdir(parents=True, exist_ok=True)
        self.store_url = f"sqlite:///{(folder / 'store.db').as_posix()}"
        self._secrets = {"HMI_AUTH__SECRET_KEY": SECRET, "HMI_DATABASE__URL": plant_url}
        self._write_settings(images or folder / "images", sections)
        self.start(wait=wait)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def store(self) -> Store:
        """Its store, to be looked at or written to beside it, and to be closed. Its audit stays sealed."""
        return Store(self.store_url, audit_key=derived(SECRET, "audit chain"))

    @property
    def log(self) -> str:
        return (self.folder / "server.log").read_text("utf-8", "replace")

    def complaints(self, since: int = 0, *, expected: Sequence[str] = ()) -> list[str]:
        """Errors, warnings of Python and traces in the log after its first `since` characters.

        `expected` are patterns of lines that a test has provoked.
        """
        found = _COMPLAINT.findall(self.log[since:])
        return [line for line in found if not any(re.search(pattern, line) for pattern in expected)]

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def threads(self) -> int:
        return sum(process.num_threads() for process in self.processes())

    def start(self, *, wait: bool = True) -> None:
        """Begin to serve; unless told otherwise, wait until it answers."""
        environment = {name: text for name, text in os.environ.items() if not name.startswith("HMI_")}
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "wsgi.py", "--config", str(self.folder / "plant.yaml")],
                cwd=self.project,
                env={**environment, **self._secrets, "PYTHONDONTWRITEBYTECODE": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        if not wait:
            return
        try:
            until(self.is_alive, 100)
        except BaseException:
            self._process.kill()
            self._process.wait(10)
            raise

    def is_alive(self) -> bool:
        assert self._process.poll() is None, f"the server ended:\n{self.log}"
        with suppress(OSError, http.client.HTTPException):
            return self.get("/livez", timeout_s=2).status == 200
        return False

    def kill(self) -> None:
        """End it as a crash or a power cut would: nothing is finished, nothing is released."""
        for process in self.processes():
            process.kill()
        self._process.wait(10)

    def stop(self) -> None:
        """It stands still: connections are taken, nothing is answered."""
        for process in self.processes():
            process.suspend()

    def go_on(self) -> None:
        for process in self.processes():
            process.resume()

    def restart(self) -> None:
        """In order, on the same port."""
        self.close()
        self.start()

    def close(self) -> None:
        if self._process.poll() is not None:
            return
        self.go_on()
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server does not end:\n{self.log}") from None

    def get(self, path: str, *, timeout_s: float = 10, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask on a connection of its own. Raises OSError where the server does not answer in time."""
        return self.ask("GET", path, timeout_s=timeout_s, headers=headers)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        timeout_s: float = 10,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout_s)
        began = time.monotonic()
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        named = {name.lower(): text for name, text in answer.getheaders()}
        return Answer(answer.status, named, content, time.monotonic() - began)

    def poll(self) -> Answer:
        """As a kiosk does that has nothing yet."""
        return self.get("/live")

    def is_fresh(self) -> bool:
        """Whether a kiosk would show what this server answers as live."""
        try:
            return self.poll().is_fresh
        except (OSError, http.client.HTTPException):
            return False

    def processes(self) -> list[psutil.Process]:
        """The server; in a virtual environment on Windows also the launcher that it runs under."""
        try:
            first = psutil.Process(self._process.pid)
            return [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def _write_settings(self, images: Path, sections: Mapping[str, dict[str, Any]]) -> None:
        merged: dict[str, dict[str, Any]] = {
            "server": {"host": self.host, "port": self.port},
            "store": {"url": self.store_url},
            "storage": {
                "cache_folder": str(self.folder / "cache"),
                "roots": [{"prefix": PREFIX, "source": str(images)}],
            },
        }
        for laid_over in (QUICK, sections):
            for name, keys in laid_over.items():
                merged[name] = {**merged.get(name, {}), **keys}
        text = yaml.safe_dump(merged, allow_unicode=True)
        (self.folder / "plant.yaml").write_text(text, encoding="utf-8")


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Kiosk:
    """Polls a server as a kiosk does, in a thread, and keeps every answer with the second it was asked in."""

    def __init__(self, server: Server, every_s: float = 0.05) -> None:
        self._server = server
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kiosk", daemon=True)
        self.began_s = time.monotonic()
        self.answers: list[tuple[float, Answer]] = []
        self.unanswered: list[tuple[float, str]] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(15)

    @property
    def statuses(self) -> set[int]:
        return {answer.status for _, answer in self.answers}

    def slowest_s(self, share: float = 0.99) -> float:
        """Below this stays the given share of the answers."""
        took = sorted(answer.took_s for _, answer in self.answers)
        return took[int(share * (len(took) - 1))]

    def live_between(self, start_s: float, end_s: float = float("inf")) -> list[float]:
        """Seconds, by time.monotonic(), at which an answer would have been shown as live."""
        return [at for at, answer in self.answers if start_s < at < end_s and answer.is_fresh]

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            at = time.monotonic()
            try:
                self.answers.append((at, self._server.poll()))
            except (OSError, http.client.HTTPException) as error:
                self.unanswered.append((at, repr(error)))
