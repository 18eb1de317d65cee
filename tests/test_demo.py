"""The simulated plant: what it writes, in which order, and that it ends with its parent."""

import io
import itertools
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import create_engine, event, func, inspect, select, text

from hmi.demo import (
    PREFIX,
    DemoError,
    DemoPlant,
    RunningDemo,
    camera_serial,
    demo_line,
    fill,
    make_plant,
    start,
)
from hmi.demo.agenda import Agenda
from hmi.demo.archive import Archive
from hmi.demo.ledger import FIRST_IDS, connect
from hmi.demo.pores import Pore
from hmi.demo.production import Production
from hmi.demo.studio import Studio
from hmi.demo.views import view_of
from hmi.plant.tables import (
    CURRENT_PART,
    DEFECTS,
    HUMAN_INSPECT,
    IMAGES,
    SUPPRESSED_DEFECTS,
    TRIGGERS,
    metadata,
)
from hmi.settings import PROJECT, Camera, Demo

NOON = datetime(2026, 5, 8, 16, 0, tzinfo=UTC)
PX_PER_MM = 95 / 7.9375


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


@pytest.fixture
def settings(tmp_path: Path) -> Demo:
    return Demo(folder=str(tmp_path / "demo"), seed=7, cameras=1, period_s=60, history_parts=20)


def rows(url: str, statement) -> list:
    engine = connect(url)
    with engine.connect() as connection:
        found = connection.execute(statement).all()
    engine.dispose()
    return found


def count(url: str, table) -> int:
    return rows(url, select(func.count()).select_from(table))[0][0]


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


def test_proportions_are_those_of_a_real_line() -> None:
    production = Production(7, 5, 5120)
    parts = [production.part(NOON) for _ in range(600)]
    shots = [shot for part in parts for shot in part.delivered]
    longest = [max(pore.width, pore.height) for shot in shots for pore in shot.pores]
    assert np.median([sum(len(shot.pores) for shot in part.delivered) for part in parts]) == 13
    assert (min(longest), np.median(longest), max(longest)) == (5, 8, 25)
    assert 0.94 < np.mean([bool(shot.pores) for shot in shots]) < 0.98
    assert 0.003 < 1 - len(shots) / 3000 < 0.02
    assert 0.15 < np.mean([fails(part.delivered) for part in parts]) < 0.25
    again = [later.serial == earlier.serial for earlier, later in itertools.pairwise(parts)]
    assert 0.01 < np.mean(again) < 0.08


def fails(shots) -> bool:
    """By the default rule: 1.5 mm less 1 px of doubt, or 3 within 2.0 mm."""
    return any(_too_large(shot.pores) or _too_dense(shot.pores) for shot in shots)


def _too_large(pores) -> bool:
    return any((max(pore.width, pore.height) - 1) / PX_PER_MM >= 1.5 for pore in pores)


def _too_dense(pores) -> bool:
    """Three in a chain: one that has two others within reach."""
    judged = [pore for pore in pores if max(pore.width, pore.height) / PX_PER_MM >= 0.42]
    near = Counter(a for a, b in itertools.permutations(judged, 2) if a.gap_px(b) / PX_PER_MM <= 2.0)
    return any(links >= 2 for links in near.values())


def test_three_spots_recur_in_most_parts() -> None:
    production = Production(7, 5, 5120)
    parts = [production.part(NOON) for _ in range(100)]
    for spot in range(3):
        places = [
            pore for part in parts for shot in part.delivered for pore in shot.pores if pore.spot == spot
        ]
        assert 45 < len(places) < 80
        assert max(np.ptp([pore.x for pore in places]), np.ptp([pore.y for pore in places])) <= 10


# Pictures


def test_a_picture_shows_a_dark_pore_in_its_box() -> None:
    studio, pore = Studio(640, 7), Pore(300, 83, 20, 16)
    clean, flawed = (picture(studio.take(view_of(1), pores, [7, 1])) for pores in ((), (pore,)))
    inside = np.s_[pore.y + 5 : pore.y + 11, pore.x + 6 : pore.x + 14]
    assert flawed[inside].mean() < 0.6 * clean[inside].mean()
    flawed[pore.y - 8 : pore.y + 24, pore.x - 8 : pore.x + 28] = 0
    clean[pore.y - 8 : pore.y + 24, pore.x - 8 : pore.x + 28] = 0
    assert np.array_equal(flawed, clean)


def picture(jpeg: bytes) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(jpeg)), int)


def test_pictures_of_two_parts_differ_in_brightness_and_place() -> None:
    studio = Studio(640, 7)
    first, second = (picture(studio.take(view_of(3), (), [7, part])) for part in (1, 2))
    assert abs(first.mean() - second.mean()) > 0.5
    assert not np.array_equal(first, second)


def test_five_cameras_see_five_clearly_different_things() -> None:
    small = [np.asarray(view_of(n).picture(320, 7).resize((32, 32)), float) for n in range(1, 6)]
    for one, other in itertools.combinations(small, 2):
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.8


@pytest.mark.parametrize("number", [*range(1, 6), 8, 13, 18, 23, 28, 33, 38])
def test_pores_lie_on_metal_however_the_view_is_turned(number: int) -> None:
    view, rng = view_of(number), np.random.default_rng(1)
    seen = view.picture(320, 7)
    tones = [seen.getpixel((int(x * 0.32), int(y * 0.32))) for x, y in (view.spot(rng) for _ in range(300))]
    assert np.mean([tone > 50 for tone in tones]) > 0.85


def test_a_full_size_picture_is_as_large_as_the_plants() -> None:
    jpeg = Studio(5120, 7).take(view_of(1), (), [7, 1])
    assert Image.open(io.BytesIO(jpeg)).size == (5120, 5120)
    assert 1_500_000 <= len(jpeg) <= 2_500_000


def test_the_oldest_pictures_go_when_there_are_too_many(tmp_path: Path) -> None:
    archive = Archive(tmp_path, keep_bytes=250)
    files = [archive.write(f"{PREFIX}/a/{n}.jpg", b"x" * 100) for n in range(4)]
    assert [file.exists() for file in files] == [False, False, True, True]


def test_pictures_of_an_earlier_start_count_too(tmp_path: Path) -> None:
    old = Archive(tmp_path, keep_bytes=250).write(f"{PREFIX}/a/old.jpg", b"x" * 200)
    new = Archive(tmp_path, keep_bytes=250).write(f"{PREFIX}/a/new.jpg", b"x" * 100)
    assert (old.exists(), new.exists()) == (False, True)


def test_idle_jobs_wait_until_nothing_is_due_soon() -> None:
    agenda, done = Agenda(), []
    now = time.monotonic()
    agenda.add_idle(lambda: done.append("idle"))
    agenda.add(now + 0.1, lambda: done.append("timed"))
    assert agenda.run_until(now + 0.7)
    assert done == ["timed", "idle"]


# Filling


def test_filling_makes_every_row_with_its_parent(url: str) -> None:
    fill(url, 40, cameras=5, defects_per_image=3)
    assert (count(url, TRIGGERS), count(url, IMAGES), count(url, DEFECTS)) == (40, 200, 600)
    assert whole(url)


def test_filling_goes_on_where_the_ids_stand(url: str, plant: DemoPlant) -> None:
    part = plant.part(pictures=False)
    fill(url, 10)
    assert (count(url, TRIGGERS), whole(url)) == (11, True)
    assert plant.part(pictures=False).trigger == part.trigger + 11


@pytest.mark.postgres
def test_postgres_fills_itself_and_keeps_keys_and_sequences(postgres_url: str, tmp_path: Path) -> None:
    fill(postgres_url, 60, cameras=6, defects_per_image=2)
    assert (count(postgres_url, IMAGES), count(postgres_url, DEFECTS), whole(postgres_url)) == (
        360,
        720,
        True,
    )
    demo = DemoPlant(postgres_url, tmp_path, cameras=6, picture_px=640)
    assert demo.part(pictures=False).trigger == FIRST_IDS["Triggers"] + 60
    demo.close()
    keys = text("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND NOT convalidated")
    assert rows(postgres_url, keys) == [(3,)]


@pytest.mark.postgres
def test_both_databases_are_filled_with_the_same_kind_of_paths(postgres_url: str, url: str) -> None:
    pattern = (
        r"E:\\images/(\d\d-\d\d-\d{4})/\d\d/1/\1_\d\d-\d\d-\d\d-\d{6}_1-\d_DM0DEMO0000\d"
        r"_39MC_[0-9a-f]{32}_1_38A\d{11}RFML3P 7006 MC\.jpg"
    )
    for address in (postgres_url, url):
        fill(address, 5)
        found = [path for (path,) in rows(address, select(IMAGES.c.image))]
        assert len(set(found)) == 25
        for path in found:
            assert re.fullmatch(pattern, path)


def whole(url: str) -> bool:
    """No image without its trigger, no defect without its image, no camera twice on a trigger."""
    orphans = rows(url, select(func.count()).where(DEFECTS.c.image.not_in(select(IMAGES.c.id))))
    lost = rows(url, select(func.count()).where(IMAGES.c.trigger.not_in(select(TRIGGERS.c.id))))
    twice = rows(
        url, select(IMAGES.c.trigger).group_by(IMAGES.c.trigger, IMAGES.c.camera).having(func.count() > 1)
    )
    return (orphans, lost, twice) == ([(0,)], [(0,)], [])


# As a process


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    folder = tmp_path_factory.mktemp("running") / "demo"
    demo = start(Demo(folder=str(folder), seed=7, cameras=1, period_s=60, history_parts=20))
    yield demo
    demo.stop()


def eventually(what, seconds: float = 20):
    end = time.monotonic() + seconds
    while not (found := what()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def test_a_started_demo_has_its_history_at_once_and_soon_a_picture(running: RunningDemo) -> None:
    assert count(running.url, TRIGGERS) >= 20
    assert eventually(lambda: list(running.folder.rglob("*.jpg")))


def test_the_key_is_long_and_its_owners_only(running: RunningDemo) -> None:
    assert len(running.secret_key_file.read_text(encoding="utf-8").strip()) == 64
    if os.name == "posix":
        assert stat.S_IMODE(running.secret_key_file.stat().st_mode) == 0o600


def test_a_second_demo_in_the_same_folder_is_refused(running: RunningDemo, settings: Demo) -> None:
    before = count(running.url, TRIGGERS)
    with pytest.raises(DemoError, match="another demo may run in it"):
        start(settings.model_copy(update={"folder": str(running.folder.parent)}))
    assert count(running.url, TRIGGERS) >= before >= 20


@pytest.mark.skipif(os.name != "posix", reason="Windows has no signal to send to one process")
def test_a_demo_leaves_ctrl_c_to_its_parent(running: RunningDemo) -> None:
    running.process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        running.process.wait(0.3)


def test_starting_again_wipes_what_the_last_demo_left_but_not_the_key(settings: Demo) -> None:
    folder = Path(settings.folder)
    first = start(settings)
    first.stop()
    assert first.process.returncode == 0
    (folder / "cache").mkdir()
    (folder / "store.db").write_text("old", encoding="utf-8")
    (folder / "images" / "old.jpg").write_text("old", encoding="utf-8")
    (folder / "mine.txt").write_text("keep", encoding="utf-8")
    key = first.secret_key_file.read_text(encoding="utf-8")
    start(settings).stop()
    left = {file.name for file in folder.iterdir()}
    assert left.isdisjoint({"cache", "store.db"})
    assert not (folder / "images" / "old.jpg").exists()
    assert "mine.txt" in left
    assert first.secret_key_file.read_text(encoding="utf-8") == key


def test_a_folder_that_no_demo_made_is_not_wiped(settings: Demo) -> None:
    images = Path(settings.folder) / "images"
    images.mkdir(parents=True)
    (images / "precious.jpg").write_bytes(b"x")
    with pytest.raises(DemoError, match="holds images, which no demo made"):
        start(settings)
    assert sorted(file.name for file in Path(settings.folder).rglob("*")) == ["images", "precious.jpg"]


def test_wiping_does_not_follow_a_link_out_of_the_folder(settings: Demo, tmp_path: Path) -> None:
    folder, outside = Path(settings.folder), tmp_path / "outside"
    for made in (folder, outside):
        made.mkdir()
    (folder / "demo.lock").touch()
    (outside / "precious.jpg").write_bytes(b"x")
    try:
        (folder / "cache").symlink_to(outside, target_is_directory=True)
    except OSError:
        pytest.skip("this account may not make symbolic links")
    start(settings).stop()
    assert (outside / "precious.jpg").exists()
    assert not (folder / "cache").exists()


def test_a_demo_that_is_not_ready_in_time_is_ended_and_can_be_started_again(settings: Demo) -> None:
    with pytest.raises(DemoError, match="was not ready within 0"):
        start(settings, ready_s=0.01)
    demo = start(settings)
    demo.process.kill()
    demo.stop()
    demo.stop()  # twice, and after a crash: quiet


def demo_process(url: str, folder: Path, *arguments: str) -> tuple[str, str, int]:
    """Run `python -m hmi.demo` to its end: what it said, what it complained about, its status."""
    command = [sys.executable, "-m", "hmi.demo", "--url", url, "--folder", str(folder), *arguments]
    done = subprocess.run(
        command, cwd=PROJECT, capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    return done.stdout, done.stderr, done.returncode


def test_it_stops_by_itself_after_so_many_parts(url: str, tmp_path: Path) -> None:
    arguments = ("--cameras", "1", "--history", "3", "--parts", "2", "--period", "0.1")
    assert demo_process(url, tmp_path / "images", *arguments) == ("ready\n", "", 0)
    assert count(url, TRIGGERS) == 5


def test_it_fills_a_plant_without_pictures(url: str, tmp_path: Path) -> None:
    assert demo_process(url, tmp_path, "--triggers", "50", "--parts", "0") == ("ready\n", "", 0)
    assert (count(url, TRIGGERS), list(tmp_path.rglob("*.jpg"))) == (50, [])


def test_a_database_that_cannot_be_reached_is_named_in_one_line(tmp_path: Path) -> None:
    nowhere = f"sqlite:///{(tmp_path / 'no' / 'plant.db').as_posix()}"
    complaint = "the plant database: unable to open database file\n"
    assert demo_process(nowhere, tmp_path) == ("", complaint, 1)


# The line


def test_the_demo_line_fits_the_settings_and_names_each_camera_once() -> None:
    line = [Camera(**camera) for camera in demo_line(64)]
    assert [camera.name for camera in line[:5]] == [
        "Valve body face", "Side rail", "Bore", "Bell, near", "Bell, far",
    ]  # fmt: skip
    assert len({camera.serial for camera in line}) == len({camera.name for camera in line}) == 64
    assert [camera.order for camera in line] == list(range(1, 65))
