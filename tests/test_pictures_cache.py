"""The cache on disk: bounded, shared, never needed, never wrong."""

import ctypes
import logging
import multiprocessing
import os
import sys
import time
import zipfile
from pathlib import Path

import pytest

from hmi.backup import archive
from hmi.pictures import disk
from hmi.pictures.disk import DiskCache, Kept
from hmi.pictures.renditions import Rendition
from tests.killed import killed_at_every_line
from tests.written import KEY, OTHER, put_another, write_a_backup

PICTURE = Kept(b"\xff\xd8" + bytes(range(256)) * 40 + b"\xff\xd9", "1f-2e")


def cache(folder: Path, cap_bytes: int = 10_000_000, ttl_s: float = 3600, rest_s: float = 60) -> DiskCache:
    return DiskCache(folder / "pictures", cap_bytes, ttl_s, rest_s=rest_s)


def entries(folder: Path) -> list[Path]:
    return sorted((folder / "pictures").glob("*.jpg"))


@pytest.mark.parametrize(
    ("image", "name", "version"),
    [("318683", "tile", "0af3"), ("318683.2", "crop-214635.2", "v_1-2"), ("1", "small", "")],
)
def test_a_rendition_has_one_form_that_is_a_file_name(image, name, version):
    rendition = Rendition(image, name, version)
    assert str(rendition) == f"{name}~{image}~{version}"
    assert rendition == Rendition(image, name, version)


@pytest.mark.parametrize(
    "piece",
    [
        "../x",
        "a/b",
        "a\\b",
        "",
        ".",
        "..",
        "a..b",
        ".a",
        "a.",
        "A",
        "a b",
        "a~b",
        "ä",
        "١",
        "a\0",
        "a\n",
        "x" * 65,
        "a:b",
    ],
)
def test_a_rendition_refuses_every_trick_with_names(piece):
    wrong = [(piece, "tile", "1"), ("1", f"crop-{piece}", "1"), ("1", piece, "1")]
    wrong += [("1", "tile", piece)] if piece else []
    for image, name, version in wrong:
        with pytest.raises(ValueError, match="not a rendition"):
            Rendition(image, name, version)


def test_what_was_put_is_got_also_by_another_process(tmp_path):
    cache(tmp_path).put("tile~1~a", PICTURE)
    assert cache(tmp_path).get("tile~1~a") == PICTURE
    assert cache(tmp_path).get("tile~1~b") is None


def test_an_entry_that_is_too_old_is_not_served(tmp_path):
    cache(tmp_path).put("tile~1~a", PICTURE)
    long_ago = time.time() - 100
    os.utime(entries(tmp_path)[0], (long_ago, long_ago))
    assert cache(tmp_path, ttl_s=99).get("tile~1~a") is None
    assert cache(tmp_path, ttl_s=101).get("tile~1~a") == PICTURE


@pytest.mark.parametrize("keep", [0, 1, 5, 5000, -1])
def test_an_entry_that_was_cut_off_is_not_served(tmp_path, keep):
    cache(tmp_path).put("tile~1~a", PICTURE)
    entry = entries(tmp_path)[0]
    entry.write_bytes(entry.read_bytes()[:keep])
    assert cache(tmp_path).get("tile~1~a") is None


@pytest.mark.parametrize("place", [0, 100, -1, -8, -12])
def test_an_entry_that_was_damaged_is_not_served(tmp_path, place):
    cache(tmp_path).put("tile~1~a", PICTURE)
    content = bytearray(entries(tmp_path)[0].read_bytes())
    content[place] ^= 1
    entries(tmp_path)[0].write_bytes(content)
    assert cache(tmp_path).get("tile~1~a") is None


def test_the_folder_never_grows_beyond_its_cap_and_keeps_the_newest(tmp_path):
    small = cache(tmp_path, cap_bytes=100_000)
    for number in range(60):
        small.put(f"tile~{number}~a", PICTURE)
        os.utime(tmp_path / "pictures" / f"tile~{number}~a.jpg", (time.time() - 60 + number,) * 2)
    total = sum(entry.stat().st_size for entry in entries(tmp_path))
    assert 50_000 < total <= 105_000
    assert small.get("tile~59~a") == PICTURE
    assert small.get("tile~0~a") is None


def test_what_an_earlier_process_left_counts_for_the_cap(tmp_path):
    for number in range(20):
        cache(tmp_path).put(f"tile~{number}~a", PICTURE)
    cache(tmp_path, cap_bytes=50_000).put("tile~99~a", PICTURE)
    assert sum(entry.stat().st_size for entry in entries(tmp_path)) <= 50_000


def test_garbage_in_the_folder_is_survived_and_left_alone(tmp_path):
    folder = tmp_path / "pictures"
    (folder / "tile~7~a.jpg").mkdir(parents=True)
    (folder / "letter to my aunt.jpg").write_bytes(bytes(50_000))
    (folder / "Tile~1~a.jpg.bak").write_bytes(bytes(50_000))
    (folder / "tile~8~a.jpg").write_bytes(b"garbage")
    kept = cache(tmp_path, cap_bytes=40_000)
    for number in range(30):
        kept.put(f"strip~{number}~a", PICTURE)
    assert kept.get("tile~7~a") is None
    assert kept.get("tile~8~a") is None
    assert kept.get("strip~29~a") == PICTURE
    assert (folder / "letter to my aunt.jpg").exists()
    assert (folder / "Tile~1~a.jpg.bak").exists()


def test_old_unfinished_files_are_swept_and_young_ones_are_not(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, age_s in (("0" * 32, 1000), ("1" * 32, 1)):
        (folder / f".{name}.part").write_bytes(b"x")
        os.utime(folder / f".{name}.part", (time.time() - age_s,) * 2)
    cache(tmp_path).sweep()
    assert [path.name for path in folder.iterdir()] == [f".{'1' * 32}.part"]


def test_a_cap_of_nothing_keeps_nothing(tmp_path):
    cache(tmp_path).put("tile~1~a", PICTURE)
    cache(tmp_path, cap_bytes=0).put("tile~2~a", PICTURE)
    assert cache(tmp_path, cap_bytes=0).get("tile~1~a") is None
    assert len(entries(tmp_path)) == 1


def test_a_folder_that_cannot_be_used_switches_the_cache_off_with_one_line_and_on_again(tmp_path, caplog):
    caplog.set_level(logging.INFO, "hmi.pictures")
    (tmp_path / "pictures").write_text("in the way", encoding="utf-8")
    blocked = cache(tmp_path, rest_s=0)
    for number in range(5):
        blocked.put(f"tile~{number}~a", PICTURE)
        assert blocked.get(f"tile~{number}~a") is None
    (tmp_path / "pictures").unlink()
    blocked.put("tile~9~a", PICTURE)
    assert blocked.get("tile~9~a") == PICTURE
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


@pytest.fixture
def tiny_disk(tmp_path):
    """A disk of one megabyte."""
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None
    (tmp_path / "disk").mkdir()
    target = os.fsencode(tmp_path / "disk")
    if libc is None or libc.mount(b"tmpfs", target, b"tmpfs", 0, b"size=1m") != 0:
        if os.environ.get("CI"):
            pytest.fail("cannot mount a small disk")
        pytest.skip("cannot mount a small disk here")
    yield tmp_path / "disk"
    libc.umount2(target, 2)


def test_a_full_disk_switches_the_cache_off_and_leaves_nothing_half_written(tiny_disk, caplog):
    caplog.set_level(logging.INFO, "hmi.pictures")
    full = cache(tiny_disk)
    for number in range(200):
        full.put(f"tile~{number}~a", PICTURE)
    served = [number for number in range(200) if full.get(f"tile~{number}~a") == PICTURE]
    assert 50 < len(served) < 150
    assert len(caplog.records) == 1
    assert "No space left" in caplog.text
    assert len(entries(tiny_disk)) == len(list((tiny_disk / "pictures").iterdir())) == len(served)


def test_an_entry_that_windows_will_not_replace_stays(tmp_path, monkeypatch, caplog):
    kept = cache(tmp_path)
    kept.put("tile~1~a", PICTURE)

    def violate(source, target):
        raise PermissionError(13, "The process cannot access the file because it is being used")

    monkeypatch.setattr(Path, "replace", violate)
    kept.put("tile~1~a", Kept(b"newer", "2-2"))
    assert kept.get("tile~1~a") == PICTURE
    assert caplog.records == []
    assert len(list((tmp_path / "pictures").iterdir())) == 1


def _use(folder: str, seed: int) -> None:
    own = cache(Path(folder), cap_bytes=60_000)
    for number in range(150):
        key = f"tile~{(number * seed) % 40}~a"
        own.put(key, PICTURE)
        assert own.get(key) in (None, PICTURE)


def test_several_processes_share_the_folder(tmp_path):
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_use, args=(str(tmp_path), seed)) for seed in (7, 11, 13)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert not list((tmp_path / "pictures").glob("*.part"))


def _put_for_ever(folder: str) -> None:
    own = cache(Path(folder))
    while True:
        own.put("tile~1~a", PICTURE)
        own.put("tile~1~a", Kept(b"other" * 5000, "3-3"))


def test_a_process_that_is_killed_while_it_writes_leaves_an_old_or_a_new_entry(tmp_path):
    spawn = multiprocessing.get_context("spawn")
    other = cache(tmp_path)
    other.put("tile~1~a", PICTURE)
    for pause_s in (0.30, 0.31, 0.32):
        process = spawn.Process(target=_put_for_ever, args=(str(tmp_path),))
        process.start()
        time.sleep(pause_s)
        process.kill()
        process.join()
        assert other.get("tile~1~a") in (PICTURE, Kept(b"other" * 5000, "3-3"))


def test_killed_at_any_line_the_entry_is_the_old_or_the_new_one(tmp_path):
    cache(tmp_path).put(KEY, PICTURE)
    kills = killed_at_every_line(put_another, disk, tmp_path / "pictures")
    found = [cache(tmp_path).get(KEY) for _ in kills]
    assert len(found) > 10
    at = found.index(OTHER)
    assert (found[:at], found[at:]) == ([PICTURE] * at, [OTHER] * (len(found) - at))


def test_killed_at_any_line_a_backup_is_the_old_or_the_new_one(tmp_path):
    file = tmp_path / "backup.zip"
    file.write_bytes(b"old")
    found = []
    for _ in killed_at_every_line(write_a_backup, archive, file):
        found.append(zipfile.is_zipfile(file) and zipfile.ZipFile(file).testzip() is None)
        assert found[-1] or file.read_bytes() == b"old"
    assert (len(found) > 10, found[0], found[-1]) == (True, False, True)
