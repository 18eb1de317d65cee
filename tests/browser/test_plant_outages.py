"""What a kiosk shows when the server is well and the plant database is not."""

from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from tests.browser.floors import Floor, shows
from tests.browser.outages import Fault, assert_told_and_healed, during
from tests.postgres import OwnServer, own_server

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def postgres() -> Iterator[OwnServer]:
    with own_server() as server:
        yield server


@pytest.fixture(scope="module")
def dbname(postgres: OwnServer) -> str:
    return postgres.create()


@pytest.fixture(scope="module")
def standing_floor(
    postgres: OwnServer, dbname: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Floor]:
    floor = Floor(tmp_path_factory.mktemp("floor"), plant_url=postgres.url(dbname), cameras=2)
    floor.expected = [r"hmi\.leading: the plant database cannot be read"]
    yield floor
    floor.close()


def test_a_plant_database_that_stands_still_is_told_as_stale(kiosk, postgres):
    frozen = Fault(kiosk, postgres.freeze, postgres.thaw)
    assert_told_and_healed(during({"frozen": frozen})["frozen"], "STALE: plant not read since")


def test_a_plant_database_that_somebody_locks_is_told_as_stale(kiosk, postgres, dbname):
    with ExitStack() as held:
        connection = held.enter_context(closing(postgres.connect(dbname)))
        cursor = connection.cursor()
        lock = lambda: cursor.execute('BEGIN; LOCK TABLE "Images" IN ACCESS EXCLUSIVE MODE')  # noqa: E731
        locked = Fault(kiosk, lock, held.close)
        assert_told_and_healed(during({"locked": locked})["locked"], "STALE: plant not read since")


def test_a_part_that_came_while_nothing_could_be_read_is_shown_afterwards(kiosk, floor, postgres):
    postgres.restart("immediate")
    floor.vision.close()  # its connections are broken too
    shows(kiosk, floor.judged(floor.borderline(), "review"), "review")
