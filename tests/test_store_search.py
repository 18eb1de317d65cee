"""Finding parts by any piece of their serial, on SQLite and on PostgreSQL."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import delete

from hmi.store import migrate, search
from hmi.store.runs import Run

NOON = datetime(2026, 5, 8, 12, tzinfo=UTC)
SERIAL = "38A25125390338RFML3P 7006 MC"


def add(store, *serials: str | None, first: int = 1, **columns) -> None:
    with store.write() as session:
        for number, serial in enumerate(serials, first):
            usual = {"generation": 1, "at": NOON, "order_ms": number, "first_seen": NOON, "past": False}
            upper = serial.upper() if serial is not None else None
            session.add(Run(id=number, serial=serial, serial_upper=upper, **{**usual, **columns}))


def found(store, piece: str) -> list[str | None]:
    with store.read() as session:
        return [run.serial for run in search.find(session, piece).runs]


@pytest.mark.parametrize("piece", [SERIAL, "38A25", "7006 MC", "0338", " 0338 ", "rfml3p", "33", "8", "3P 7"])
def test_any_piece_of_a_serial_finds_it(store, piece):
    add(store, SERIAL, "another one of no use")
    assert found(store, piece) == [SERIAL]


@pytest.mark.parametrize(
    "piece", ["%", "_", "%%%%", "\\", "a%", "_b", '"', "'", "*", "a OR b", "NEAR(a b)", "-", "^a"]
)
def test_what_means_something_to_a_database_is_a_character_like_any_other(store, piece):
    add(store, "axb", "a or c", "a b", "abc")
    assert found(store, piece) == []
    add(store, f"x{piece}y", first=5)
    assert found(store, piece) == [f"x{piece}y"]


@pytest.mark.parametrize("piece", ["", "  ", "\t", "A" * 501])
def test_nothing_is_found_by_nothing(store, piece):
    add(store, SERIAL, "A" * 500, None)
    assert found(store, piece) == []


def test_the_newest_stand_first_and_each_serial_once(store):
    add(store, "S1 ALPHA", "S2 ALPHA", "S1 ALPHA", "S3 BETA")
    assert found(store, "alpha") == ["S1 ALPHA", "S2 ALPHA"]
    with store.read() as session:
        assert search.find(session, "S1").runs[0].id == 3


def test_no_more_than_two_hundred_are_given_and_it_is_said(store):
    add(store, *(f"S{number:05}" for number in range(250)))
    with store.read() as session:
        answer = search.find(session, "S0")
        few = search.find(session, "S0012")
    assert (len(answer.runs), answer.more) == (200, True)
    assert answer.runs[0].serial == "S00249"
    assert (len(few.runs), few.more) == (10, False)


def test_one_or_two_characters_are_looked_for_among_the_newest_and_it_is_said(store, monkeypatch):
    monkeypatch.setattr(search, "SHORT", 3)
    add(store, "OLD", "A1", "A2", "A3")
    with store.read() as session:
        short, long = search.find(session, "LD"), search.find(session, "OLD")
        assert (short.newest_only, long.newest_only) == (True, False)
        assert [run.serial for run in long.runs] == ["OLD"]
    monkeypatch.setattr(search, "SHORT", 4)
    with store.read() as session:
        assert not search.find(session, "A1").newest_only


def test_runs_that_are_gone_are_not_found(store):
    add(store, SERIAL, gone=True)
    assert found(store, SERIAL) == []


def test_a_serial_that_was_corrected_is_found_by_its_new_name_only(store):
    add(store, "OLD NAME")
    with store.write() as session:
        run = session.get(Run, (1, 1))
        run.serial = run.serial_upper = "NEW NAME"
    assert found(store, "NEW") == ["NEW NAME"]
    assert found(store, "OLD") == []


def test_a_rare_piece_is_found_far_back(store, monkeypatch):
    monkeypatch.setattr(search, "_NEWEST", 2)
    add(store, SERIAL, *(f"S{number}" for number in range(20)))
    assert found(store, "0338") == [SERIAL]
    assert found(store, "P ") == [SERIAL]


def test_parts_from_before_the_search_are_found(store):
    migrate.move(store, "0003")
    with store.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO hmi_run (generation, id, order_ms, serial, serial_upper, first_seen, past, gone,"
            " verdict, cameras_expected, cameras_judged)"
            " VALUES (1, 1, 1, 'Old 1', 'OLD 1', '2026-05-08 12:00:00', false, false, 'pass', 1, 1)"
        )
    migrate.move(store, migrate.HEAD)
    assert found(store, "ld 1") == ["Old 1"]


@given(text=st.text(min_size=1, max_size=12), piece=st.text(min_size=1, max_size=4))
@example(text="Straße", piece="SS")
@example(text="ſ", piece="s")
def test_the_search_agrees_with_the_language(store, text, piece):
    text, piece = text.replace("\0", ""), piece.replace("\0", "")
    text, piece = (one.encode("utf-8", "replace").decode() for one in (text, piece))
    with store.write() as session:
        session.execute(delete(Run))
    add(store, text)
    wanted = piece.strip().upper()
    expected = [text] if wanted and wanted in text.upper() else []
    assert found(store, piece) == expected


def test_the_exact_serial_is_known_in_any_case(store):
    add(store, SERIAL)
    with store.read() as session:
        assert search.exact(session, f" {SERIAL.lower()} ") == SERIAL
        assert search.exact(session, SERIAL[:-1]) is None
