"""The plant's tables as the vision system would make and fill them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Engine, MetaData, Table, create_engine, event, func, insert, select, text
from sqlalchemy.engine import make_url

from hmi.plant.tables import CAMERAS, DEFECTS, IMAGES, PART_INFORMATION, TRIGGERS, metadata

#: First ids, far apart so that nobody takes one table's ids for another's.
FIRST_IDS = {"Triggers": 64_001, "Images": 318_001, "Defects": 214_001}
PART_TYPES = {"39MC": "RFML3P 7006 MC", "41MC": "RFML3P 7011 MC"}
BELTS = {"39MC": "trigger", "41MC": "trigger 2"}
_PARTS = (
    ("Mod A", "Case", "RFML3P 7006 MC", 24, 412.5, "39MC"),
    ("Mod B", "Case, long", "RFML3P 7011 MC", 18, 466.0, "41MC"),
    ("Mod A", "Case, service", "RFML3P 7006 MC", 1, 412.5, "39MS"),
)
_FOREIGN_KEYS = (
    ("Images", "camera_fk", 'FOREIGN KEY (camera) REFERENCES "Cameras"(serial_number)'),
    ("Images", "trigger_fk", 'FOREIGN KEY (trigger) REFERENCES "Triggers"(id)'),
    ("Defects", "image_fk", 'FOREIGN KEY (image) REFERENCES "Images"(id)'),
)
_PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000")


def camera_serial(number: int) -> str:
    return f"DM0DEMO{number:05d}"


def camera_label(number: int) -> str:
    """Group and sub-group, as people and file names call camera `number`: 1-5."""
    group, sub_group = divmod(number - 1, 10)
    return f"{group + 1}-{sub_group + 1}"


def connect(url: str) -> Engine:
    """An engine for a PostgreSQL or SQLite address; SQLite in WAL mode, waiting 10 s for a lock."""
    address = make_url(url)
    if address.get_backend_name() == "postgresql":
        return create_engine(address.set(drivername="postgresql+psycopg2"))
    engine = create_engine(address)
    event.listen(engine, "connect", _set_pragmas)
    return engine


def make_plant(url: str, cameras: int = 5, publication: bool = True) -> None:
    """Make the plant's tables with `cameras` cameras and the part types; what is there already stays.

    On PostgreSQL as the plant has it: primary keys and nothing else, foreign keys NOT VALID, ids from
    sequences, and (it needs a superuser) a publication FOR ALL TABLES.
    """
    engine = connect(url)
    try:
        _make_tables(engine, publication)
        _add_cameras(engine, cameras)
    finally:
        engine.dispose()


class Ledger:
    """Reserves ids and commits rows of the plant, one short transaction each."""

    def __init__(self, url: str) -> None:
        self.engine = connect(url)
        self._given: dict[str, int] = {}

    def reserve(self, table: Table, count: int) -> list[int]:
        """Ids that nobody else gets, in rising order; a row that is never committed leaves a gap."""
        if not count:
            return []
        with self.engine.connect() as connection:
            if self.engine.dialect.name == "postgresql":
                ids = select(func.nextval(f'"{table.name}_id_seq"')).select_from(
                    func.generate_series(1, count)
                )
                return sorted(connection.scalars(ids))
            last = connection.scalar(select(func.max(table.c.id))) or FIRST_IDS.get(table.name, 1) - 1
        first = max(last, self._given.get(table.name, 0)) + 1
        self._given[table.name] = first + count - 1
        return list(range(first, first + count))

    def commit(self, *rows: tuple[Table, Sequence[Mapping[str, Any]]]) -> None:
        """Insert rows into tables in one transaction."""
        with self.engine.begin() as connection:
            for table, values in rows:
                if values:
                    connection.execute(insert(table), list(values))

    def triggers(self) -> int:
        """How many triggers there have been."""
        with self.engine.connect() as connection:
            last = connection.scalar(select(func.max(TRIGGERS.c.id)))
        return 0 if last is None else last - FIRST_IDS["Triggers"] + 1

    def close(self) -> None:
        self.engine.dispose()


def add_foreign_keys(connection: Any) -> None:
    for table, name, key in _FOREIGN_KEYS:
        connection.execute(text(f'ALTER TABLE "{table}" ADD CONSTRAINT {name} {key} NOT VALID'))


def drop_foreign_keys(connection: Any) -> None:
    for table, name, _ in _FOREIGN_KEYS:
        connection.execute(text(f'ALTER TABLE "{table}" DROP CONSTRAINT {name}'))


def _make_tables(engine: Engine, publication: bool) -> None:
    there = MetaData()
    there.reflect(engine)
    if TRIGGERS.name in there.tables:
        return
    with engine.begin() as connection:
        metadata.create_all(connection)
        if engine.dialect.name != "postgresql":
            return
        add_foreign_keys(connection)
        connection.execute(text('ALTER TABLE "HumanInspect" ALTER created_at SET DEFAULT CURRENT_TIMESTAMP'))
        for table in (TRIGGERS, IMAGES, DEFECTS):
            connection.execute(select(func.setval(f'"{table.name}_id_seq"', FIRST_IDS[table.name], False)))
        if publication:
            connection.execute(text("CREATE PUBLICATION my_publication FOR ALL TABLES"))


def _add_cameras(engine: Engine, cameras: int) -> None:
    with engine.begin() as connection:
        there = set(connection.scalars(select(CAMERAS.c.serial_number)))
        rows = [_camera_row(number) for number in range(1, cameras + 1)]
        missing = [row for row in rows if row["serial_number"] not in there]
        if missing:
            connection.execute(insert(CAMERAS), missing)
        if not connection.scalar(select(func.count()).select_from(PART_INFORMATION)):
            names = ("model", "part_name", "part_number", "packout_amount", "length", "job_num")
            connection.execute(
                insert(PART_INFORMATION), [dict(zip(names, part, strict=True)) for part in _PARTS]
            )


def _camera_row(number: int) -> dict[str, Any]:
    group, sub_group = camera_label(number).split("-")
    return {
        "serial_number": camera_serial(number),
        "group_id": int(group),
        "sub_group": int(sub_group),
        "ip": f"192.0.2.{number}",
    }


def _set_pragmas(connection: Any, _record: Any) -> None:
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()
