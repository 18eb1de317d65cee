"""Fills a plant with any number of rows, fast and without pictures."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from sqlalchemy import Connection, Engine, Table, func, select, text

from hmi.demo.ledger import (
    FIRST_IDS,
    add_foreign_keys,
    camera_label,
    camera_serial,
    connect,
    drop_foreign_keys,
    make_plant,
)
from hmi.demo.production import PREFIX, ZONE
from hmi.plant.tables import DEFECTS, IMAGES, TRIGGERS

_GAP_S = 70
_SERIAL_END = "RFML3P 7006 MC"
_SIZES = (6, 8, 7, 10, 6, 8, 9, 7, 6, 12, 8, 6, 10, 8, 6, 7, 11, 9, 8, 13, 6, 7, 10, 14, 8, 6, 9, 7, 15, 8, 6)
_LARGE_PX, _LARGE_EACH = 25, 151  # one defect in 151 fails for size by the default rule


@dataclass(frozen=True)
class _Order:
    """What to fill in: ids of the first rows, and how much."""

    trigger: int
    image: int
    defect: int
    triggers: int
    cameras: int
    each: int
    seed: int
    begin: datetime


def fill(url: str, triggers: int, cameras: int = 5, defects_per_image: int = 3, seed: int = 7) -> None:
    """Add so many triggers, 70 s apart and ending now, each with an image a camera and its defects.

    Makes the plant if it is not there; ids go on where they stand. PostgreSQL makes the rows itself, SQLite
    gets them by executemany.
    """
    make_plant(url, cameras)
    engine = connect(url)
    try:
        begin = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=_GAP_S * triggers)
        order = _Order(
            trigger=_next_id(engine, TRIGGERS),
            image=_next_id(engine, IMAGES),
            defect=_next_id(engine, DEFECTS),
            triggers=triggers,
            cameras=cameras,
            each=defects_per_image,
            seed=seed,
            begin=begin,
        )
        if engine.dialect.name == "postgresql":
            _fill_postgres(engine, order)
        else:
            _in_chunks(order, 5_000, lambda low, high: _insert_sqlite(engine, order, low, high))
    finally:
        engine.dispose()


def _next_id(engine: Engine, table: Table) -> int:
    with engine.connect() as connection:
        last = connection.scalar(select(func.max(table.c.id)))
    return FIRST_IDS[table.name] if last is None else last + 1


def _in_chunks(order: _Order, size: int, write: Callable[[int, int], None]) -> None:
    for low in range(0, order.triggers, size):
        write(low, min(low + size, order.triggers))


#: hashint8extended gives numbers that look random and are the same for the same row and seed.
_POSTGRES = (
    """
    INSERT INTO "Triggers" (id, "timestamp", label, part_instance, belt, part)
    SELECT :trigger + n, at, 1,
           '38A' || to_char(at, 'YYDDD') || '39' || lpad((n % 10000)::text, 4, '0') || :serial_end,
           'trigger', '39MC'
    FROM (SELECT n, CAST(:begin AS timestamptz) + n * interval '70 s' AS at
          FROM generate_series(CAST(:low AS bigint), :high - 1) n) t
    """,
    """
    INSERT INTO "Images" (id, trigger, camera, media_id, image)
    SELECT :image + n * :cameras + k, trigger, camera, media,
           :prefix || folder || label || '_' || camera || '_39MC_' || media || '_1_' || serial || '.jpg'
    FROM (SELECT id - :trigger AS n, id AS trigger, part_instance AS serial,
                 to_char("timestamp" AT TIME ZONE :zone, '/MM-DD-YYYY/HH24/1/MM-DD-YYYY_HH24-MI-SS-')
                   || lpad(abs(hashint8extended(id, :seed) % 1000000)::text, 6, '0') || '_' AS folder
          FROM "Triggers" WHERE id >= :trigger + :low AND id < :trigger + :high) t,
         LATERAL (SELECT k, (CAST(:serials AS text[]))[1 + (k + n) % :cameras] AS camera,
                         (CAST(:labels AS text[]))[1 + (k + n) % :cameras] AS label,
                         md5((n * :cameras + k)::text || ' ' || :seed) AS media
                  FROM generate_series(0, :cameras - 1) k) c
    """,
    """
    INSERT INTO "Defects" (id, image, x, y, width, height, confidence, type, system_generated)
    SELECT id, :image + (id - :defect) / :each,
           20 + abs(hashint8extended(id, :seed + 1) % 5060), 20 + abs(hashint8extended(id, :seed + 2) % 5060),
           size, greatest(5, size - lot % 4), 0.9, '0', true
    FROM (SELECT id, lot, CASE WHEN lot % :large_each = 0 THEN :large
                 ELSE (CAST(:sizes AS int[]))[1 + lot % :sorts] END AS size
          FROM (SELECT id, abs(hashint8extended(id, :seed + 3) % 1000000)::int AS lot
                FROM generate_series(:defect + CAST(:low AS bigint) * :cameras * :each,
                                     :defect + CAST(:high AS bigint) * :cameras * :each - 1) id) d) s
    """,
)


def _fill_postgres(engine: Engine, order: _Order) -> None:
    values = vars(order) | {
        "zone": ZONE.key,
        "prefix": PREFIX,
        "serial_end": _SERIAL_END,
        "sizes": list(_SIZES),
        "sorts": len(_SIZES),
        "large": _LARGE_PX,
        "large_each": _LARGE_EACH,
        "serials": [camera_serial(number + 1) for number in range(order.cameras)],
        "labels": [camera_label(number + 1) for number in range(order.cameras)],
    }

    def insert(low: int, high: int) -> None:
        with engine.begin() as connection:
            for statement in _POSTGRES:
                connection.execute(text(statement), values | {"low": low, "high": high})

    with engine.begin() as connection:
        drop_foreign_keys(connection)  # checked row by row they would take most of the time
    _in_chunks(order, 50_000, insert)
    with engine.begin() as connection:
        add_foreign_keys(connection)
        _set_sequences(connection)
        connection.execute(text("ANALYZE"))


def _set_sequences(connection: Connection) -> None:
    for table in (TRIGGERS, IMAGES, DEFECTS):
        last = select(func.max(table.c.id)).scalar_subquery()
        connection.execute(select(func.setval(f'"{table.name}_id_seq"', last)))


def _insert_sqlite(engine: Engine, order: _Order, low: int, high: int) -> None:
    rng = np.random.default_rng([order.seed, low])
    serials: dict[int, str] = {}
    with engine.begin() as connection:
        connection.exec_driver_sql(
            'INSERT INTO "Triggers" (id, "timestamp", label, part_instance, belt, part)'
            " VALUES (?, ?, 1, ?, 'trigger', '39MC')",
            list(_triggers(order, range(low, high), serials)),
        )
        connection.exec_driver_sql(
            'INSERT INTO "Images" (id, trigger, camera, media_id, image) VALUES (?, ?, ?, ?, ?)',
            list(_images(order, serials, rng)),
        )
        connection.exec_driver_sql(
            'INSERT INTO "Defects" (id, image, x, y, width, height, confidence, type, system_generated)'
            " VALUES (?, ?, ?, ?, ?, ?, 0.9, '0', 1)",
            _defects(order, low, high, rng),
        )


def _triggers(order: _Order, chunk: range, serials: dict[int, str]) -> Iterator[tuple[int, str, str]]:
    for n in chunk:
        at = order.begin + timedelta(seconds=_GAP_S * n)
        serials[n] = f"38A{at:%y%j}39{n % 10_000:04d}{_SERIAL_END}"
        yield order.trigger + n, f"{at:%Y-%m-%d %H:%M:%S}.000000", serials[n]


def _images(
    order: _Order, serials: dict[int, str], rng: np.random.Generator
) -> Iterator[tuple[int, int, str, str, str]]:
    cameras = [(camera_serial(n + 1), camera_label(n + 1)) for n in range(order.cameras)]
    for n, serial in serials.items():
        at = (order.begin + timedelta(seconds=_GAP_S * n)).astimezone(ZONE)
        folder = f"{PREFIX}/{at:%m-%d-%Y/%H}/1/{at:%m-%d-%Y_%H-%M-%S}-{n * 7919 % 1_000_000:06d}_"
        media = rng.bytes(16 * order.cameras).hex()
        for k in range(order.cameras):
            camera, label = cameras[(k + n) % order.cameras]
            media_id = media[32 * k : 32 * k + 32]
            path = f"{folder}{label}_{camera}_39MC_{media_id}_1_{serial}.jpg"
            yield order.image + n * order.cameras + k, order.trigger + n, camera, media_id, path


def _defects(order: _Order, low: int, high: int, rng: np.random.Generator) -> list[tuple[int, ...]]:
    per_trigger = order.cameras * order.each
    rows = np.arange(low * per_trigger, high * per_trigger)
    size = rng.choice(_SIZES, len(rows))
    size[rng.random(len(rows)) < 1 / _LARGE_EACH] = _LARGE_PX
    x, y = rng.integers(20, 5080, (2, len(rows)))
    short = np.maximum(5, size - rng.integers(0, 4, len(rows)))
    columns = (order.defect + rows, order.image + rows // max(order.each, 1), x, y, size, short)
    return list(zip(*(column.tolist() for column in columns), strict=True))
