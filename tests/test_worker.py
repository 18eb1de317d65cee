"""The whole way without a browser: a real plant is followed, judged and stored; past, takeover, rewinding."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image as Pillow
from sqlalchemy import func, select, text

from hmi import backfilling
from hmi.pictures.gallery import Gallery
from hmi.plant.files import ImageFiles
from hmi.store import Store, line, state
from hmi.store.mirror import MirroredTable
from hmi.store.runs import Defect, Image, Run
from hmi.store.state import Lease
from hmi.worker import Worker
from tests import plants
from tests.desk import Desk
from tests.lines import LARGE
from tests.plants import CAMERA_SERIALS, VisionSystem
from tests.waiting import until

vision = plants.vision
pg_vision = plants.pg_vision
lite_vision = plants.lite_vision

QUICK = {
    "feed": {"poll_s": 0.05, "backfill_parts": 2000},
    "line": {"settle_s": 0.3, "grace_s": 0.8},
}


@pytest.fixture
def quick(vision: VisionSystem, settings_of):
    """Settings for this plant in which a second is long."""
    return settings_of(database={"url": vision.url}, **QUICK)


@contextmanager
def working(settings, store: Store, **options) -> Iterator[Worker]:
    files = ImageFiles(settings.storage)
    gallery = Gallery(files, settings.storage)
    worker = Worker(settings, store, gallery, **options)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()
        gallery.close()
        files.close()


def lay_pictures(folder: Path, trigger: int, cameras=CAMERA_SERIALS) -> None:
    """The files that VisionSystem's rows name."""
    place = folder / "images" / "05-08-2025" / "09" / "1"
    place.mkdir(parents=True, exist_ok=True)
    for camera in cameras:
        Pillow.new("L", (320, 320), 80).save(place / f"{trigger}_{camera}.jpg")


def verdict(store: Store, trigger: int, generation: int = 1) -> str | None:
    with store.read() as session:
        run = session.get(Run, (generation, trigger))
        return run.verdict if run else None


def is_following(store: Store) -> bool:
    """What comes now is the present."""
    with store.read() as session:
        lease = session.get(Lease, "worker")
        return lease is not None and lease.reads > 0


def count(store: Store, model=Run) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_a_part_is_followed_from_its_trigger_to_its_verdict(vision, quick, sqlite_store, tmp_path):
    with working(quick, sqlite_store):
        until(lambda: count(sqlite_store, MirroredTable))
        trigger = vision.part()
        until(lambda: verdict(sqlite_store, trigger) == "waiting")
        lay_pictures(tmp_path, trigger)
        until(lambda: verdict(sqlite_store, trigger) == "pass")
        image = vision.ids("Images")[-1]
        vision.defect(image, width=LARGE)
        until(lambda: verdict(sqlite_store, trigger) == "fail")


def test_a_missing_file_and_a_missing_camera_never_pass(vision, quick, sqlite_store, tmp_path):
    with working(quick, sqlite_store):
        until(lambda: count(sqlite_store, MirroredTable))
        without_file = vision.part()
        lay_pictures(tmp_path, without_file, CAMERA_SERIALS[:4])
        without_camera = vision.part(images=4)
        lay_pictures(tmp_path, without_camera, CAMERA_SERIALS[:4])
        until(lambda: verdict(sqlite_store, without_file) == "unreadable")
        until(lambda: verdict(sqlite_store, without_camera) == "missing")


def test_the_past_comes_in_beside_the_present(vision, quick, sqlite_store):
    triggers = [vision.part(defects=1) for _ in range(60)]
    with working(quick, sqlite_store):
        until(lambda: count(sqlite_store) == len(triggers))
        until(lambda: count(sqlite_store, Defect) == 5 * len(triggers))
        with sqlite_store.read() as session:
            assert session.get(Run, (1, triggers[0])).verdict == "pass"
            assert session.get(Run, (1, triggers[0])).past


def test_only_as_much_of_the_past_comes_as_was_asked_for(vision, quick, sqlite_store):
    for _ in range(60):
        vision.part(defects=0, images=1)
    few = quick.model_copy(update={"feed": quick.feed.model_copy(update={"backfill_parts": 10})})
    with working(few, sqlite_store):
        until(lambda: count(sqlite_store) == 30)
        with sqlite_store.write() as session:
            assert backfilling.wanted(session) is None
            backfilling.ask_since(session, 0)
        until(lambda: count(sqlite_store) == 60)


def test_a_worker_that_is_stopped_goes_on_where_it_was(vision, quick, sqlite_store):
    for _ in range(50):
        vision.part(defects=1, images=2)
    with working(quick, sqlite_store):
        until(lambda: count(sqlite_store) >= 20)
    missed = [vision.part(defects=1, images=2) for _ in range(5)]
    with working(quick, sqlite_store):
        until(lambda: count(sqlite_store) == 55)
        until(lambda: count(sqlite_store, Image) == 110)
        assert all(verdict(sqlite_store, trigger) for trigger in missed)


def test_of_two_workers_one_leads_and_the_other_takes_over(vision, quick, sqlite_store):
    with working(quick, sqlite_store, lease_s=0.5):
        until(lambda: count(sqlite_store, Lease))
        with working(quick, sqlite_store, lease_s=0.5):
            vision.part()
            until(lambda: count(sqlite_store) == 1)
    with working(quick, sqlite_store, lease_s=0.5):
        vision.part()
        until(lambda: count(sqlite_store) == 2)
    with sqlite_store.read() as session:
        assert session.scalar(select(Lease.term)) >= 2


def test_a_plant_that_cannot_be_read_is_said_and_heals(vision, quick, sqlite_store):
    def trouble() -> str:
        with sqlite_store.read() as session:
            return session.scalar(select(Lease.trouble)) or ""

    with working(quick, sqlite_store):
        until(lambda: count(sqlite_store, MirroredTable))
        vision.run('ALTER TABLE "Triggers" RENAME TO "Hidden"')
        until(lambda: "Triggers" in trouble())
        vision.run('ALTER TABLE "Hidden" RENAME TO "Triggers"')
        until(lambda: trouble() == "")


def test_a_missing_column_is_named_to_everyone(vision, quick, sqlite_store):
    vision.run('ALTER TABLE "Defects" RENAME COLUMN confidence TO certainty')
    with working(quick, sqlite_store):
        trigger = vision.part(defects=0)
        until(lambda: verdict(sqlite_store, trigger))
        with sqlite_store.read() as session:
            assert state.get(session, "notices")["absent"] == ["Defects.confidence"]


@pytest.mark.postgres
def test_a_plant_set_back_begins_a_new_generation_and_keeps_the_history(pg_vision, settings_of, sqlite_store):
    quick = settings_of(database={"url": pg_vision.url}, **QUICK)
    for _ in range(3):
        pg_vision.part("OLD")
    with working(quick, sqlite_store):
        until(lambda: count(sqlite_store) == 3)
        pg_vision.run('TRUNCATE "Triggers", "Images", "Defects" RESTART IDENTITY CASCADE')
        until(lambda: _rewound(sqlite_store))
        pg_vision.part("NEW")
        until(lambda: count(sqlite_store) == 4)
    with sqlite_store.read() as session:
        serials = {run.key: run.serial for run in session.scalars(select(Run))}
    assert serials == {(1, 1): "OLD", (1, 2): "OLD", (1, 3): "OLD", (2, 1): "NEW"}


def _rewound(store: Store) -> bool:
    with store.read() as session:
        return bool((state.get(session, "notices") or {}).get("rewound_at"))


@pytest.mark.postgres
def test_times_that_are_none_are_unknown_and_stop_nothing(pg_vision, settings_of, sqlite_store):
    quick = settings_of(database={"url": pg_vision.url}, **QUICK)
    odd = ["'infinity'", "'-infinity'", "NULL", "'0001-01-01'", "'4713-01-01 BC'", "'9999-12-31'"]
    with working(quick, sqlite_store):
        until(lambda: count(sqlite_store, MirroredTable))
        for at in odd:
            pg_vision.run(f'INSERT INTO "Triggers" ("timestamp", part_instance) VALUES ({at}, \'odd\')')
        until(lambda: count(sqlite_store) == len(odd))
    with sqlite_store.read() as session:
        assert {run.order_ms for run in session.scalars(select(Run))} == {0}


@pytest.mark.postgres
def test_nothing_is_created_in_the_plant(pg_vision, settings_of, sqlite_store):
    def everything() -> list:
        with pg_vision.writing() as connection:
            return list(
                connection.execute(text("SELECT oid, relname, relfilenode FROM pg_class ORDER BY oid"))
            )

    before = everything()
    with working(settings_of(database={"url": pg_vision.url}, **QUICK), sqlite_store):
        until(lambda: count(sqlite_store, MirroredTable))
    assert everything() == before


def test_no_thread_stays_behind(vision, quick, sqlite_store):
    before = set(threading.enumerate())
    with working(quick, sqlite_store):
        until(lambda: count(sqlite_store, MirroredTable))
    until(lambda: not {thread for thread in set(threading.enumerate()) - before if thread.is_alive()})


def test_a_decision_reaches_the_plant_through_the_worker_and_its_echo_is_no_news(vision, quick, sqlite_store):
    def row(number: int) -> str | None:
        with vision.writing() as connection:
            return connection.scalar(text(f'SELECT disposition FROM "Defects" WHERE id = {number}'))

    with working(quick, sqlite_store):
        until(lambda: count(sqlite_store, MirroredTable))
        vision.part(defects=1, images=1)
        until(lambda: count(sqlite_store, Defect) == 1)
        Desk(quick, sqlite_store).defect(1, "okay")
        until(lambda: row(1) == "Part Okay")
        reads = reads_of(sqlite_store)
        until(lambda: reads_of(sqlite_store) > reads + 3)
    with sqlite_store.read() as session:
        assert session.get(Defect, (1, 1)).changed_after_at is None


def reads_of(store: Store) -> int:
    """How often the plant has been read."""
    with store.read() as session:
        return session.scalar(select(Lease.reads)) or 0


def test_a_number_given_by_hand_does_not_pin_the_screen(pg_vision, settings_of, sqlite_store):
    settings = settings_of(database={"url": pg_vision.url}, **QUICK)

    def shown() -> int | None:
        with sqlite_store.read() as session:
            run = line.live_run(session)
            return run.id if run else None

    with working(settings, sqlite_store):
        pg_vision.part()
        until(lambda: shown() == 1)
        by_hand = 9_000_000_000_000_000
        pg_vision.run(f'INSERT INTO "Triggers" (id, timestamp) VALUES ({by_hand}, now())')
        until(lambda: shown() == by_hand)
        pg_vision.part()
        until(lambda: shown() == 2)
    with working(settings, sqlite_store):
        pg_vision.part()
        until(lambda: shown() == 3)


def test_what_was_deleted_while_nobody_looked_is_noticed(vision, quick, sqlite_store):
    with working(quick, sqlite_store):
        until(lambda: is_following(sqlite_store))
        for _ in range(2):
            vision.part(images=1, defects=2)
        until(lambda: count(sqlite_store, Defect) == 4)
    vision.run('DELETE FROM "Defects" WHERE id <= 3', 'DELETE FROM "Images" WHERE id = 1')
    vision.run('DELETE FROM "Triggers" WHERE id = 1')

    def gone() -> list[list[int]]:
        with sqlite_store.read() as session:
            return [
                list(session.scalars(select(model.id).where(model.gone).order_by(model.id)))
                for model in (Run, Image, Defect)
            ]

    with working(quick, sqlite_store):
        until(lambda: gone() == [[1], [1], [1, 2, 3]])
