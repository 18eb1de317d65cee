"""The simulated plant as a process beside the server: started, wiped, stopped."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hmi.demo import (
    DemoError,
    RunningDemo,
    make_plant,
    start,
)
from hmi.plant.tables import (
    TRIGGERS,
)
from hmi.settings import PROJECT, Demo
from tests.demo_rows import count


@pytest.fixture
def settings(tmp_path: Path) -> Demo:
    return Demo(folder=str(tmp_path / "demo"), seed=7, cameras=1, period_s=60, history_parts=20)


@pytest.fixture
def url(tmp_path: Path) -> str:
    address = f"sqlite:///{(tmp_path / 'plant.db').as_posix()}"
    make_plant(address)
    return address


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    folder = tmp_path_factory.mktemp("running") / "demo"
    demo = start(Demo(folder=str(folder), seed=7, cameras=1, period_s=60, history_parts=20))
    yield demo
    demo.stop()


def eventually(what, seconds: float = 20):
    end = time.monotonic() + seconds
    while not (found := what()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def test_a_started_demo_has_its_history_at_once_and_soon_a_picture(running: RunningDemo) -> None:
    assert count(running.url, TRIGGERS) >= 20
    assert eventually(lambda: list(running.folder.rglob("*.jpg")))


def test_the_key_is_long_and_its_owners_only(running: RunningDemo) -> None:
    assert len(running.secret_key_file.read_text(encoding="utf-8").strip()) == 64
    if os.name == "posix":
        assert stat.S_IMODE(running.secret_key_file.stat().st_mode) == 0o600


def test_a_second_demo_in_the_same_folder_is_refused(running: RunningDemo, settings: Demo) -> None:
    before = count(running.url, TRIGGERS)
    with pytest.raises(DemoError, match="another demo may run in it"):
        start(settings.model_copy(update={"folder": str(running.folder.parent)}))
    assert count(running.url, TRIGGERS) >= before >= 20


@pytest.mark.skipif(os.name != "posix", reason="Windows has no signal to send to one process")
def test_a_demo_leaves_ctrl_c_to_its_parent(running: RunningDemo) -> None:
    running.process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        running.process.wait(0.3)


def test_starting_again_wipes_what_the_last_demo_left_but_not_the_key(settings: Demo) -> None:
    folder = Path(settings.folder)
    first = start(settings)
    first.stop()
    assert first.process.returncode == 0
    (folder / "cache").mkdir()
    (folder / "store.db").write_text("old", encoding="utf-8")
    (folder / "images" / "old.jpg").write_text("old", encoding="utf-8")
    (folder / "mine.txt").write_text("keep", encoding="utf-8")
    key = first.secret_key_file.read_text(encoding="utf-8")
    start(settings).stop()
    left = {file.name for file in folder.iterdir()}
    assert left.isdisjoint({"cache", "store.db"})
    assert not (folder / "images" / "old.jpg").exists()
    assert "mine.txt" in left
    assert first.secret_key_file.read_text(encoding="utf-8") == key


def test_a_folder_that_no_demo_made_is_not_wiped(settings: Demo) -> None:
    images = Path(settings.folder) / "images"
    images.mkdir(parents=True)
    (images / "precious.jpg").write_bytes(b"x")
    with pytest.raises(DemoError, match="holds images, which no demo made"):
        start(settings)
    assert sorted(file.name for file in Path(settings.folder).rglob("*")) == ["images", "precious.jpg"]


def test_wiping_does_not_follow_a_link_out_of_the_folder(settings: Demo, tmp_path: Path) -> None:
    folder, outside = Path(settings.folder), tmp_path / "outside"
    for made in (folder, outside):
        made.mkdir()
    (folder / "demo.lock").touch()
    (outside / "precious.jpg").write_bytes(b"x")
    try:
        (folder / "cache").symlink_to(outside, target_is_directory=True)
    except OSError:
        pytest.skip("this account may not make symbolic links")
    start(settings).stop()
    assert (outside / "precious.jpg").exists()
    assert not (folder / "cache").exists()


def test_a_demo_that_is_not_ready_in_time_is_ended_and_can_be_started_again(settings: Demo) -> None:
    with pytest.raises(DemoError, match="was not ready within 0"):
        start(settings, ready_s=0.01)
    demo = start(settings)
    demo.process.kill()
    demo.stop()
    demo.stop()  # twice, and after a crash: quiet


def demo_process(url: str, folder: Path, *arguments: str) -> tuple[str, str, int]:
    """Run `python -m hmi.demo` to its end: what it said, what it complained about, its status."""
    command = [sys.executable, "-m", "hmi.demo", "--url", url, "--folder", str(folder), *arguments]
    done = subprocess.run(
        command, cwd=PROJECT, capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    return done.stdout, done.stderr, done.returncode


def test_it_stops_by_itself_after_so_many_parts(url: str, tmp_path: Path) -> None:
    arguments = ("--cameras", "1", "--history", "3", "--parts", "2", "--period", "0.1")
    assert demo_process(url, tmp_path / "images", *arguments) == ("ready\n", "", 0)
    assert count(url, TRIGGERS) == 5


def test_it_fills_a_plant_without_pictures(url: str, tmp_path: Path) -> None:
    assert demo_process(url, tmp_path, "--triggers", "50", "--parts", "0") == ("ready\n", "", 0)
    assert (count(url, TRIGGERS), list(tmp_path.rglob("*.jpg"))) == (50, [])


def test_a_database_that_cannot_be_reached_is_named_in_one_line(tmp_path: Path) -> None:
    nowhere = f"sqlite:///{(tmp_path / 'no' / 'plant.db').as_posix()}"
    complaint = "the plant database: unable to open database file\n"
    assert demo_process(nowhere, tmp_path) == ("", complaint, 1)
