"""The server while others ask too much of it, and the plant database while the server works."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from hmi.demo import DemoPlant, make_plant
from hmi.store import audit
from tests.people import settle_in
from tests.postgres import OwnServer, own_server
from tests.servers import Kiosk, Server
from tests.signing_in import headers_of
from tests.waiting import until

pytestmark = pytest.mark.postgres

EXPORTS, ENTRIES = 16, 1_500
TABLES = ("/admin/audit.csv", "/api/audit?format=csv")
CAMERAS = 2
SAMPLE = """
SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::float8, count(*),
       count(*) FILTER (WHERE wait_event_type = 'Lock')
FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'porosity-hmi%'"""
LOCKS = """
SELECT DISTINCT mode FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE datname = current_database() AND application_name LIKE 'porosity-hmi%' AND locktype <> 'virtualxid'"""
HARMLESS = {"AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareLock", "ExclusiveLock"}


@pytest.fixture(scope="module")
def postgres() -> Iterator[OwnServer]:
    with own_server() as server:
        yield server


@pytest.fixture
def plant(postgres: OwnServer, tmp_path) -> Iterator[DemoPlant]:
    url = postgres.url(postgres.create())
    make_plant(url, CAMERAS)
    plant = DemoPlant(url, tmp_path / "images", cameras=CAMERAS, picture_px=320)
    plant.url = url
    yield plant
    plant.close()


def test_slow_exports_take_no_thread_from_the_kiosks(plant, tmp_path):
    with Server(tmp_path / "server", plant.url) as server, closing(server.store()) as store:
        settle_in(store)
        headers = headers_of(server, "Ada")
        with store.write() as session:
            for number in range(ENTRIES):
                audit.record(session, "note", "Ada", None, f"entry {number}", {"text": "x" * 400})
        answers: list[int] = []

        def export(path: str) -> None:
            answers.append(server.get(path, headers=headers, timeout_s=60).status)

        exports = [
            threading.Thread(target=export, args=(path,)) for path in TABLES for _ in range(EXPORTS // 2)
        ]
        until(server.is_fresh)
        with Kiosk(server, every_s=0.02) as kiosk:
            for thread in exports:
                thread.start()
            for thread in exports:
                thread.join()
            until(lambda: len(kiosk.answers) > 20)
        assert set(answers) <= {200, 503}
        assert 200 in answers
        assert (kiosk.unanswered, kiosk.statuses - {200, 204}) == ([], set())
        assert kiosk.slowest_s() <= 0.25


def test_a_working_server_holds_nothing_of_the_plant_for_long(plant, postgres, tmp_path):
    name = plant.url.rsplit("/", 1)[1]
    with Server(tmp_path / "server", plant.url) as server, closing(postgres.connect(name)) as watching:
        until(server.is_fresh)
        stop = threading.Event()

        def produce() -> None:
            while not stop.is_set():
                plant.part(defects=None, pictures=False)

        writing = threading.Thread(target=produce)
        writing.start()
        oldest_s, most, waits, modes = 0.0, 0, 0, set()
        end = time.monotonic() + 4
        with watching.cursor() as cursor:
            while time.monotonic() < end:
                cursor.execute(SAMPLE)
                age_s, connections, waiting = cursor.fetchone()
                oldest_s, most, waits = max(oldest_s, age_s), max(most, connections), waits + waiting
                cursor.execute(LOCKS)
                modes |= {row[0] for row in cursor.fetchall()}
                time.sleep(0.02)
        stop.set()
        writing.join()
    assert oldest_s <= 1.0
    assert 1 <= most <= 8
    assert waits == 0
    assert modes <= HARMLESS
