"""The health page says of each part when it was last seen well, also while it is not: never a guess."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hmi.condition import Condition
from hmi.observe import health
from hmi.observe.last_well import LastWell
from hmi.observe.plant_rows import plant_rows, vision_row
from hmi.observe.rows import Row
from hmi.parts import EXTENSION
from hmi.pictures.disk import DiskCache, Kept
from hmi.plant.rows import Batch
from hmi.plant.server_facts import ServerFacts, Slot
from hmi.store import outbox
from hmi.store.leases import WorkerLease
from hmi.store.outbox import Outgoing
from tests.image_files import jpeg
from tests.lines import trigger
from tests.people import PAGE, opened, settle_in, signed_in
from tests.plants import VisionSystem
from tests.waiting import until

NOON = datetime(2026, 5, 8, 12, 0, tzinfo=UTC)
ROOT = "E:\\images"


@pytest.fixture
def app(sqlite_store, settings_of, tmp_path):
    settle_in(sqlite_store)
    (tmp_path / "images").mkdir()
    VisionSystem(f"sqlite:///{tmp_path / 'plant.db'}").build()
    with opened(settings_of(logging={"file": str(tmp_path / "logs" / "hmi.log")})) as app:
        yield app


@pytest.fixture
def house(app):
    return app.extensions[EXTENSION]


def rows(house) -> dict[str, Row]:
    return {row.what: row for group in health.rows_of(house).values() for row in group}


def stop_store(house, folder: Path) -> None:
    for file in folder.glob("store.db*"):
        file.unlink()
    house.store.close()
    (folder / "store.db").mkdir()


def test_a_root_that_disappears_was_last_well_when_a_file_was_last_read(house, tmp_path):
    picture = tmp_path / "images" / "a.jpg"
    picture.write_bytes(jpeg(64, 64))
    before = datetime.now(UTC)
    house.files.read(f"{ROOT}\\a.jpg")
    after = datetime.now(UTC)
    picture.unlink()
    (tmp_path / "images").rmdir()
    for _ in range(4):  # the last one is not even tried: the place is left alone
        gone = rows(house)[ROOT]
        assert gone.state == "failed"
        assert before <= gone.last_good <= after


def test_a_root_that_comes_back_is_well_now(house, tmp_path):
    (tmp_path / "images").rmdir()
    assert rows(house)[ROOT].last_good is None
    (tmp_path / "images").mkdir()
    before = datetime.now(UTC)
    assert rows(house)[ROOT].last_good >= before


def test_what_was_never_well_says_so_with_the_start(app, house, tmp_path):
    (tmp_path / "images").rmdir()
    page = signed_in(app, "Ada").get("/admin/health", headers=PAGE).text
    told = dict(re.findall(r'<tr><th scope="row">(.*?)</th>.*<td>([^<]*)</td></tr>', page))
    started = house.last_well.since.astimezone(house.settings.time.zone_info)
    assert told[ROOT].startswith(f"not since the start at {started:%H:%M:%S}")
    assert told["Worker"].startswith("not since the start")
    assert "—" not in told.values()


def test_a_store_that_stops_was_last_well_when_it_last_answered(house, tmp_path):
    before = datetime.now(UTC)
    with house.store.read() as session:
        session.connection()
    after = datetime.now(UTC)
    stop_store(house, tmp_path)
    stopped = rows(house)["Store"]
    assert stopped.state == "failed"
    assert before <= stopped.last_good <= after


def test_a_store_that_was_asked_nothing_has_not_answered(house):
    with house.store.read():
        pass
    assert house.store.answered_at is None


def test_what_only_the_store_knows_keeps_its_times_while_it_is_silent(house, tmp_path):
    assert WorkerLease(house.store).acquire()
    first = rows(house)
    stop_store(house, tmp_path)
    silent = rows(house)
    for what in ("Worker", "Write-back"):
        assert first[what].state == "ok"
        assert silent[what].state == "unknown"
        assert silent[what].last_good == first[what].last_good
    assert silent["Reading"].last_good is None


def test_a_worker_that_ended_was_last_well_at_its_last_sign_of_life(house):
    lease = WorkerLease(house.store)
    assert lease.acquire()
    house.follower.start()
    until(lambda: house.follower.snapshot is not None)
    before = datetime.now(UTC)
    with house.store.write() as session:
        lease.checked(session, read=False, trouble="")
    until(lambda: house.follower.worked_at is not None)
    lease.release()
    ended = rows(house)["Worker"]
    assert ended.state == "failed"
    assert ended.last_good == house.follower.worked_at > before


def test_screens_that_are_stale_were_last_well_when_the_plant_was_last_read(house):
    lease = WorkerLease(house.store)
    assert lease.acquire()
    house.follower.start()
    until(lambda: house.follower.pulse.reads == 0)
    before = datetime.now(UTC)
    with house.store.write() as session:
        lease.checked(session, read=True, trouble="")
    until(lambda: house.follower.pulse.reads == 1)
    after = datetime.now(UTC)
    house.follower.close()
    screens = health._screens(house.follower)
    assert before <= screens.last_good <= after


def test_a_disk_that_cannot_be_written_was_well_at_the_last_look(house, tmp_path, monkeypatch):
    monkeypatch.setattr("hmi.checks.FREE_GB", 0.0)
    first = rows(house)
    (tmp_path / "logs").write_text("a file where the folder should be", "utf-8")
    broken = rows(house)
    assert broken["Disk for log"].state == "failed"
    assert broken["Disk for log"].last_good == first["Disk for log"].last_good
    assert broken["Disk for cache"].last_good > first["Disk for cache"].last_good


def test_a_cache_that_fails_was_well_when_something_was_kept_last(tmp_path):
    cache = DiskCache(tmp_path / "pictures", 1_000_000, 3600)
    assert cache.kept_at is None
    cache.put("a", Kept(b"x", "1-1"))
    kept_at = cache.kept_at
    for file in (tmp_path / "pictures").iterdir():
        file.unlink()
    (tmp_path / "pictures").rmdir()
    (tmp_path / "pictures").write_text("in the way", "utf-8")
    cache.put("b", Kept(b"x", "1-1"))
    assert cache.trouble
    assert cache.kept_at == kept_at is not None


def test_a_cache_that_is_switched_off_has_no_time(sqlite_store, settings_of):
    with opened(settings_of(storage={"cache_enabled": False})) as app:
        off = rows(app.extensions[EXTENSION])["Cache of pictures"]
    assert (off.last_good, off.since) == (None, None)


def queued(number: int, **how) -> Outgoing:
    usual = {"generation": 1, "defect_id": number, "queued_at": NOON, "mark": f"mark {number}"}
    return Outgoing(decision_id=number, **{**usual, **how})


def test_a_write_back_that_is_stuck_was_last_well_when_it_last_wrote(house):
    def minutes(number: int) -> datetime:
        return NOON + timedelta(minutes=number)

    with house.store.write() as session:
        session.add(queued(1, state=outbox.DONE, ended_at=minutes(3)))
        session.add(queued(2, state=outbox.DONE, ended_at=minutes(1)))
        session.add(queued(3, state=outbox.CONFLICT, ended_at=minutes(9)))
        session.add(queued(4, trouble="it does not answer"))
    stuck = rows(house)["Write-back"]
    assert stuck.state == "warning"
    assert stuck.last_good == minutes(3)


def noted_by(condition: Condition) -> dict:
    return condition._body("")


def read(condition: Condition, second: int, **said) -> None:
    condition.heard(Batch(began_s=0, **said), (), NOON + timedelta(seconds=second))


def test_a_standby_that_falls_behind_was_last_well_before_that():
    condition = Condition()
    read(condition, 0, lag_s=0.0, clock_skew_s=0.1)
    read(condition, 9, lag_s=30.0, clock_skew_s=90.0)
    found = {row.what: row for row in plant_rows(noted_by(condition), "", None)}
    assert found["Standby"].state == "failed"
    assert found["Its clock"].state == "warning"
    assert found["Standby"].last_good == found["Its clock"].last_good == NOON
    assert found["Reading"].last_good is None  # what it reads is old


def test_replication_slots_were_last_well_when_all_were_active():
    condition = Condition()
    sound = ServerFacts("16.4", "plant", (), (Slot("mes", "logical", True),), asked_at=NOON)
    later = NOON + timedelta(minutes=1)
    read(condition, 0, server=sound)
    read(condition, 70, server=ServerFacts("16.4", "plant", (), (Slot("mes", "logical", False),), later))
    found = {row.what: row for row in plant_rows(noted_by(condition), "", None)}
    assert found["Replication slots"].state == "warning"
    assert found["Replication slots"].last_good == NOON
    assert found["Publications"].last_good == later


def test_a_vision_system_whose_clock_went_wrong_was_last_well_with_its_last_right_part():
    condition = Condition()
    for number, skew_s in enumerate((0, 600)):
        at = NOON + timedelta(seconds=number)
        row = trigger(number + 1, timestamp=at + timedelta(seconds=skew_s))
        condition.heard(Batch(began_s=0), (), at)
        condition.heard(Batch(began_s=0, triggers=(row,)), {(1, number + 1)}, at)
    row = vision_row(noted_by(condition), "")
    assert row.state == "warning"
    assert row.last_good == NOON


def test_nobody_knows_of_the_vision_system_while_the_plant_cannot_be_read():
    condition, now = Condition(), datetime.now(UTC)
    condition.heard(Batch(began_s=0), (), now)
    condition.heard(Batch(began_s=0, triggers=(trigger(1, timestamp=now),)), {(1, 1)}, now)
    assert vision_row(noted_by(condition), "").state == "ok"
    row = vision_row(noted_by(condition), "it refuses the connection")
    assert (row.state, row.last_good) == ("unknown", now)
    assert row.text.startswith("when it was read last: the last part came")


def test_a_worker_that_saw_no_part_yet_counts_from_its_own_start():
    condition = Condition()
    row = vision_row(noted_by(condition), "")
    assert row.last_good is None
    assert row.since == condition._began_at


def test_the_latest_time_of_a_part_is_kept():
    well = LastWell()
    assert well.latest("Disk") is None
    assert well.latest("Disk", NOON) == NOON
    assert well.latest("Disk", None, NOON - timedelta(hours=1)) == NOON
