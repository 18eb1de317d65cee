"""The store: transactions, times, migrations forward and back, on SQLite and on PostgreSQL."""

import threading
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import insert, inspect, select, text
from sqlalchemy.exc import IntegrityError, StatementError

from hmi.store import Store, StoreTooSlow, StoreUnavailable, migrate, state
from hmi.store.rules import Region
from hmi.store.runs import Run, key_of, reference
from hmi.store.state import State
from hmi.store.tables import TABLES

NOON = datetime(2026, 5, 8, 12, tzinfo=UTC)


def a_run(number: int = 1, **columns) -> Run:
    usual = {"generation": 1, "at": NOON, "order_ms": 1, "first_seen": NOON, "past": False}
    return Run(id=number, **{**usual, **columns})


def add_a_run_and_break_off(store) -> None:
    with store.write() as session:
        session.add(a_run())
        session.flush()
        raise InterruptedError


def test_what_is_written_is_read(store):
    with store.write() as session:
        session.add(a_run(serial="38A 1"))
    with store.read() as session:
        assert session.get(Run, (1, 1)).serial == "38A 1"


def test_a_block_that_raises_writes_nothing(store):
    with pytest.raises(InterruptedError):
        add_a_run_and_break_off(store)
    with store.read() as session:
        assert session.get(Run, (1, 1)) is None


def test_times_come_back_as_the_same_instant_in_utc(store):
    in_detroit = NOON.astimezone(timezone(timedelta(hours=-4)))
    with store.write() as session:
        session.add(a_run(at=in_detroit))
    with store.read() as session:
        found = session.get(Run, (1, 1)).at
    assert (found, found.tzinfo) == (NOON, UTC)


def test_a_time_without_a_zone_is_refused(store):
    with pytest.raises(StatementError, match="without a zone"), store.write() as session:
        session.add(a_run(at=datetime(2026, 5, 8)))  # noqa: DTZ001


def test_touching_counts_up(store):
    def count() -> int:
        with store.read() as session:
            return session.scalar(select(State.number).where(State.name == state.VERSION))

    before = count()
    for _ in range(3):
        with store.write() as session:
            state.touch(session)
    assert count() == before + 3


def test_a_new_store_never_counts_below_an_old_one(store):
    with store.read() as session:
        began = session.scalar(select(State.number).where(State.name == state.VERSION))
    assert abs(began - datetime.now(UTC).timestamp() * 1000) < 3_600_000


def test_writers_take_turns(store):
    def count_up() -> None:
        for _ in range(10):
            with store.write() as session:
                number = session.get(State, "counted", with_for_update=True)
                number.number += 1

    with store.write() as session:
        session.add(State(name="counted", number=0))
    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as session:
        assert session.get(State, "counted").number == 40


@pytest.mark.parametrize(
    "columns",
    [
        {"size_threshold": float("inf")},
        {"size_threshold": -1.0},
        {"proximity_threshold": float("inf")},
        {"density_threshold": 0},
        {"kind": "maybe"},
    ],
)
def test_the_database_itself_refuses_limits_that_are_none(store, columns):
    with pytest.raises(IntegrityError), store.write() as session:
        session.add(Region(camera_id="A", region_id="R", polygon=[], **columns))


@pytest.mark.postgres
def test_postgresql_refuses_a_limit_that_is_not_a_number(postgres_server, migrated):
    with postgres_server.database(migrated) as url:
        store = Store(url)
        with pytest.raises(IntegrityError), store.write() as session:
            session.add(Region(camera_id="A", region_id="R", polygon=[], size_threshold=float("nan")))
        store.close()


def test_a_region_is_unique_by_camera_name_and_part_type(store):
    with store.write() as session:
        session.add(Region(camera_id="A", region_id="R", polygon=[]))
        session.add(Region(camera_id="A", region_id="R", polygon=[], part_number="39MC"))
    with pytest.raises(IntegrityError), store.write() as session:
        session.add(Region(camera_id="A", region_id="R", polygon=[]))


def test_other_tools_can_write_a_region_with_the_plans_columns_alone(store):
    columns = {"camera_id": "A", "region_id": "Seal", "polygon": [{"x": 0, "y": 0}], "size_threshold": 1.5}
    with store.write() as session:
        session.execute(insert(Region).values(**columns))
    with store.read() as session:
        region = session.scalars(select(Region)).one()
    assert (region.active, region.kind, region.size_threshold) == (True, "inspect", 1.5)


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_migrations_make_exactly_the_tables_of_the_models(store):
    with store.engine.connect() as connection:
        options = {"version_table": migrate.VERSION_TABLE, "include_name": _is_modelled}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, TABLES) == []


def _is_modelled(name: str | None, kind: str, _parents: object) -> bool:
    """The search has tables of SQLite's own making, and an index that only PostgreSQL has."""
    if kind == "index":
        return name != "ix_hmi_run_pieces"
    return kind != "table" or not (name or "").startswith("hmi_search")


@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_migrations_run_back_and_forward_again(store):
    migrate.move(store, migrate.EMPTY)
    assert migrate.current(store) is None
    assert not set(inspect(store.engine).get_table_names()) & set(TABLES.tables)
    migrate.move(store, migrate.HEAD)
    assert migrate.current(store) == migrate.newest()


def test_an_unknown_revision_is_refused(store):
    with pytest.raises(migrate.UnknownRevision, match="9999"):
        migrate.move(store, "9999")


def test_two_that_migrate_at_once_take_turns(tmp_path):
    faults = []

    def bring_up() -> None:
        store = Store(f"sqlite:///{tmp_path / 'shared.db'}")
        try:
            migrate.upgrade(store)
        except Exception as error:
            faults.append(error)
        store.close()

    threads = [threading.Thread(target=bring_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_a_store_that_is_not_there_is_an_outage_not_a_fault():
    store = Store("postgresql://nobody:secret@127.0.0.1:9/none")
    with pytest.raises(StoreUnavailable) as outage, store.read() as session:
        session.execute(text("SELECT 1"))
    assert "secret" not in str(outage.value)
    store.close()


def test_a_mistake_in_a_statement_is_no_outage(store):
    with pytest.raises(Exception, match="nowhere") as mistake, store.read() as session:
        session.execute(text("SELECT * FROM nowhere"))
    assert not isinstance(mistake.value, StoreUnavailable)


@pytest.mark.parametrize("key", [(1, 318683), (2, 1), (17, 99)])
def test_a_reference_leads_back_to_its_key(key):
    assert key_of(reference(key)) == key


@pytest.mark.parametrize(
    "odd", ["", "0", "-1", "01", "1.1", "1.0", "1.", ".2", "9" * 5000, "١٢", "1e3", " 1", "1\n"]
)
def test_what_is_no_reference_is_refused(odd):
    with pytest.raises(ValueError, match="not a reference"):
        key_of(odd)


def test_a_statement_that_takes_too_long_is_ended_and_said(store):
    forever = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    began = time.monotonic()
    with pytest.raises(StoreTooSlow), store.read() as session:
        session.execute(text(forever))
    assert time.monotonic() - began < 10
    with store.write() as session:
        session.execute(text(forever.replace("FROM n)", "FROM n WHERE i < 1000)")))
