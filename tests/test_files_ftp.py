"""Image files on a real FTP server, and what it can do wrong."""

import contextlib
import ftplib
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
from hmi.settings import SettingsError
from tests.image_files import storage_of
from tests.image_servers import PASSWORD, USER, Ftp, Silent

A = r"E:\images\05-08-2025/a b.jpg"
CONTENT = bytes(range(256)) * 1000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "images" / "05-08-2025").mkdir(parents=True)
    (tmp_path / "images" / "05-08-2025" / "a b.jpg").write_bytes(CONTENT)
    return tmp_path


@pytest.fixture
def ftp(folder: Path):
    server = Ftp(folder)
    yield server
    server.close()


@pytest.fixture
def open_files():
    opened = []

    def open_one(port: int, folder: str = "/images", password: str = PASSWORD, **changes) -> ImageFiles:
        changes = {"deadline_s": 1.0, "max_file_mb": 1, "password": password, **changes}
        storage = storage_of(f"ftp://127.0.0.1:{port}{folder}", root={"username": USER}, **changes)
        opened.append(ImageFiles(storage, Patience(failures=1000)))
        return opened[-1]

    yield open_one
    for files in opened:
        files.close()


@pytest.fixture
def files(ftp: Ftp, open_files):
    return open_files(ftp.port)


def test_a_file_is_read_whole_with_its_stamp(files, folder):
    content = files.read(A)
    assert content.data == CONTENT
    assert content.stamp == files.stamp(A)
    assert content.stamp.size == len(CONTENT)
    assert content.stamp.mtime_ns // 10**9 == int((folder / "images/05-08-2025/a b.jpg").stat().st_mtime)


def test_connections_are_used_again(files, ftp):
    for _ in range(5):
        files.read(A)
    assert ftp.connections == 1


def test_a_missing_file_is_absent(files):
    with pytest.raises(FileAbsent):
        files.read(r"E:\images\gone.jpg")
    assert files.read(A).data == CONTENT


def test_a_missing_folder_on_the_server_is_an_unreachable_place(ftp, open_files):
    with pytest.raises(PlaceUnreachable):
        open_files(ftp.port, "/elsewhere").read(A)


def test_too_large_a_file_is_refused_before_it_is_fetched(files, folder, ftp):
    with (folder / "images" / "huge.jpg").open("wb") as huge:
        huge.truncate(2_000_000_000)
    with pytest.raises(FileTooLarge):
        files.read(r"E:\images\huge.jpg")
    assert not any(command.startswith("RETR") for command in ftp.commands)


def test_a_command_in_a_path_never_reaches_the_server(files, ftp):
    for path in ["E:\\images\\x\r\nDELE a b.jpg", "E:\\images\\x\nDELE y", "E:\\images\\x\0"]:
        with pytest.raises(PathRefused):
            files.read(path)
    assert ftp.commands == []


def test_a_connection_that_the_server_dropped_is_replaced(files, ftp):
    files.read(A)
    _drop_all(ftp)
    assert files.read(A).data == CONTENT
    assert ftp.connections == 2


def _drop_all(ftp: Ftp) -> None:
    for handler in list(ftp.loop.socket_map.values()):
        if isinstance(handler, ftp.handler):
            ftp.loop.call_later(0, handler.close)
    time.sleep(0.1)


def test_a_transfer_that_is_cut_is_never_taken_for_the_file(files, ftp):
    def cut(transfer, *arguments):
        transfer.close()

    ftp.transfer.initiate_send = cut
    with pytest.raises(PlaceUnreachable):
        files.read(A)


def test_a_transfer_that_is_cut_once_succeeds_on_a_fresh_connection(files, ftp):
    really_send, cuts = ftp.transfer.initiate_send, []

    def cut_once(transfer, *arguments):
        if not cuts:
            cuts.append(transfer)
            return transfer.close()
        return really_send(transfer, *arguments)

    ftp.transfer.initiate_send = cut_once
    assert files.read(A).data == CONTENT
    assert ftp.connections == 2


def test_a_size_that_is_larger_than_what_comes_is_never_taken_for_the_file(files, ftp):
    ftp.handler.ftp_SIZE = lambda handler, path: handler.respond(f"213 {len(CONTENT) + 1}")
    with pytest.raises(PlaceUnreachable, match="of 256001 bytes"):
        files.read(A)


def test_more_bytes_than_the_size_said_mean_that_the_file_grows(files, ftp):
    ftp.handler.ftp_SIZE = lambda handler, path: handler.respond(f"213 {len(CONTENT) - 1}")
    with pytest.raises(FileBusy):
        files.read(A)
    assert ftp.connections == 1


def test_a_wrong_password_is_tried_once_and_told_without_the_secret(ftp, open_files):
    ftp.handler.auth_failed_timeout = 0
    with pytest.raises(PlaceUnreachable) as caught:
        open_files(ftp.port, password="not this one").read(A)
    assert "530" in str(caught.value)
    assert "not this one" not in str(caught.value)
    assert ftp.connections == 1


def test_a_full_server_makes_the_place_unreachable(files, ftp):
    ftp.server.max_cons = 1
    with pytest.raises(PlaceUnreachable, match="421"):
        files.read(A)
    ftp.server.max_cons = 10
    assert files.read(A).data == CONTENT


def test_a_550_for_a_file_that_is_there_means_busy_and_not_absent(files, ftp):
    ftp.handler.ftp_RETR = lambda handler, path: handler.respond(
        "550 The process cannot access the file because it is being used by another process."
    )
    with pytest.raises(FileBusy):
        files.read(A)


def test_a_450_means_busy(files, ftp):
    ftp.handler.ftp_RETR = lambda handler, path: handler.respond("450 File busy.")
    with pytest.raises(FileBusy):
        files.read(A)
    assert files.stamp(A).size == len(CONTENT)


def test_a_server_that_never_speaks_is_given_up_at_the_deadline(open_files):
    server = Silent()
    files, began = open_files(server.port, deadline_s=0.3), time.monotonic()
    with pytest.raises(PlaceUnreachable):
        files.read(A)
    assert time.monotonic() - began < 8
    server.close()


def test_a_server_that_drips_is_given_up_and_its_thread_comes_back(ftp, open_files):
    ftp.transfer.ac_out_buffer_size = 1
    really_send = ftp.transfer.initiate_send

    def drip(transfer, *arguments):
        time.sleep(0.01)
        return really_send(transfer, *arguments)

    ftp.transfer.initiate_send = drip
    files = open_files(ftp.port, deadline_s=0.3, workers=1)
    with pytest.raises(PlaceUnreachable):
        files.read(A)
    ftp.transfer.initiate_send = really_send
    ftp.transfer.ac_out_buffer_size = 65536
    assert _read_within(files, 5) == CONTENT


def test_a_lie_about_the_passive_address_is_not_believed(files, ftp):
    ftp.handler.masquerade_address = "192.0.2.1"
    assert files.read(A).data == CONTENT


def test_a_lie_about_the_passive_port_is_given_up_in_time(ftp, open_files):
    really_respond = ftp.handler.respond

    def lie(handler, line, *arguments, **options):
        line = "227 Entering passive mode (127,0,0,1,0,9)." if line.startswith("227") else line
        return really_respond(handler, line, *arguments, **options)

    ftp.handler.respond = lie
    files, began = open_files(ftp.port, deadline_s=0.5), time.monotonic()
    with pytest.raises(PlaceUnreachable):
        files.read(A)
    assert time.monotonic() - began < 8


def test_no_server_at_all_is_an_unreachable_place(ftp, open_files):
    ftp.close()
    with pytest.raises(PlaceUnreachable):
        open_files(ftp.port).read(A)


def test_a_file_that_is_being_uploaded_is_never_read_in_part_and_then_whole(ftp, files):
    whole, done = os.urandom(400_000), threading.Event()

    def upload() -> None:
        with ftplib.FTP() as client:
            client.connect("127.0.0.1", ftp.port)
            client.login(USER, PASSWORD)
            client.voidcmd("TYPE I")
            with client.transfercmd("STOR /images/new.jpg") as data:
                for start in range(0, len(whole), 20_000):
                    data.sendall(whole[start : start + 20_000])
                    time.sleep(0.01)
            client.voidresp()
        done.set()

    uploader = threading.Thread(target=upload)
    uploader.start()
    while not done.is_set():
        with contextlib.suppress(FileBusy, FileAbsent):
            content = files.read("E:/images/new.jpg")
            assert len(content.data) == content.stamp.size
    uploader.join()
    assert files.read("E:/images/new.jpg").data == whole


@pytest.mark.parametrize(
    "source", ["ftp://hmi:secret@host/images", "ftp:///images", "ftp://host:99999/x", "ftp://host/x?y"]
)
def test_an_address_that_cannot_be_used_stops_the_start_and_shows_no_password(source):
    with pytest.raises(SettingsError) as caught:
        ImageFiles(storage_of(source))
    assert "secret" not in str(caught.value)


def test_the_password_may_come_from_a_file(ftp, tmp_path):
    (tmp_path / "password").write_text(PASSWORD + "\n", encoding="utf-8")
    root = {"username": USER, "password_file": str(tmp_path / "password")}
    files = ImageFiles(storage_of(f"ftp://127.0.0.1:{ftp.port}/images", root=root, max_file_mb=1))
    assert files.read(A).data == CONTENT
    files.close()


def _read_within(files: ImageFiles, seconds: float) -> bytes:
    until = time.monotonic() + seconds
    while True:
        try:
            return files.read(A).data
        except PlaceUnreachable:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
