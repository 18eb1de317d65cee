"""The simulated plant: the rows and files that it writes, and in which order."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import create_engine, event, inspect, select, text

from hmi.demo import (
    PREFIX,
    DemoPlant,
    camera_serial,
    demo_line,
    make_plant,
)
from hmi.demo.ledger import FIRST_IDS
from hmi.demo.production import Production
from hmi.plant.tables import (
    CURRENT_PART,
    DEFECTS,
    HUMAN_INSPECT,
    IMAGES,
    SUPPRESSED_DEFECTS,
    TRIGGERS,
    metadata,
)
from hmi.settings import Camera
from tests.demo_rows import count, rows

NOON = datetime(2026, 5, 8, 16, 0, tzinfo=UTC)


@pytest.fixture
def url(tmp_path: Path) -> str:
    address = f"sqlite:///{(tmp_path / 'plant.db').as_posix()}"
    make_plant(address)
    return address


@pytest.fixture
def plant(url: str, tmp_path: Path) -> Iterator[DemoPlant]:
    demo = DemoPlant(url, tmp_path / "images", picture_px=640)
    yield demo
    demo.close()


# The tables


def test_a_plant_has_all_ten_tables_and_no_index_but_the_keys(url: str) -> None:
    engine = create_engine(url)
    found = inspect(engine)
    assert set(found.get_table_names()) == set(metadata.tables)
    assert [found.get_indexes(name) for name in metadata.tables] == [[]] * 10
    engine.dispose()


def test_making_a_plant_again_adds_cameras_and_keeps_the_rest(url: str, plant: DemoPlant) -> None:
    plant.part(pictures=False)
    make_plant(url, cameras=7)
    labels = rows(url, text('SELECT group_id, sub_group FROM "Cameras" ORDER BY serial_number'))
    assert (count(url, TRIGGERS), labels) == (1, [(1, n) for n in range(1, 8)])


@pytest.mark.postgres
def test_a_postgres_plant_has_a_publication_and_foreign_keys_that_are_not_valid(postgres_url: str) -> None:
    make_plant(postgres_url)
    keys = text("SELECT conname, convalidated FROM pg_constraint WHERE contype = 'f' ORDER BY 1")
    assert rows(postgres_url, keys) == [("camera_fk", False), ("image_fk", False), ("trigger_fk", False)]
    assert rows(postgres_url, text("SELECT puballtables FROM pg_publication")) == [(True,)]
    sequence = text("SELECT pg_get_serial_sequence('\"Triggers\"', 'id')")
    assert rows(postgres_url, sequence) == [('public."Triggers_id_seq"',)]


# One part


def test_a_part_has_a_row_and_a_picture_for_every_camera(url: str, plant: DemoPlant) -> None:
    part = plant.part()
    found = rows(
        url, select(IMAGES.c.camera, IMAGES.c.image, IMAGES.c.width).where(IMAGES.c.trigger == part.trigger)
    )
    assert sorted(camera for camera, _, _ in found) == [camera_serial(n) for n in range(1, 6)]
    for camera, path, width in found:
        assert width is None
        assert part.files[camera] == plant.archive.folder / path.removeprefix(f"{PREFIX}/")
        with Image.open(part.files[camera]) as picture:
            picture.load()
            assert (picture.format, picture.mode, picture.size) == ("JPEG", "L", (640, 640))


def test_paths_are_the_plants_own_windows_paths_in_local_time(plant: DemoPlant) -> None:
    part = plant.part(serial="38A25125390338RFML3P 7006 MC", part_type="39MC", at=NOON, pictures=False)
    shot = next(shot for shot in part.part.shots if shot.camera == "DM0DEMO00005")
    folder, name = shot.path.rsplit("/", 1)
    assert folder == "E:\\images/05-08-2026/12/1"
    assert name.startswith("05-08-2026_12-00-00-")
    assert name.endswith(f"_1-5_DM0DEMO00005_39MC_{shot.media_id}_1_38A25125390338RFML3P 7006 MC.jpg")


def test_a_test_says_which_defects_a_part_has(url: str, plant: DemoPlant) -> None:
    part = plant.part(defects={camera_serial(1): 3, camera_serial(2): [(10, 20, 25, 9)]}, pictures=False)
    assert [len(part.defects[camera_serial(n)]) for n in range(1, 6)] == [3, 1, 0, 0, 0]
    (box,) = rows(url, select(DEFECTS.c.x, DEFECTS.c.y, DEFECTS.c.width, DEFECTS.c.height, DEFECTS.c.type)
                  .where(DEFECTS.c.image == part.images[camera_serial(2)]))  # fmt: skip
    assert tuple(box) == (10, 20, 25, 9, "0")


def test_a_missing_camera_has_neither_row_nor_file(url: str, plant: DemoPlant) -> None:
    part = plant.part(missing=[camera_serial(4)])
    assert camera_serial(4) not in part.images
    assert len(part.files) == len(list(plant.archive.folder.rglob("*.jpg"))) == 4


def test_columns_that_the_plant_leaves_empty_are_null(url: str, plant: DemoPlant) -> None:
    plant.part(pictures=False)
    where = "width IS NOT NULL OR height IS NOT NULL OR ether_checked IS NOT NULL"
    assert rows(url, text(f'SELECT count(*) FROM "Images" WHERE {where}')) == [(0,)]
    where = "disposition IS NOT NULL OR dispositioned_at IS NOT NULL OR metadata IS NOT NULL"
    assert rows(url, text(f'SELECT count(*) FROM "Defects" WHERE {where}')) == [(0,)]


def test_a_second_plant_on_the_same_database_goes_on_with_new_ids(
    url: str, plant: DemoPlant, tmp_path: Path
) -> None:
    first = plant.part(pictures=False)
    other = DemoPlant(url, tmp_path / "other", picture_px=640)
    second = other.part(pictures=False)
    other.close()
    assert second.trigger == first.trigger + 1
    assert second.serial != first.serial
    assert min(second.images.values()) > max(first.images.values()) >= FIRST_IDS["Images"]


# One part in its time


def committed(plant: DemoPlant) -> list[tuple[str, int]]:
    """(table, id) of every row from now on, in the order of the commits."""
    seen: list[tuple[str, int]] = []

    def note(_connection, clause, multiparams, params, _options) -> None:
        seen.extend((clause.table.name, row["id"]) for row in multiparams or [params] if "id" in row)

    event.listen(plant.ledger.engine, "before_execute", note)
    return seen


def ids_of(seen: list[tuple[str, int]], table) -> list[int]:
    return [id_ for name, id_ in seen if name == table.name]


def test_rows_commit_out_of_the_order_of_their_ids(plant: DemoPlant) -> None:
    seen = committed(plant)
    for _ in range(4):
        plant.part(pictures=False, pace=0.01)
    plant.finish()
    assert ids_of(seen, IMAGES) != sorted(ids_of(seen, IMAGES))
    assert ids_of(seen, DEFECTS) != sorted(ids_of(seen, DEFECTS))


def test_images_come_after_their_trigger_and_defects_after_their_image(plant: DemoPlant) -> None:
    seen = committed(plant)
    part = plant.part(pictures=False, pace=0.01)
    plant.finish()
    assert seen[0] == ("Triggers", part.trigger)
    for camera, image in part.images.items():
        for defect in part.defects[camera]:
            assert seen.index(("Images", image)) < seen.index(("Defects", defect))


def test_every_row_of_a_part_comes_in_the_end(url: str, plant: DemoPlant) -> None:
    parts = [plant.part(pictures=False, pace=0.01) for _ in range(5)]
    plant.finish()
    assert count(url, DEFECTS) == sum(len(ids) for part in parts for ids in part.defects.values())
    assert count(url, IMAGES) == 25


def test_a_part_may_come_camera_by_camera_each_with_its_picture(url: str, plant: DemoPlant) -> None:
    seen = committed(plant)
    part = plant.part(defects={camera_serial(2): 3}, by_camera=True)
    assert seen[0] == ("Triggers", part.trigger)
    first = seen.index(("Images", part.images[camera_serial(2)])) + 1
    assert seen[first : first + 3] == [("Defects", number) for number in part.defects[camera_serial(2)]]
    assert (count(url, IMAGES), count(url, DEFECTS)) == (5, 3)
    assert all(file.is_file() for file in part.files.values())


def test_an_image_row_may_come_before_its_file_is_complete(plant: DemoPlant) -> None:
    sizes = {}

    def look(_connection, clause, multiparams, params, _options) -> None:
        if clause.is_insert and clause.table is IMAGES:
            row = (multiparams or [params])[0]
            file = plant.archive.file_of(row["image"])
            sizes[file] = file.stat().st_size if file.exists() else 0

    event.listen(plant.ledger.engine, "before_execute", look)
    plant.part()
    for _ in range(3):
        plant.part(pace=0.2)
    assert any(size < file.stat().st_size for file, size in sizes.items())


@pytest.mark.postgres
def test_on_postgres_ids_come_from_the_sequence_and_commit_out_of_order(
    postgres_url: str, tmp_path: Path
) -> None:
    make_plant(postgres_url)
    demo = DemoPlant(postgres_url, tmp_path, picture_px=640)
    seen = committed(demo)
    for _ in range(3):
        demo.part(pictures=False, pace=0.01)
    demo.finish()
    demo.close()
    assert ids_of(seen, IMAGES) != sorted(ids_of(seen, IMAGES))
    (following,) = rows(postgres_url, text("SELECT nextval('\"Images_id_seq\"')"))[0]
    assert following == max(ids_of(seen, IMAGES)) + 1


# Many parts


def test_the_same_seed_gives_the_same_plant(tmp_path: Path) -> None:
    plants = []
    for name in ("one", "two"):
        address = f"sqlite:///{(tmp_path / name).as_posix()}.db"
        make_plant(address)
        demo = DemoPlant(address, tmp_path / name, seed=3, picture_px=640)
        demo.history(30, until=NOON)
        part = demo.part(at=NOON)
        demo.close()
        files = [file.read_bytes() for file in part.files.values()]
        plants.append((files, [rows(address, select(table)) for table in metadata.sorted_tables]))
    assert plants[0] == plants[1]


def test_another_seed_gives_other_parts() -> None:
    boxes = [[shot.pores for shot in Production(seed, 5, 5120).part(NOON).shots] for seed in (1, 2)]
    assert boxes[0] != boxes[1]


def test_the_history_ends_just_before_now_and_goes_back_in_steps_of_a_minute_or_two(
    url: str, plant: DemoPlant
) -> None:
    plant.history(40, until=NOON)
    times = [at for (at,) in rows(url, select(TRIGGERS.c.timestamp).order_by(TRIGGERS.c.id))]
    assert times[-1] == NOON.replace(tzinfo=None)
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert all(timedelta(seconds=47) <= gap <= timedelta(seconds=122) for gap in gaps)
    assert not list(plant.archive.folder.rglob("*.jpg"))


def test_a_history_has_suppressions_hand_inspections_and_a_current_part(url: str, plant: DemoPlant) -> None:
    plant.history(250, until=NOON)
    orphans = select(SUPPRESSED_DEFECTS).where(SUPPRESSED_DEFECTS.c.defect.not_in(select(DEFECTS.c.id)))
    assert (count(url, SUPPRESSED_DEFECTS) > 50, rows(url, orphans)) == (True, [])
    scanned = select(HUMAN_INSPECT.c.serial_no, HUMAN_INSPECT.c.scan_datetime)
    serials = {serial for (serial,) in rows(url, select(TRIGGERS.c.part_instance))}
    assert {serial for serial, _ in rows(url, scanned)} <= serials
    assert max(at for _, at in rows(url, scanned)) <= datetime(2026, 5, 8, 12)  # noqa: DTZ001  the plant's clock
    assert [part for (part,) in rows(url, select(CURRENT_PART.c.part))] == ["39MC", "41MC", "39MC"]


# The line


def test_the_demo_line_fits_the_settings_and_names_each_camera_once() -> None:
    line = [Camera(**camera) for camera in demo_line(64)]
    assert [camera.name for camera in line[:5]] == [
        "Valve body face", "Side rail", "Bore", "Bell, near", "Bell, far",
    ]  # fmt: skip
    assert len({camera.serial for camera in line}) == len({camera.name for camera in line}) == 64
    assert [camera.order for camera in line] == list(range(1, 65))
