"""How often the plant is asked, what counts as watched time, and how names of hosts are looked up."""

import socket
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from hmi.plant.addresses import Addresses
from hmi.plant.database import PlantUnavailable
from hmi.plant.deadline import Deadline
from hmi.plant.failures import Kind
from hmi.plant.pace import Pace, WatchedTime
from tests import plants
from tests.plants import VisionSystem, database, feed

vision = plants.vision
lite_vision = plants.lite_vision
pg_vision = plants.pg_vision


@pytest.mark.parametrize("kind", ["refused", "timeout", "frozen", "locked"])
def test_what_heals_by_itself_is_tried_again_within_a_second(kind: Kind) -> None:
    pace = Pace(0.5)
    for _ in range(50):
        pace.failed(kind)
        assert 0.25 <= pace.delay_s <= 1


@pytest.mark.parametrize("kind", ["password", "permission", "schema", "other"])
def test_what_needs_a_person_is_tried_less_and_less(kind: Kind) -> None:
    pace = Pace(0.5)
    delays = []
    for _ in range(10):
        pace.failed(kind)
        delays.append(pace.delay_s)
    assert min(delays) >= 1
    assert 20 <= delays[-1] <= 30


def test_after_a_success_the_usual_pace_holds_again() -> None:
    pace = Pace(0.5)
    pace.failed("password")
    pace.succeeded(more=False, brought=False)
    assert pace.delay_s == 0.5
    pace.succeeded(more=True, brought=False)
    assert pace.delay_s == 0


def test_while_a_part_comes_in_it_is_read_twice_as_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hmi.plant.pace.LIVELY_S", 0.05)
    pace = Pace(0.5)
    pace.succeeded(more=False, brought=True)
    assert pace.delay_s == 0.25
    pace.succeeded(more=False, brought=False)
    assert pace.delay_s == 0.25, "the rest of it is expected"
    time.sleep(0.06)
    pace.succeeded(more=False, brought=False)
    assert pace.delay_s == 0.5


def test_watched_time_stands_still_while_reads_fail() -> None:
    watched = WatchedTime(100)
    watched.begin()
    watched.succeeded()
    watched.begin()
    watched.failed()
    time.sleep(0.05)
    assert watched.begin() == 100
    watched.succeeded()
    time.sleep(0.02)
    assert watched.begin() >= 100.02


def test_batches_carry_the_watched_time(lite_vision: VisionSystem) -> None:
    with feed(lite_vision.url) as plant:
        first = plant.tick().began_s
        time.sleep(0.02)
        second = plant.tick()
        assert second.began_s >= first + 0.02
    with feed(lite_vision.url, second.position) as plant:
        assert plant.tick().began_s == second.began_s


def test_a_name_server_that_never_answers_holds_one_thread_and_nobody_else() -> None:
    answer = threading.Event()
    addresses = Addresses("plant.example", lookup=lambda *_, **__: answer.wait(5) and [])
    threads = threading.active_count()
    for _ in range(3):
        with pytest.raises(PlantUnavailable, match=r"plant\.example") as raised:
            addresses.find(Deadline(0.05))
        assert raised.value.kind == "timeout"
    assert threading.active_count() == threads + 1
    answer.set()


def test_an_unknown_name_is_said() -> None:
    def unknown(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with pytest.raises(PlantUnavailable, match="is unknown"):
        Addresses("plant.example", lookup=unknown).find(Deadline(5))


@pytest.mark.parametrize("host", ["", "192.0.2.7", "::1", "fe80::1%eth0", "/var/run/postgresql", "a,b"])
def test_what_is_no_name_is_not_looked_up(host: str) -> None:
    assert Addresses(host, lookup=lambda *_, **__: pytest.fail("looked up")).find(Deadline(5)) == []


def test_a_plant_by_name_is_reached(pg_vision: VisionSystem) -> None:
    with feed(pg_vision.url.replace("127.0.0.1", "localhost")) as plant:
        assert plant.tick().clock_skew_s is not None


def test_a_missing_sqlite_file_is_refused_and_not_made(tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    with (
        feed(f"sqlite:///{path}") as plant,
        pytest.raises(PlantUnavailable, match="does not exist") as raised,
    ):
        plant.tick()
    assert raised.value.kind == "refused"
    assert not path.exists()


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    path = tmp_path / "text.db"
    path.write_text("no database " * 100, encoding="utf-8")
    with feed(f"sqlite:///{path}") as plant, pytest.raises(PlantUnavailable, match="not a database"):
        plant.tick()


def test_a_locked_sqlite_file_is_not_waited_for(lite_vision: VisionSystem) -> None:
    with closing(sqlite3.connect(lite_vision.url.removeprefix("sqlite:///"))) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        plant = database(lite_vision.url, lock_timeout_ms=50)
        with pytest.raises(PlantUnavailable) as raised, plant.read() as session:
            session.rows('SELECT 1 FROM "Cameras"')
    assert raised.value.kind == "locked"


def test_a_slow_sqlite_query_ends_at_the_deadline(lite_vision: VisionSystem) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    with (
        pytest.raises(PlantUnavailable) as raised,
        database(lite_vision.url, deadline_s=0.2).read() as session,
    ):
        session.rows(endless)
    assert raised.value.kind == "timeout"


def test_two_threads_read_one_after_the_other(vision: VisionSystem) -> None:
    plant = database(vision.url)
    with plant.read() as session:
        assert session.rows("SELECT 1") == [(1,)]
        refused: list[PlantUnavailable] = []
        other = threading.Thread(target=_read_within, args=(plant, 0.05, refused))
        other.start()
        other.join()
    assert [error.kind for error in refused] == ["timeout"]
    _read_within(plant, 3, refused)
    assert len(refused) == 1
    plant.close()


def _read_within(plant: object, seconds: float, refused: list[PlantUnavailable]) -> None:
    try:
        with plant.read(seconds) as session:  # type: ignore[attr-defined]
            session.rows("SELECT 1")
    except PlantUnavailable as error:
        refused.append(error)
