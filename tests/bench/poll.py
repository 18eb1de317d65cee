"""A kiosk's poll when there is nothing new: what it touches, what it costs, how many a server answers.

In process, 10,000 calls of the WSGI app are watched for queries, opened files and connections. Over HTTP the
server is a process of its own and so is the load; the server's CPU includes all that it does beside polls.
"""

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from werkzeug.test import EnvironBuilder

from hmi import create_app
from hmi.demo import make_plant
from hmi.parts import EXTENSION, Parts
from hmi.settings import PROJECT, load_settings
from hmi.store import migrate
from tests.bench.watching import as_shipped, cpu_s, server_process
from tests.servers import SECRET, Server
from tests.waiting import until

POLLS = 10_000
CONNECTIONS = (8, 40)
SECONDS = 5
QUIET_S = 8.0  # after the first read nothing changes any more: everything has settled
TOUCHES = {"open", "os.listdir", "os.scandir", "sqlite3.connect", "socket.connect", "socket.getaddrinfo"}
Report = Callable[[str, float, str, str], None]


def run(report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix="hmi-bench-") as name:
        folder = Path(name)
        make_plant(_plant(folder))
        alone = _in_own_process(name)
        report(f"poll: queries in {POLLS:,} polls", alone["queries"], "", "≤ 0")
        report(f"poll: files and connections opened in {POLLS:,} polls", alone["touched"], "", "≤ 0")
        report("poll: CPU of one, the app in process", alone["cpu_ms"], "ms", "≤ 0.4 ms")
        with Server(folder / "server", _plant(folder), **as_shipped(folder)) as server:
            version = _settled_version(server)
            for connections in CONNECTIONS:
                _over_http(report, server, version, connections)


def _plant(folder: Path) -> str:
    return f"sqlite:///{(folder / 'plant.db').as_posix()}"


def _in_own_process(folder: str) -> dict[str, float]:
    """The hook that watches cannot be taken away again: it must not stay in this process."""
    quiet = (signal.SIGINT, signal.SIG_IGN)
    with ProcessPoolExecutor(
        1, mp_context=get_context("spawn"), initializer=signal.signal, initargs=quiet
    ) as pool:
        return pool.submit(in_process, folder).result(120)


def in_process(folder: str) -> dict[str, float]:
    """Polls through the app alone; its follower rests, so that every query and file is one of a poll."""
    app, follower = _app(Path(folder))
    version = follower.snapshot.version
    environ = EnvironBuilder(path="/live", query_string=f"v={version}&n=1").get_environ()
    statuses: Counter[str] = Counter()

    def poll() -> None:
        b"".join(app(environ, lambda status, _headers: statuses.update([status])))

    for _ in range(POLLS // 10):
        poll()
    began = time.process_time()
    for _ in range(POLLS):
        poll()
    took_s = time.process_time() - began
    counts = _watched(lambda: [poll() for _ in range(POLLS)])
    assert set(statuses) == {"204 No Content"}, statuses
    _prove_that_watching_works(app)
    return {**counts, "cpu_ms": 1000 * took_s / POLLS}


def _app(folder: Path) -> tuple[Any, Any]:
    settings = load_settings(
        environment={},
        database={"url": _plant(folder)},
        store={"url": f"sqlite:///{(folder / 'alone.db').as_posix()}"},
        storage={"cache_folder": str(folder / "alone-cache")},
        auth={"secret_key": SECRET},
    )
    app = create_app(settings)
    parts: Parts = app.extensions[EXTENSION]
    migrate.upgrade(parts.store)
    parts.follower.start()
    until(lambda: parts.follower.snapshot)
    parts.follower.close()
    return app, parts.follower


def _watched(action: Callable[[], object]) -> dict[str, float]:
    """Queries on any engine, and files and connections that Python opens, in any thread meanwhile."""
    seen = {"queries": 0.0, "touched": 0.0}
    watching = True

    def query(*_: object) -> None:
        seen["queries"] += 1

    def touch(name: str, _arguments: object) -> None:
        if watching and name in TOUCHES:
            seen["touched"] += 1

    event.listen(Engine, "before_cursor_execute", query)
    sys.addaudithook(touch)
    action()
    watching = False
    event.remove(Engine, "before_cursor_execute", query)
    return seen


def _prove_that_watching_works(app: Any) -> None:
    """A page that reads the store, and a file that is opened, are noticed: a 0 says something."""
    page = EnvironBuilder(path="/", query_string="run=1").get_environ()
    seen = _watched(lambda: list(app(page, lambda _status, _headers: None)))
    assert seen["queries"] > 0, "queries are not noticed"
    assert _watched(lambda: Path(__file__).read_bytes())["touched"] > 0, "files are not noticed"


def _settled_version(server: Server) -> str:
    until(lambda: server.poll().is_fresh)
    time.sleep(QUIET_S)
    return server.poll().headers["x-hmi-snapshot"]


def _over_http(report: Report, server: Server, version: str, connections: int) -> None:
    process = server_process()
    before = cpu_s(process)
    load = [sys.executable, "-m", "tests.bench.polls", str(server.port), str(connections), str(SECONDS)]
    done = subprocess.run(
        [*load, version], cwd=PROJECT, stdout=subprocess.PIPE, check=True, timeout=SECONDS + 30
    )
    found = json.loads(done.stdout)
    polls = sum(found["answers"].values())
    others = polls - found["answers"].get("204", 0)
    of = f"{connections} connections"
    report(f"poll: answered over HTTP, {of}", found["per_s"], "/s", "≥ 2000 /s")
    report(f"poll: CPU of one over HTTP, {of}", 1000 * (cpu_s(process) - before) / polls, "ms", "≤ 0.4 ms")
    report(f"poll: 99 of 100 answered within, {of}", found["p99_ms"], "ms", "")
    report(f"poll: not answered with 204, {of}", others, "", "≤ 0")
    report(f"poll: connections opened, {of}", found["opened"], "", f"≤ {connections}")
