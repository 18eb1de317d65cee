"""Starts the simulated plant as a child process beside the server, and stops it with the server."""

import logging
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from typing import IO

from hmi.demo.production import PREFIX
from hmi.settings import PROJECT, Demo

READY_S = 30.0
_STOP_S = 5.0
_LOCK = "demo.lock"  # also the mark of a folder that the demo may wipe
_WIPED = (
    "plant.db",
    "plant.db-wal",
    "plant.db-shm",
    "store.db",
    "store.db-wal",
    "store.db-shm",
    "images",
    "cache",
)

_log = logging.getLogger(__name__)


class DemoError(Exception):
    """The demo cannot start; the message is one line that says why."""


@dataclass
class RunningDemo:
    """A simulated plant that runs in a process of its own."""

    url: str  # of the plant database
    prefix: str  # of the picture paths in it, E:\\images
    folder: Path  # what the prefix stands for
    store_url: str  # a place for the store, wiped with the plant
    cache_folder: Path  # a place for rendered pictures, wiped with the plant
    secret_key_file: Path
    process: subprocess.Popen[str]
    _lock: sqlite3.Connection = field(repr=False)
    _last_words: deque[str] = field(default_factory=lambda: deque(maxlen=20), repr=False)

    def stop(self) -> None:
        """End the process; does nothing when it has ended already."""
        if self.process.stdin:
            try:
                self.process.stdin.close()  # its end is the sign to stop
            except OSError:
                _log.debug("the demo had closed its input already")
        try:
            self.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(_STOP_S)
        self._lock.close()


def start(demo: Demo, ready_s: float = READY_S) -> RunningDemo:
    """Wipe the demo's folder, start a plant in it and wait until its tables and history are there.

    Raises DemoError when the folder is not the demo's own, cannot be wiped, or the plant is not ready within
    `ready_s` seconds.
    """
    folder = Path(demo.folder).resolve()
    lock = _lock(folder)
    try:
        _wipe(folder)
        running = _running(demo, folder, lock)
    except BaseException:
        lock.close()
        raise
    try:
        _wait_until_ready(running, ready_s)
    except BaseException:
        running.process.kill()
        running.stop()
        raise
    return running


def _running(demo: Demo, folder: Path, lock: sqlite3.Connection) -> RunningDemo:
    return RunningDemo(
        url=_sqlite(folder / "plant.db"),
        prefix=PREFIX,
        folder=folder / "images",
        store_url=_sqlite(folder / "store.db"),
        cache_folder=folder / "cache",
        secret_key_file=_secret_key(folder),
        process=_spawn(demo, folder),
        _lock=lock,
    )


def _sqlite(file: Path) -> str:
    return f"sqlite:///{file.as_posix()}"


def _lock(folder: Path) -> sqlite3.Connection:
    """Keep other demos out of the folder: a lock that works on Windows too and ends with our process."""
    there = [name for name in _WIPED if os.path.lexists(folder / name)]
    if there and not (folder / _LOCK).exists():
        raise DemoError(f"demo.folder: {folder} holds {there[0]}, which no demo made; nothing was touched")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DemoError(f"demo.folder: {folder} cannot be made: {error.strerror}") from None
    lock: sqlite3.Connection | None = None
    try:
        lock = sqlite3.connect(folder / _LOCK, timeout=0, isolation_level=None, check_same_thread=False)
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        if lock:
            lock.close()
        raise DemoError(
            f"demo.folder: {folder} cannot be used, another demo may run in it ({error})"
        ) from None
    return lock


def _wipe(folder: Path) -> None:
    """Remove what an earlier demo left; the secret key stays."""
    try:
        for path in (folder / name for name in _WIPED):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    except OSError as error:
        raise DemoError(f"demo.folder: {error.filename} cannot be removed: {error.strerror}") from None


def _secret_key(folder: Path) -> Path:
    """The demo's own key: made once, readable by its owner only."""
    file = folder / "secret.key"
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return file
    except OSError as error:
        raise DemoError(f"demo.folder: {file} cannot be written: {error.strerror}") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as key:
        key.write(secrets.token_hex(32) + "\n")
    return file


def _spawn(demo: Demo, folder: Path) -> subprocess.Popen[str]:
    options = {
        "--url": _sqlite(folder / "plant.db"),
        "--folder": folder / "images",
        "--seed": demo.seed,
        "--cameras": demo.cameras,
        "--period": demo.period_s,
        "--history": demo.history_parts,
    }
    arguments = [str(word) for option in options.items() for word in option]
    return subprocess.Popen(  # noqa: S603  our own interpreter and module
        [sys.executable, "-X", "utf8", "-m", "hmi.demo", *arguments, "--with-parent"],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    )


def _wait_until_ready(running: RunningDemo, ready_s: float) -> None:
    heard: Queue[str] = Queue()
    process = running.process
    assert process.stdout is not None  # noqa: S101  a pipe, as _spawn asks for
    assert process.stderr is not None  # noqa: S101
    errors = threading.Thread(target=_listen, args=(process.stderr, running._last_words), daemon=True)
    errors.start()
    threading.Thread(target=_hear, args=(process.stdout, heard), daemon=True).start()
    try:
        word = heard.get(timeout=ready_s)
    except Empty:
        raise DemoError(f"the demo plant was not ready within {ready_s:g} s") from None
    if word != "ready":
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_S)
        errors.join(_STOP_S)
        last = running._last_words[-1] if running._last_words else f"exit status {process.returncode}"
        raise DemoError(f"the demo plant ended before it was ready: {last}")


def _hear(stream: IO[str], heard: Queue[str]) -> None:
    """Pass the first line on (an empty one when there is none), and read the rest so that nobody blocks."""
    with stream:
        heard.put(stream.readline().strip())
        for _ in stream:
            pass


def _listen(stream: IO[str], last_words: deque[str]) -> None:
    with stream:
        for line in stream:
            last_words.append(line.rstrip())
            _log.warning("demo plant: %s", line.rstrip())
