"""The whole server under faults of the plant database, seen by a kiosk that polls it all the while.

A kiosk counts as live while what it is answered is less than 5 s old: after a fault no longer than that, and
again within 5 s after it has healed.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from hmi.demo import DemoPlant, make_plant
from tests.postgres import OwnServer, own_server
from tests.proxy import Proxy
from tests.servers import Answer, Kiosk, Server
from tests.waiting import until

pytestmark = pytest.mark.postgres

OUTAGE_S = 8.0
FRESH_S = 5.0
SLACK_S = 0.6  # from one look at the clock to the next, and for a machine with more to do
SLOWEST_S = 0.25
CAMERAS = 2
SAID = [r"hmi\.leading: the plant database cannot be read"]

Fault = Callable[[], object]


class Plant:
    """A plant on a PostgreSQL that may be frozen and stopped, reached through a cable that may be pulled."""

    def __init__(self, postgres: OwnServer, cable: Proxy, folder: Path) -> None:
        self.postgres = postgres
        self.cable = cable
        self.dbname = postgres.create()
        make_plant(postgres.url(self.dbname), CAMERAS)
        self.url = postgres.url(self.dbname, port=cable.port)
        self.vision = DemoPlant(postgres.url(self.dbname), folder / "images", cameras=CAMERAS, picture_px=320)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        self.postgres.freeze()
        try:
            yield
        finally:
            self.postgres.thaw()

    @contextmanager
    def cable_pulled(self) -> Iterator[None]:
        self.cable.hold()
        try:
            yield
        finally:
            self.cable.pass_on()

    @contextmanager
    def forgotten_by_a_firewall(self) -> Iterator[None]:
        self.cable.swallow()
        try:
            yield
        finally:
            self.cable.pass_on()

    @contextmanager
    def locked(self) -> Iterator[None]:
        with closing(self.postgres.connect(self.dbname)) as connection, connection.cursor() as cursor:
            cursor.execute('BEGIN; LOCK TABLE "Triggers", "Images", "Defects" IN ACCESS EXCLUSIVE MODE')
            yield

    def is_read_after(self, server: Server, serial: str) -> bool:
        return serial.encode() in server.poll().body


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    with own_server() as postgres, Proxy(postgres.port) as cable:
        plant = Plant(postgres, cable, tmp_path_factory.mktemp("plant"))
        yield plant
        plant.vision.close()


@pytest.fixture(scope="module")
def running(plant: Plant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("server"), plant.url) as server:
        until(server.is_fresh)
        yield server


@pytest.fixture
def server(running: Server) -> Iterator[Server]:
    """The running server, fresh; its log is shown where a test fails, and holds no fault of its own."""
    until(running.is_fresh)
    since = len(running.log)
    yield running
    print(running.log[since:])
    assert running.complaints(since, expected=SAID) == []


def seconds_until(condition: Callable[[], object]) -> float:
    began = time.monotonic()
    until(condition)
    return time.monotonic() - began


@pytest.mark.parametrize("fault", ["frozen", "cable_pulled", "forgotten_by_a_firewall", "locked"])
def test_a_plant_that_does_not_answer_is_said_to_be_stale_and_costs_nobody_anything(plant, server, fault):
    threads, most = server.threads, 0
    with Kiosk(server) as kiosk:
        with getattr(plant, fault)():
            began_s = time.monotonic()
            while time.monotonic() < began_s + OUTAGE_S:
                most = max(most, server.threads)
                time.sleep(0.2)
            ended_s = time.monotonic()
        until(lambda: kiosk.live_between(ended_s))
        back_s = kiosk.live_between(ended_s)[0] - ended_s
    assert kiosk.live_between(began_s, began_s + 1) != []
    assert kiosk.live_between(began_s + FRESH_S + SLACK_S, ended_s) == []
    assert (kiosk.unanswered, kiosk.statuses - {200, 204}) == ([], set())
    assert kiosk.slowest_s() <= SLOWEST_S
    assert most - threads <= 1
    assert back_s <= FRESH_S


def test_the_poll_says_why_the_plant_is_not_read(plant, server):
    with plant.locked():
        until(lambda: "lock" in server.poll().headers.get("x-hmi-trouble", ""))
    until(lambda: "x-hmi-trouble" not in server.poll().headers)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restart_of_the_plant_database_is_not_noticed_by_anybody(plant, server, mode):
    with Kiosk(server) as kiosk:
        plant.postgres.restart(mode)
        plant.vision.close()  # its connections are broken too
        written = plant.vision.part(defects={})
        took_s = seconds_until(lambda: plant.is_read_after(server, written.serial))
    assert (kiosk.unanswered, kiosk.statuses) == ([], {200})
    assert [at for at, answer in kiosk.answers if not answer.is_fresh] == []
    assert took_s <= FRESH_S


@pytest.fixture
def without_its_plant(plant: Plant, tmp_path: Path) -> Iterator[tuple[Server, float]]:
    """A server that was started while the plant database is down, and the seconds that the start took."""
    plant.postgres.stop()
    began = time.monotonic()
    try:
        cameras = [{"serial": "A", "name": "Face"}, {"serial": "B", "name": "Bore"}]
        with Server(tmp_path / "late", plant.url, line={"cameras": cameras}) as server:
            yield server, time.monotonic() - began
            print(server.log)
            assert server.complaints(expected=SAID) == []
    finally:
        plant.postgres.restart()


def test_a_server_starts_without_its_plant_database_and_finds_it_later(plant, without_its_plant):
    server, took_s = without_its_plant
    assert took_s <= 10
    assert (server.get("/livez").status, server.get("/readyz").status) == (200, 503)
    until(lambda: server.poll().status == 200)
    assert tiles_of(server.poll()) == ["waiting", "waiting"]
    assert not server.is_fresh()
    plant.postgres.start()
    assert seconds_until(server.is_fresh) <= FRESH_S
    assert seconds_until(lambda: server.get("/readyz").status == 200) <= FRESH_S


def tiles_of(answer: Answer) -> list[str]:
    pieces = answer.body.decode().split('class="tile is-')[1:]
    return [piece.split('"')[0] for piece in pieces]


def test_a_server_that_was_killed_and_started_again_is_live_within_seconds(plant, tmp_path):
    with Server(tmp_path / "killed", plant.url) as server:
        until(server.is_fresh)
        server.kill()
        server.start()
        assert (
            seconds_until(server.is_fresh) <= FRESH_S + 1
        )  # its own lease, never given back, runs out first
        assert server.complaints() == []


def test_a_server_that_is_told_to_stop_ends_in_order_and_gives_its_lease_back(plant, tmp_path):
    with Server(tmp_path / "stopped", plant.url) as server:
        until(server.is_fresh)
        server.restart()
        assert seconds_until(server.is_fresh) <= FRESH_S
        assert server.complaints() == []
