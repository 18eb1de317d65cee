"""What tests share: a real PostgreSQL, a store on either database, settings, and who may be skipped."""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from hmi.settings import Settings, load_settings
from hmi.store import Store, migrate
from tests.desk import Desk
from tests.lines import TWO_CAMERAS, Line
from tests.postgres import PostgresServer, any_server

IN_CI = os.environ.get("CI") == "true"
SECRET = "a key for tests that is long enough, not for a plant"
AUDIT_KEY = b"another key for tests"
IN_ONE_OF_MANY = "PYTEST_XDIST_WORKER" in os.environ

hypothesis_settings.register_profile(
    "suite", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
hypothesis_settings.load_profile("suite")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """Each process takes file by file; what looks at the clock is one of these files."""
    return ByTheClock(config, log)


class ByTheClock(LoadFileScheduling):
    """Tests that watch servers or a browser by the clock never run beside each other."""

    FILES = ("tests/browser/", "tests/test_server_faults", "tests/test_auth_outages", "tests/test_front")

    def _split_scope(self, nodeid: str) -> str:
        return "by the clock" if nodeid.startswith(self.FILES) else super()._split_scope(nodeid)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Whoever looks at the clock goes before all others."""
    if IN_ONE_OF_MANY and not item.nodeid.startswith(ByTheClock.FILES):
        step_back()


@cache
def step_back() -> None:
    if hasattr(os, "nice"):
        os.nice(5)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """In CI nothing may be missing: a test that skips itself fails there."""
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL 16 of our own, or the one that HMI_TEST_POSTGRES_URL names."""
    with any_server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of a fresh, empty database."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture(scope="session")
def migrated(postgres_server: PostgresServer) -> str:
    """The name of a PostgreSQL database that holds an empty store; copied for each test."""
    name = postgres_server.create()
    store = Store(postgres_server.url(name))
    migrate.upgrade(store)
    store.close()
    return name


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as an SQLite file."""
    file = tmp_path_factory.mktemp("store") / "empty.db"
    store = Store(f"sqlite:///{file}")
    migrate.upgrade(store)
    store.close()
    return file


@pytest.fixture
def sqlite_store(migrated_file: Path, tmp_path: Path) -> Iterator[Store]:
    (tmp_path / "store.db").write_bytes(migrated_file.read_bytes())
    store = Store(f"sqlite:///{tmp_path / 'store.db'}", audit_key=AUDIT_KEY)
    yield store
    store.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty store, once in SQLite and once in PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_store")
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database(request.getfixturevalue("migrated")) as url:
        store = Store(url, audit_key=AUDIT_KEY)
        yield store
        store.close()


@pytest.fixture
def settings_of(tmp_path: Path) -> Any:
    """Settings of a plant for tests; sections given as keyword arguments are laid over them."""

    def make(**sections: dict[str, Any]) -> Settings:
        usual: dict[str, dict[str, Any]] = {
            "database": {"url": f"sqlite:///{tmp_path / 'plant.db'}"},
            "store": {"url": f"sqlite:///{tmp_path / 'store.db'}"},
            "storage": {
                "cache_folder": str(tmp_path / "cache"),
                "roots": [{"prefix": "E:\\images", "source": str(tmp_path / "images")}],
            },
            "auth": {"secret_key": SECRET},
            "logging": {"file": ""},
        }
        for name, keys in sections.items():
            usual[name] = {**usual.get(name, {}), **keys}
        return load_settings(environment={}, **usual)

    return make


@pytest.fixture
def line(store: Store, settings_of: Any) -> Line:
    """Two cameras, 5 s to settle, 20 s until one is missing."""
    return Line(settings_of(line={"cameras": TWO_CAMERAS, "settle_s": 5, "grace_s": 20}), store)


@pytest.fixture
def desk(line: Line) -> Desk:
    """Where people decide on the parts of the line."""
    return Desk(line.settings, line.store)
