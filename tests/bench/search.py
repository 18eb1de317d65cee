"""Search by any piece of a serial among a million parts, in PostgreSQL and in SQLite.

HMI_BENCH_SERIALS is their number. The pieces are common, rare, of an old part only, nowhere, or short.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from sqlalchemy import text

from hmi.store import Store, migrate, search
from tests.postgres import own_server

SERIALS = int(os.environ.get("HMI_BENCH_SERIALS", "1000000"))
PIECES = {
    "common": "7006 MC",
    "rare": "1234567",
    "nowhere": "ZZZZ",
    "old": "38A00000007919",
    "short": "Z9",
    "sign": "%",
}
TRIES = 7
COLUMNS = """(generation, id, at, order_ms, serial, serial_upper, part, belt, first_seen, past, gone, verdict,
  cameras_expected, cameras_judged)"""
SERIAL = "'38A' || {padded} || 'RFML3P 7006 MC'"
Report = Callable[[str, float, str, str], None]


def run(report: Report) -> None:
    for name, opened in (("PostgreSQL", _postgres), ("SQLite", _sqlite)):
        with opened() as store:
            for kind, piece in PIECES.items():
                took = [_ms(store, piece) for _ in range(TRIES)]
                report(f"search: {kind} piece, {SERIALS:,} parts, {name}", median(took), "ms", "≤ 100 ms")


def _ms(store: Store, piece: str) -> float:
    began = time.perf_counter()
    with store.read() as session:
        search.find(session, piece)
    return 1000 * (time.perf_counter() - began)


@contextmanager
def _postgres() -> Iterator[Store]:
    with (
        own_server(in_memory=False, shared_buffers="512MB", max_wal_size="4GB") as server,
        server.database() as url,
    ):
        store = Store(url)
        migrate.upgrade(store)
        padded = "lpad((n::bigint * 7919 % 100000000000)::text, 11, '0')"
        numbers = f"generate_series(1, {SERIALS}) AS n"
        _fill(store, padded, numbers, "now()")
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("SET statement_timeout = 0"))
            connection.execute(text("VACUUM ANALYZE hmi_run"))
        yield store
        store.close()


@contextmanager
def _sqlite() -> Iterator[Store]:
    with tempfile.TemporaryDirectory(prefix="hmi-bench-") as folder:
        store = Store(f"sqlite:///{(Path(folder) / 'store.db').as_posix()}")
        migrate.upgrade(store)
        counted = f"SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {SERIALS}"
        numbers = f"(WITH RECURSIVE c(n) AS ({counted}) SELECT n FROM c)"
        _fill(store, "printf('%011d', n * 7919 % 100000000000)", numbers, "'2026-05-08 12:00:00'")
        yield store
        store.close()


def _fill(store: Store, padded: str, numbers: str, now: str) -> None:
    serial = SERIAL.format(padded=padded)
    row = f"1, n, {now}, 1700000000000 + n * 70000, {serial}, {serial}, '39MC', 'trigger', {now}"
    with store.engine.begin() as connection:
        if not store.is_sqlite:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            row = row.replace("n * 70000", "n::bigint * 70000")
        connection.exec_driver_sql(
            f"INSERT INTO hmi_run {COLUMNS} SELECT {row}, false, false, 'pass', 5, 5 FROM {numbers}".replace(
                "%", "%" if store.is_sqlite else "%%"
            )
        )
