"""Starting: importing starts nothing, what is wrong is said in one line, the commands do what they say."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from hmi.keys import derived
from hmi.store import Store, audit, migrate
from hmi.store.runs import Run
from tests.conftest import SECRET
from tests.plants import VisionSystem

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture
def surroundings(tmp_path):
    """The environment of a process that serves an SQLite plant."""
    VisionSystem(f"sqlite:///{tmp_path / 'plant.db'}").build()
    (tmp_path / "images").mkdir()
    (tmp_path / "plant.yaml").write_text(
        f"""
        storage:
          cache_folder: {(tmp_path / "cache").as_posix()}
          roots: [{{prefix: 'E:\\images', source: '{(tmp_path / "images").as_posix()}'}}]
        logging: {{file: ""}}
        line: {{settle_s: 0.1, grace_s: 0.3}}
        feed: {{poll_s: 0.05}}
        """,
        encoding="utf-8",
    )
    ours = {
        "HMI_CONFIG": str(tmp_path / "plant.yaml"),
        "HMI_DATABASE__URL": f"sqlite:///{tmp_path / 'plant.db'}",
        "HMI_STORE__URL": f"sqlite:///{tmp_path / 'store.db'}",
        "HMI_AUTH__SECRET_KEY": SECRET,
        "PYTHONWARNINGS": "error",
    }
    return {**{name: value for name, value in os.environ.items() if not name.startswith("HMI_")}, **ours}


def run(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def flask(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return run("-m", "flask", "--app", "wsgi", *arguments, environment=environment)


def test_importing_the_application_starts_nothing(surroundings):
    program = "import threading, wsgi; print(wsgi.app.name, threading.active_count())"
    done = run("-c", program, environment=surroundings)
    assert done.stdout.split()[1] == "1", done.stderr
    assert not Path(surroundings["HMI_STORE__URL"].removeprefix("sqlite:///")).exists()


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("HMI_SERVER__PORT", "none", "server.port"),
        ("HMI_SERVER__PROT", "1", "server.prot"),
        ("HMI_AUTH__SECRET_KEY", "", "auth.secret_key"),
        ("HMI_CONFIG", "nowhere.yaml", "nowhere.yaml"),
        ("HMI_TIME__ZONE", "Mars/Olympus", "time.zone"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line_that_names_it(surroundings, name, value, named):
    done = run("wsgi.py", environment={**surroundings, name: value})
    assert done.returncode != 0
    assert named in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_a_wrong_setting_stops_the_commands_too(surroundings):
    done = flask("check", environment={**surroundings, "HMI_SERVER__PORT": "none"})
    assert done.returncode != 0
    assert "server.port" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_named(surroundings):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = run("wsgi.py", environment={**surroundings, "HMI_SERVER__PORT": port})
    assert done.returncode != 0
    assert port in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("HMI_DATABASE__URL", "mysql://plant/x", "database.url"),
        ("HMI_STORE__URL", "not an address", "store.url"),
        ("HMI_LOGGING__FILE", "/proc/nowhere/hmi.log", "logging.file"),
        ("HMI_REGIONS__PX_PER_MM", "2025-13-45", "PX_PER_MM"),
    ],
)
def test_what_cannot_be_used_is_named_too(surroundings, name, value, named):
    done = run("wsgi.py", environment={**surroundings, name: value, "HMI_SERVER__PORT": "8998"})
    assert done.returncode != 0
    assert named in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_the_plant_database_is_never_taken_for_the_store(surroundings, tmp_path):
    both = {**surroundings, "HMI_STORE__URL": surroundings["HMI_DATABASE__URL"]}
    before = (tmp_path / "plant.db").read_bytes()
    assert "plant database" in run("wsgi.py", environment={**both, "HMI_SERVER__PORT": "8999"}).stderr
    assert flask("migrate", environment=both).returncode == 1
    assert (tmp_path / "plant.db").read_bytes() == before


def test_check_says_one_line_for_each_thing(surroundings):
    flask("migrate", environment=surroundings)
    done = flask("check", environment=surroundings)
    assert done.returncode == 0, done.stdout
    for what in ("store", "plant database", "clock", "images", "disk"):
        assert what in done.stdout


def test_check_fails_where_something_is_missing(surroundings, tmp_path):
    (tmp_path / "images").rmdir()
    done = flask(
        "check", environment={**surroundings, "HMI_DATABASE__URL": "postgresql://nobody:pw@127.0.0.1:9/x"}
    )
    assert done.returncode == 1
    assert "FAILED" in done.stdout
    assert "pw" not in done.stdout.replace("pwd", "")


def test_migrate_goes_forward_and_back(surroundings):
    newest = migrate.newest()
    assert f"empty → {newest}" in flask("migrate", environment=surroundings).stdout
    assert f"{newest} → empty" in flask("migrate", "--to", "base", environment=surroundings).stdout
    assert flask("migrate", "--to", "7777", environment=surroundings).returncode == 1


def test_backfill_brings_the_past_without_a_server(surroundings):
    vision = VisionSystem(surroundings["HMI_DATABASE__URL"])
    for _ in range(40):
        vision.part(defects=1, images=1)
    flask("migrate", environment=surroundings)
    none_yet = {**surroundings, "HMI_FEED__BACKFILL_PARTS": "0"}
    done = flask("backfill", "--since", "2025-01-01", environment=none_yet)
    assert "everything since 2025-01-01 is here" in done.stdout, done.stderr
    store = Store(surroundings["HMI_STORE__URL"])
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(Run)) == 40
    store.close()


def test_audit_verify_names_what_was_changed(surroundings):
    flask("migrate", environment=surroundings)
    store = Store(
        surroundings["HMI_STORE__URL"], audit_key=derived(surroundings["HMI_AUTH__SECRET_KEY"], "audit chain")
    )
    for number in range(3):
        with store.write() as session:
            audit.record(session, "test", "ann", None, f"thing {number}", {})
    assert "3 entries" in flask("audit", "verify", environment=surroundings).stdout
    with store.write() as session:
        session.execute(text("UPDATE hmi_audit SET who = 'ben' WHERE id = 2"))
    store.close()
    done = flask("audit", "verify", environment=surroundings)
    assert done.returncode == 1
    assert "entry 2 was changed" in done.stdout
