"""Places that hang, fail and come back: bounded threads, deadlines, the circuit breaker."""

import logging
import os
import threading
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path

import pytest

from hmi.plant.files import FileAbsent, ImageFiles, Patience, PlaceUnreachable
from hmi.plant.files.lanes import Lanes
from hmi.settings import Storage
from tests.hung_share import HungShare
from tests.image_files import storage_of, storage_with

QUICK = Patience(failures=2, rest_s=0.1, longest_rest_s=0.2)
A = r"E:\images\a.jpg"


@pytest.fixture
def share(tmp_path: Path):
    """A folder with one image, over which a share can hang."""
    folder = tmp_path / "share"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"image")
    share = HungShare(folder)
    try:
        share.hang()
    except (OSError, AttributeError) as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"cannot mount a share here: {error}")
    share.heal()
    yield share
    share.heal()


@pytest.fixture
def open_files():
    opened = []

    def open_one(storage: Storage, patience: Patience = QUICK) -> ImageFiles:
        opened.append(ImageFiles(storage, patience))
        return opened[-1]

    yield open_one
    for files in opened:
        files.close()


def _waits(files: ImageFiles, path: str) -> float:
    began = time.monotonic()
    with pytest.raises(PlaceUnreachable):
        files.read(path)
    return time.monotonic() - began


def _reader_threads() -> int:
    return sum(thread.name.startswith("image-files") for thread in threading.enumerate())


def test_a_hung_share_holds_a_reader_for_the_deadline_and_later_ones_not_at_all(share, tmp_path, open_files):
    files = open_files(storage_of(tmp_path / "share", deadline_s=0.2), Patience(failures=2, rest_s=30))
    share.hang()
    assert all(0.15 < _waits(files, A) < 2 for _ in range(2))
    assert sum(_waits(files, A) for _ in range(50)) < 2  # the deadline each would be ten seconds


def test_when_all_threads_hang_nobody_waits_for_one_to_come_free(share, tmp_path, open_files):
    files = open_files(
        storage_of(tmp_path / "share", deadline_s=0.5, workers=1), Patience(failures=3, rest_s=30)
    )
    share.hang()
    waits = [_waits(files, A) for _ in range(30)]
    assert sum(wait > 0.4 for wait in waits) == 3


def test_a_hung_share_never_takes_more_threads_than_allowed(share, tmp_path, open_files):
    before = _reader_threads()
    files = open_files(storage_of(tmp_path / "share", deadline_s=0.2, workers=4))
    share.hang()
    with ThreadPoolExecutor(12) as callers:
        waits = list(callers.map(lambda _: _waits(files, A), range(40)))
    assert max(waits) < 2
    assert _reader_threads() - before <= 4


def test_a_share_that_comes_back_heals_by_itself(share, tmp_path, open_files):
    files = open_files(storage_of(tmp_path / "share", deadline_s=0.1, workers=2))
    share.hang()
    for _ in range(6):
        _waits(files, A)
    share.heal()
    assert _read_within(files, A, 3) == b"image"


def test_a_hung_root_does_not_starve_another(share, tmp_path, open_files):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "b.jpg").write_bytes(b"other")
    roots = [("E:/images", "share"), ("F:/images", "other")]
    storage = storage_with(
        [{"prefix": prefix, "source": str(tmp_path / folder)} for prefix, folder in roots],
        deadline_s=0.3,
        workers=2,
    )
    files = open_files(storage, Patience(failures=1000))
    share.hang()
    with ThreadPoolExecutor(8) as callers:
        hung = [callers.submit(_waits, files, A) for _ in range(8)]
        for _ in range(50):
            assert files.read("F:/images/b.jpg").data == b"other"
        assert all(future.result() < 3 for future in hung)


def test_the_breaker_logs_when_a_place_goes_and_when_it_comes_back_and_nothing_between(
    tmp_path, caplog, open_files
):
    caplog.set_level(logging.INFO, "hmi.plant.files")
    files = open_files(storage_of(tmp_path / "share"))
    for _ in range(20):
        _waits(files, A)
    assert list(files.troubles()) == [r"E:\images"]
    (tmp_path / "share").mkdir()
    (tmp_path / "share" / "a.jpg").write_bytes(b"image")
    _read_within(files, A, 3)
    assert files.troubles() == {}
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_missing_files_do_not_make_a_place_unreachable(tmp_path, open_files):
    files = open_files(storage_of(tmp_path))
    for _ in range(10):
        with pytest.raises(FileAbsent):
            files.read(A)


def test_after_close_every_read_says_that_the_place_is_unreachable(tmp_path, open_files):
    (tmp_path / "a.jpg").write_bytes(b"image")
    files = open_files(storage_of(tmp_path))
    files.close()
    with pytest.raises(PlaceUnreachable):
        files.read(A)


def _read_within(files: ImageFiles, path: str, seconds: float) -> bytes:
    until = time.monotonic() + seconds
    while True:
        try:
            return files.read(path).data
        except PlaceUnreachable:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def test_every_lane_has_a_thread_of_its_own_beside_the_shared_ones():
    lanes, free = Lanes(2, 3, "test"), threading.Event()
    stuck = [lanes.submit(0, free.wait) for _ in range(9)]
    assert lanes.submit(1, lambda: "still served").result(5) == "still served"
    assert sum(future.running() for future in stuck) <= 2
    free.set()
    assert all(future.result(5) for future in stuck)
    lanes.close()


def test_calls_of_one_lane_begin_in_their_order():
    lanes, begun = Lanes(1, 1, "test"), []
    futures = [lanes.submit(0, lambda number=number: begun.append(number)) for number in range(50)]
    for future in futures:
        future.result(5)
    assert begun == list(range(50))
    lanes.close()


def test_urgent_calls_begin_before_those_that_wait_and_in_their_order():
    lanes, begun, free = Lanes(1, 1, "test"), [], threading.Event()
    lanes.submit(0, free.wait)
    futures = [lanes.submit(0, lambda number=number: begun.append(number)) for number in range(3)]
    words = ("first", "second")
    futures += [lanes.submit(0, lambda word=word: begun.append(word), urgent=True) for word in words]
    free.set()
    for future in futures:
        future.result(5)
    assert begun == ["first", "second", 0, 1, 2]
    lanes.close()


def test_closing_cancels_what_waits_and_takes_nothing_new():
    lanes, begun, free = Lanes(1, 1, "test"), threading.Event(), threading.Event()
    running = lanes.submit(0, lambda: begun.set() or free.wait())
    waiting = lanes.submit(0, free.wait)
    assert begun.wait(5)
    lanes.close()
    free.set()
    assert running.result(5)
    with pytest.raises(CancelledError):
        waiting.result(5)
    with pytest.raises(CancelledError):
        lanes.submit(0, free.wait)


def test_an_error_of_a_call_reaches_the_one_who_asked():
    lanes = Lanes(1, 2, "test")
    with pytest.raises(ZeroDivisionError):
        lanes.submit(0, lambda: 1 / 0).result(5)
    lanes.close()
