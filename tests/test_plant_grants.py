"""The check of the account's rights, for whoever sets the plant up."""

from collections.abc import Iterator

import pytest

from hmi.plant.grants import Grant, check_grants
from hmi.plant.writeback import Write, write_back
from tests import plants, readme
from tests.plants import VisionSystem, database
from tests.postgres import PostgresServer

lite_vision = plants.lite_vision
pg_vision = plants.pg_vision

#: those of the README, for a role that is made here
_, *GRANTS = readme.grants("hmi", to="hmi_reader")


def check(url: str) -> dict[str, Grant]:
    plant = database(url)
    try:
        return {grant.what: grant for grant in check_grants(plant)}
    finally:
        plant.close()


@pytest.fixture
def account(postgres_server: PostgresServer, pg_vision: VisionSystem) -> Iterator[str]:
    """The plant's address for an account without any right in it."""
    if not postgres_server.is_ours:
        pytest.skip("makes an account, which belongs to a whole server")
    postgres_server.run("CREATE ROLE hmi_reader LOGIN PASSWORD 'secret'")
    yield postgres_server.url(pg_vision.url.rsplit("/", 1)[1], user="hmi_reader", password="secret")
    pg_vision.run("DROP OWNED BY hmi_reader")
    postgres_server.run("DROP ROLE hmi_reader")


def test_an_account_with_just_the_grants_passes(account: str, pg_vision: VisionSystem) -> None:
    pg_vision.run(*GRANTS)
    checked = check(account)
    assert [what for what, grant in checked.items() if not grant.ok] == []
    assert len([what for what in checked if what.startswith("SELECT on")]) == 10


def test_an_account_without_grants_is_told_which(account: str) -> None:
    checked = check(account)
    assert checked["SELECT on Defects"].text == 'missing: GRANT SELECT ON "Defects"'
    assert checked["UPDATE of Defects.disposition"].text == 'missing: GRANT UPDATE (disposition) ON "Defects"'


def test_rights_beyond_what_is_needed_are_named(account: str, pg_vision: VisionSystem) -> None:
    pg_vision.run(
        *GRANTS, 'GRANT UPDATE ON "Images" TO hmi_reader', "GRANT CREATE ON SCHEMA public TO hmi_reader"
    )
    pg_vision.run('GRANT UPDATE (x) ON "Defects" TO hmi_reader')
    checked = check(account)
    assert checked["changes elsewhere"].text == "the account may change Images, Defects"
    assert not checked["CREATE in the schema"].ok


def test_a_superuser_is_warned_about_and_publications_are_listed(pg_vision: VisionSystem) -> None:
    checked = check(pg_vision.url)
    assert not checked["superuser"].ok
    assert checked["publications of all tables"].text.startswith("everything:")


def test_a_missing_table_is_named(pg_vision: VisionSystem) -> None:
    pg_vision.run('DROP TABLE "Outflow"')
    assert check(pg_vision.url)["SELECT on Outflow"].text == "the table is not there"


def test_an_sqlite_plant_has_no_rights(lite_vision: VisionSystem) -> None:
    assert [grant.ok for grant in check(lite_vision.url).values()] == [True]


def test_an_account_with_just_the_grants_writes_decisions(account: str, pg_vision: VisionSystem) -> None:
    pg_vision.run(*GRANTS)
    pg_vision.part(images=1, defects=1)
    box = {"image": 1, "x": 0, "y": 20, "width": 8, "height": 6}
    plant = database(account)
    try:
        outcome = write_back(plant, Write(1, box, None, "Part Okay", None, "mark", "okay"))
    finally:
        plant.close()
    assert outcome.state == "done"
