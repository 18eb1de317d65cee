"""Image files in a folder: whole, confined, patient with those who write them."""

import os
import threading
import time
from pathlib import Path

import pytest

from hmi.plant.files import (
    FileAbsent,
    FileBusy,
    FileTooLarge,
    ImageFiles,
    PathRefused,
    Patience,
    PlaceUnreachable,
)
from hmi.plant.files.folder import long_path
from tests.image_files import storage_of

posix_only = pytest.mark.skipif(
    os.name == "nt", reason="needs a disk that tells upper from lower case, or links"
)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    return folder


@pytest.fixture
def files(images: Path):
    files = ImageFiles(storage_of(images, max_file_mb=1))
    yield files
    files.close()


def test_a_file_is_read_whole_with_its_stamp(images, files):
    name = "05-08-2025_1-1_38A25125397379RFML3P 7006 MC.jpg"
    (images / "05-08-2025" / "09").mkdir(parents=True)
    (images / "05-08-2025" / "09" / name).write_bytes(b"content")
    content = files.read(rf"E:\images/05-08-2025/09\{name}")
    assert content.data == b"content"
    assert content.stamp == files.stamp(rf"e:/IMAGES/05-08-2025/09/{name}")
    assert content.stamp.size == 7


def test_a_missing_file_is_absent(files):
    with pytest.raises(FileAbsent):
        files.read(r"E:\images\gone.jpg")


def test_a_file_used_as_a_folder_is_absent(images, files):
    (images / "a.jpg").write_bytes(b"x")
    with pytest.raises(FileAbsent):
        files.read(r"E:\images\a.jpg\b.jpg")


def test_a_missing_root_is_an_unreachable_place_and_not_a_missing_file(tmp_path):
    files = ImageFiles(storage_of(tmp_path / "not mounted"))
    with pytest.raises(PlaceUnreachable):
        files.read(r"E:\images\a.jpg")


def test_two_gigabytes_are_refused_by_size_before_anything_is_read(images, files):
    with (images / "huge.jpg").open("wb") as huge:
        huge.truncate(2_000_000_000)
    with pytest.raises(FileTooLarge):
        files.read(r"E:\images\huge.jpg")


def test_an_empty_file_is_read_as_empty(images, files):
    (images / "empty.jpg").touch()
    assert files.read(r"E:\images\empty.jpg").data == b""


def test_a_folder_is_no_file(images, files):
    (images / "x.jpg").mkdir()
    with pytest.raises(FileAbsent):
        files.stamp(r"E:\images\x.jpg")


@posix_only
def test_a_pipe_is_no_file_and_is_not_opened(images, files):
    os.mkfifo(images / "pipe.jpg")
    with pytest.raises(FileAbsent):
        files.read(r"E:\images\pipe.jpg")


@posix_only
@pytest.mark.parametrize("link", ["a.jpg", "folder"])
def test_a_link_out_of_the_root_is_refused(link, tmp_path, images, files):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.jpg").write_bytes(b"secret")
    (images / link).symlink_to(outside / "a.jpg" if link == "a.jpg" else outside)
    path = "E:/images/a.jpg" if link == "a.jpg" else "E:/images/folder/a.jpg"
    for ask in (files.read, files.stamp):
        with pytest.raises(PathRefused):
            ask(path)


@posix_only
def test_a_link_inside_the_root_is_followed(images, files):
    (images / "a.jpg").write_bytes(b"inside")
    (images / "b.jpg").symlink_to("a.jpg")
    assert files.read("E:/images/b.jpg").data == b"inside"


@posix_only
def test_a_link_that_is_swapped_in_while_reading_never_leads_out(tmp_path, images, files):
    outside = tmp_path / "outside"
    for folder, content in ((outside, b"secret"), (images / "real", b"inside")):
        folder.mkdir()
        (folder / "a.jpg").write_bytes(content)
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            for target in (outside, images / "real"):
                (images / "new").symlink_to(target)
                (images / "new").replace(images / "link")

    swapper = threading.Thread(target=swap)
    swapper.start()
    seen = set()
    until = time.monotonic() + 0.7
    while time.monotonic() < until:
        try:
            seen.add(files.read("E:/images/link/a.jpg").data)
        except (PathRefused, FileBusy, FileAbsent) as error:
            seen.add(type(error))
    stop.set()
    swapper.join()
    assert b"secret" not in seen
    assert seen >= {b"inside", PathRefused}


@posix_only
def test_the_exact_name_comes_before_one_in_other_letters(images, files):
    (images / "a.jpg").write_bytes(b"lower")
    (images / "A.JPG").write_bytes(b"upper")
    assert files.read("E:/images/a.jpg").data == b"lower"
    assert files.read("E:/images/A.JPG").data == b"upper"


@posix_only
def test_a_name_in_other_letters_is_found_as_on_windows(images, files):
    (images / "Folder Ä").mkdir()
    (images / "Folder Ä" / "Image.JPG").write_bytes(b"x")
    assert files.read("E:/images/folder ä/iMAGE.jpg").data == b"x"


@posix_only
def test_of_several_names_in_other_letters_none_is_taken(images, files):
    (images / "a.jpg").write_bytes(b"1")
    (images / "A.jpg").write_bytes(b"2")
    with pytest.raises(FileAbsent):
        files.read("E:/images/A.JPG")


@posix_only
def test_composed_and_decomposed_letters_are_different_names(images, files):
    (images / "Pr\u00fcfung.jpg").write_bytes(b"composed")
    assert files.read("E:/images/Pr\u00fcfung.jpg").data == b"composed"
    with pytest.raises(FileAbsent):
        files.read("E:/images/Pru\u0308fung.jpg")


def test_long_paths_and_unusual_letters_are_found(images, files):
    deep = images.joinpath(*["a long folder name"] * 18)
    deep.mkdir(parents=True)
    (deep / "🏭 %2e.jpg").write_bytes(b"deep")
    path = "E:/images/" + "/".join(["a long folder name"] * 18) + "/🏭 %2e.jpg"
    assert len(path) > 350
    assert files.read(path).data == b"deep"


@posix_only
def test_a_name_that_the_disk_cannot_hold_is_absent(files):
    with pytest.raises(FileAbsent):
        files.read("E:/images/" + "ü" * 200 + ".jpg")


def test_windows_is_given_the_spelling_for_long_paths():
    from pathlib import PureWindowsPath

    assert long_path(PureWindowsPath(r"D:\plant\images")) == r"\\?\D:\plant\images"
    assert long_path(PureWindowsPath(r"\\server\share\images")) == r"\\?\UNC\server\share\images"
    assert long_path(PureWindowsPath(r"\\?\D:\plant")) == r"\\?\D:\plant"


def test_a_file_that_grows_is_never_read_in_part(images, files):
    stop = threading.Event()

    def write() -> None:
        with (images / "grows.jpg").open("wb", buffering=0) as target:
            while not stop.is_set() and target.tell() < 900_000:
                target.write(b"x" * 100)

    (images / "grows.jpg").touch()
    writer = threading.Thread(target=write)
    writer.start()
    try:
        while writer.is_alive():
            try:
                content = files.read("E:/images/grows.jpg")
            except FileBusy:
                continue
            assert len(content.data) == content.stamp.size
    finally:
        stop.set()
        writer.join()


def _violation(winerror: int) -> PermissionError:
    error = PermissionError(
        13, "The process cannot access the file because it is being used by another process"
    )
    error.winerror = winerror
    return error


@pytest.mark.parametrize("winerror", [5, 32])
def test_a_sharing_violation_that_ends_in_time_is_waited_for(winerror, images, monkeypatch):
    files = ImageFiles(storage_of(images), Patience(busy_s=(0.01, 0.02, 0.04)))
    (images / "a.jpg").write_bytes(b"freed")
    attempts, really_open = [], os.open

    def open_when_freed(path, flags, *arguments, **options):
        attempts.append(path)
        if len(attempts) < 3:
            raise _violation(winerror)
        return really_open(path, flags, *arguments, **options)

    monkeypatch.setattr(os, "open", open_when_freed)
    assert files.read("E:/images/a.jpg").data == b"freed"
    assert len(attempts) == 3


def test_a_sharing_violation_that_does_not_end_says_that_the_file_is_busy(images, monkeypatch):
    files = ImageFiles(storage_of(images), Patience(busy_s=(0.01, 0.02)))
    (images / "a.jpg").write_bytes(b"held")

    def refuse(*arguments, **options):
        raise _violation(32)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(FileBusy):
        files.read("E:/images/a.jpg")


def test_the_waits_for_a_held_file_grow_from_50_to_800_ms_and_end_within_2_s():
    waits = Patience().busy_s
    assert (waits[0], waits[-1]) == (0.05, 0.8)
    assert sum(waits) <= 2
