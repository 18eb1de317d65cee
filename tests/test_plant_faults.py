"""The plant database fails in every way that it can: each read ends in time, and heals by itself."""

import io
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import psycopg2
import pytest
from psycopg2 import sql
from sqlalchemy import create_engine, text

from hmi.plant import postgres as postgres_way
from hmi.plant.database import PlantDatabase, PlantUnavailable
from hmi.plant.feed import Feed
from tests import plants
from tests.plants import VisionSystem, feed_settings, template
from tests.postgres import OwnServer, own_server
from tests.proxy import Proxy

pytestmark = pytest.mark.postgres

vision = plants.vision
lite_vision = plants.lite_vision
pg_vision = plants.pg_vision

DEADLINE_S = 0.6
OUR_LOCKS = """
SELECT locktype, mode FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE application_name = 'porosity-hmi feed'"""
AT_ONCE_S = 5  # heals within, the figure that every fault must keep


@pytest.fixture(scope="module")
def server() -> Iterator[OwnServer]:
    with own_server(max_connections=12, superuser_reserved_connections=3) as running:
        yield running


@pytest.fixture
def plant_url(server: OwnServer) -> Iterator[str]:
    with server.database(template(server)) as url:
        VisionSystem(url).part()
        yield url


@contextmanager
def feed(url: str, *, needs_cameras: bool = False, **limits: Any) -> Iterator[Feed]:
    limits = {"deadline_s": DEADLINE_S, "connect_timeout_s": DEADLINE_S, "lock_timeout_ms": 100, **limits}
    database = PlantDatabase(url, **limits)
    yield Feed(database, feed_settings(), needs_cameras=needs_cameras)
    database.close()


def failure(plant: Feed) -> PlantUnavailable:
    """The failure of one tick, which must come in time."""
    began = time.monotonic()
    with pytest.raises(PlantUnavailable) as raised:
        plant.tick()
    assert time.monotonic() - began < DEADLINE_S + 1.5
    return raised.value


def heals(plant: Feed) -> None:
    """The feed reads again, at its own pace, soon enough."""
    ends = time.monotonic() + AT_ONCE_S
    while True:
        time.sleep(plant.delay_s)
        try:
            plant.tick()
        except PlantUnavailable:
            assert time.monotonic() < ends
        else:
            return


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restart_costs_one_read_at_most(server: OwnServer, plant_url: str, mode: Any) -> None:
    with feed(plant_url) as plant:
        plant.tick()
        server.restart(mode)
        with suppress(PlantUnavailable):
            plant.tick()  # the one that is lost, unless the connection was made anew before it
        heals(plant)


def test_a_server_that_is_down_is_refused_until_it_is_up(server: OwnServer, plant_url: str) -> None:
    server.stop()
    with feed(plant_url) as plant:
        try:
            assert failure(plant).kind == "refused"
            assert str(failure(plant)) == str(failure(plant))
        finally:
            server.start()
        heals(plant)


def test_a_frozen_server_is_given_up_at_the_deadline(server: OwnServer, plant_url: str) -> None:
    with feed(plant_url) as plant:
        plant.tick()
        threads = threading.active_count()
        server.freeze()
        try:
            assert [failure(plant).kind for _ in range(3)] == ["frozen", "timeout", "timeout"]
            assert threading.active_count() == threads
        finally:
            server.thaw()
        heals(plant)


def test_other_users_of_the_driver_do_not_notice(
    server: OwnServer, plant_url: str, pg_vision: VisionSystem
) -> None:
    engine = create_engine(pg_vision.url.replace("postgresql://", "postgresql+psycopg2://"))
    with feed(plant_url, deadline_s=5) as plant:
        plant.tick()
        server.freeze()
        waiting = threading.Thread(target=_tick_if_possible, args=(plant,))
        waiting.start()
        try:
            with engine.begin() as connection:
                assert connection.scalar(text("SELECT 1 FROM pg_sleep(0.2)")) == 1
                cursor = connection.connection.cursor()
                cursor.execute("CREATE TEMP TABLE copied (line text)")
                cursor.copy_expert("COPY copied FROM STDIN", io.StringIO("one\ntwo\n"))
                assert connection.scalar(text("SELECT count(*) FROM copied")) == 2
            assert waiting.is_alive()
        finally:
            server.thaw()
        waiting.join()
    engine.dispose()


@pytest.mark.parametrize("pull", [Proxy.hold, Proxy.swallow], ids=["bytes wait", "bytes vanish"])
def test_a_pulled_cable_is_given_up_at_the_deadline(
    server: OwnServer, plant_url: str, pull: Callable[[Proxy], None]
) -> None:
    with Proxy(server.port) as proxy, feed(_through(proxy, plant_url)) as plant:
        plant.tick()
        pull(proxy)
        assert [failure(plant).kind for _ in range(2)] == ["frozen", "timeout"]
        proxy.pass_on()
        heals(plant)


def test_a_reset_connection_is_opened_anew(server: OwnServer, plant_url: str) -> None:
    with Proxy(server.port) as proxy, feed(_through(proxy, plant_url)) as plant:
        plant.tick()
        proxy.cut()
        assert failure(plant).kind == "refused"
        proxy.pass_on()
        heals(plant)


def test_a_slow_network_is_no_fault(server: OwnServer, plant_url: str) -> None:
    with Proxy(server.port) as proxy, feed(_through(proxy, plant_url), deadline_s=3) as plant:
        plant.tick()
        proxy.delay(0.02)
        plant.tick()


def test_the_server_ends_sessions_that_a_pulled_cable_left(
    server: OwnServer, plant_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_way, "IDLE_SESSION_S", 1)
    with Proxy(server.port) as proxy, feed(_through(proxy, plant_url)) as plant:
        plant.tick()
        proxy.swallow()
        failure(plant)
        ends = time.monotonic() + 10
        while _sessions(server) and time.monotonic() < ends:
            time.sleep(0.2)
        assert _sessions(server) == 0


@pytest.mark.parametrize("table", ["Triggers", "Images", "Defects", "Suppressed_Defects"])
def test_a_locked_table_is_not_waited_for(server: OwnServer, plant_url: str, table: str) -> None:
    with feed(plant_url) as plant, closing(psycopg2.connect(plant_url)) as vendor, vendor.cursor() as cursor:
        plant.tick()
        cursor.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(table)))
        assert failure(plant).kind == "locked"
        vendor.rollback()
        heals(plant)


def test_a_lock_on_a_small_table_does_not_stop_the_pictures(server: OwnServer, plant_url: str) -> None:
    with feed(plant_url) as plant, closing(psycopg2.connect(plant_url)) as vendor, vendor.cursor() as cursor:
        cursor.execute('LOCK TABLE "Outflow" IN ACCESS EXCLUSIVE MODE')
        batch = plant.tick()
        assert len(batch.images) == 5
        assert any("locked" in remark for remark in batch.remarks)


def test_nothing_counts_before_it_is_known_which_cameras_there_are(server: OwnServer, plant_url: str) -> None:
    with (
        feed(plant_url, needs_cameras=True) as plant,
        closing(psycopg2.connect(plant_url)) as vendor,
        vendor.cursor() as cursor,
    ):
        cursor.execute('LOCK TABLE "Cameras" IN ACCESS EXCLUSIVE MODE')
        for _ in range(2):
            with pytest.raises(PlantUnavailable, match="locked"):
                plant.tick()
        vendor.rollback()
        cursor.execute('LOCK TABLE "Outflow" IN ACCESS EXCLUSIVE MODE')
        batch = plant.tick()  # another small table stops nothing, not even then
        assert (len(batch.images), len(batch.tables["Cameras"])) == (5, 5)
        assert any("locked" in remark for remark in batch.remarks)
        vendor.rollback()
        cursor.execute('LOCK TABLE "Cameras" IN ACCESS EXCLUSIVE MODE')
        plant.tick()  # known once, neither does it


def test_a_read_holds_no_transaction_open(server: OwnServer, plant_url: str) -> None:
    with feed(plant_url) as plant:
        plant.tick()
        states = server.run("SELECT state FROM pg_stat_activity WHERE application_name = 'porosity-hmi feed'")
    assert states == [("idle",)]


def test_reading_at_full_speed_stands_in_nobodys_way(server: OwnServer, plant_url: str) -> None:
    vendor, stop, longest_s = VisionSystem(plant_url), threading.Event(), 0.0
    with feed(plant_url) as plant:
        reading = threading.Thread(target=_tick_until, args=(plant, stop))
        reading.start()
        for number in range(20):
            began = time.monotonic()
            vendor.run(f'ALTER TABLE "Defects" ADD COLUMN extra_{number} int')
            vendor.part()
            longest_s = max(longest_s, time.monotonic() - began)
        stop.set()
        reading.join()
    assert longest_s < 5, "who waits for a reader that never pauses waits for ever"


def test_a_read_takes_no_lock_but_a_readers(server: OwnServer, plant_url: str) -> None:
    database = PlantDatabase(plant_url, 3, 3, 500)
    with database.read() as session:
        session.rows('SELECT count(*) FROM "Defects"')
        locks = set(server.run(OUR_LOCKS))
    database.close()
    assert locks == {("relation", "AccessShareLock"), ("virtualxid", "ExclusiveLock")}


def test_a_read_cannot_write(server: OwnServer, plant_url: str) -> None:
    database = PlantDatabase(plant_url, 3, 3, 500)
    with pytest.raises(PlantUnavailable), database.read() as session:
        session.rows('DELETE FROM "Defects"')
    database.close()


def test_a_slow_query_is_ended_by_the_server(server: OwnServer, plant_url: str) -> None:
    database = PlantDatabase(plant_url, 3, 3, 500)
    began = time.monotonic()
    with pytest.raises(PlantUnavailable) as raised, database.read() as session:
        session.rows("SELECT pg_sleep(10)")
    assert raised.value.kind == "timeout"
    assert time.monotonic() - began < 8
    running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(10)' AND state = 'active'"
    assert server.run(running) == [(0,)]
    database.close()


def test_a_rotated_password_is_said_clearly_and_tried_rarely(
    server: OwnServer, plant_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with _account(server, plant_url, "first-secret") as url, feed(url) as plant:
        plant.tick()
        server.run("ALTER ROLE reader PASSWORD 'second-secret'")
        server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'")
        failure(plant)
        failures = [failure(plant) for _ in range(3)]
        assert {error.kind for error in failures} == {"password"}
        assert plant.delay_s >= 1
    assert "password" in str(failures[0])
    assert "secret" not in caplog.text + "".join(map(str, failures)) + "".join(map(repr, failures))


def test_a_revoked_right_is_said_clearly(server: OwnServer, plant_url: str) -> None:
    with _account(server, plant_url, "secret") as url, feed(url) as plant:
        plant.tick()
        VisionSystem(plant_url).run('REVOKE SELECT ON "Defects" FROM reader')
        error = failure(plant)
        assert error.kind == "permission"
        assert "Defects" in str(error)
        VisionSystem(plant_url).run('GRANT SELECT ON "Defects" TO reader')
        heals(plant)


def test_a_full_server_is_said_clearly_and_heals(server: OwnServer, plant_url: str) -> None:
    with _account(server, plant_url, "secret") as url, feed(url) as plant:
        others = [psycopg2.connect(url) for _ in range(9)]
        assert failure(plant).kind == "too_many"
        assert 1 <= plant.delay_s <= 4
        for other in others:
            other.close()
        heals(plant)


def test_a_database_that_is_not_there_is_named(server: OwnServer, plant_url: str) -> None:
    with feed(server.url("no_such_plant")) as plant:
        assert "no_such_plant" in str(failure(plant))


def _tick_until(plant: Feed, stop: threading.Event) -> None:
    while not stop.is_set():
        _tick_if_possible(plant)


def _tick_if_possible(plant: Feed) -> None:
    with suppress(PlantUnavailable):
        plant.tick()


def _through(proxy: Proxy, url: str) -> str:
    return url.replace(url.rsplit(":", 1)[1].split("/")[0], str(proxy.port))


def _sessions(server: OwnServer) -> int:
    return server.run("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'porosity-hmi feed'")[
        0
    ][0]


@contextmanager
def _account(server: OwnServer, url: str, password: str) -> Iterator[str]:
    """The plant's address for an account that may read everything."""
    name = url.rsplit("/", 1)[1]
    server.run(f"CREATE ROLE reader LOGIN PASSWORD '{password}'")
    VisionSystem(url).run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    try:
        yield server.url(name, user="reader", password=password)
    finally:
        VisionSystem(url).run("DROP OWNED BY reader")
        server.run("DROP ROLE reader")
