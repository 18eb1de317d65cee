"""Image files on a real SFTP server, and what it can do wrong."""

import logging
import os
import time
from pathlib import Path

import paramiko
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
from tests.image_servers import PASSWORD, USER, Sftp, Silent

A = r"E:\images\05-08-2025/a b.jpg"
CONTENT = bytes(range(256)) * 1000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "served" / "images" / "05-08-2025").mkdir(parents=True)
    (tmp_path / "served" / "images" / "05-08-2025" / "a b.jpg").write_bytes(CONTENT)
    return tmp_path / "served"


@pytest.fixture
def sftp(folder: Path):
    server = Sftp(folder)
    yield server
    server.close()


@pytest.fixture
def open_files():
    opened = []

    def open_one(port: int, known_hosts: str, folder: str = "/images", password: str = PASSWORD, **changes):
        changes = {"deadline_s": 2.0, "max_file_mb": 1, "password": password, **changes}
        root = {"username": USER, "known_hosts": known_hosts}
        storage = storage_of(f"sftp://127.0.0.1:{port}{folder}", root=root, **changes)
        opened.append(ImageFiles(storage, Patience(failures=1000)))
        return opened[-1]

    yield open_one
    for files in opened:
        files.close()


@pytest.fixture
def files(sftp: Sftp, tmp_path: Path, open_files):
    return open_files(sftp.port, sftp.known_hosts(tmp_path / "known_hosts"))


def test_a_file_is_read_whole_with_its_stamp(files, folder):
    content = files.read(A)
    assert content.data == CONTENT
    assert content.stamp == files.stamp(A)
    assert content.stamp.mtime_ns // 10**9 == int((folder / "images/05-08-2025/a b.jpg").stat().st_mtime)


def test_connections_are_used_again(files, sftp):
    for _ in range(4):
        files.read(A)
    assert len(sftp.transports) == 1


def test_a_missing_file_is_absent(files):
    with pytest.raises(FileAbsent):
        files.read(r"E:\images\gone.jpg")


def test_a_missing_folder_on_the_server_is_an_unreachable_place(sftp, tmp_path, open_files):
    files = open_files(sftp.port, sftp.known_hosts(tmp_path / "known_hosts"), "/elsewhere")
    with pytest.raises(PlaceUnreachable):
        files.read(A)


def test_too_large_a_file_is_refused(files, folder):
    with (folder / "images" / "huge.jpg").open("wb") as huge:
        huge.truncate(2_000_000_000)
    with pytest.raises(FileTooLarge):
        files.read(r"E:\images\huge.jpg")


@pytest.mark.skipif(os.name == "nt", reason="needs links")
def test_a_link_out_of_the_root_is_refused(files, folder):
    (folder / "secret.jpg").write_bytes(b"secret")
    (folder / "images" / "link.jpg").symlink_to(folder / "secret.jpg")
    with pytest.raises(PathRefused):
        files.read(r"E:\images\link.jpg")


def test_a_connection_that_the_server_dropped_is_replaced(files, sftp):
    files.read(A)
    sftp.drop_connections()
    assert files.read(A).data == CONTENT


def test_an_unknown_host_is_refused_before_the_password_is_sent(sftp, tmp_path, monkeypatch, open_files):
    (tmp_path / "empty").touch()
    asked = []
    monkeypatch.setattr("tests.image_servers._Session.check_auth_password", lambda *a: asked.append(a))
    with pytest.raises(PlaceUnreachable, match="known_hosts"):
        open_files(sftp.port, str(tmp_path / "empty")).read(A)
    assert asked == []


def test_a_host_with_another_key_is_refused(sftp, tmp_path, open_files):
    other = sftp.known_hosts(tmp_path / "other", paramiko.ECDSAKey.generate())
    with pytest.raises(PlaceUnreachable):
        open_files(sftp.port, other).read(A)


def test_known_hosts_are_required(sftp, tmp_path, open_files):
    for known_hosts in ("", str(tmp_path / "missing")):
        with pytest.raises(SettingsError, match="known_hosts"):
            open_files(sftp.port, known_hosts)


def test_a_wrong_password_is_told_without_the_secret(sftp, tmp_path, open_files):
    files = open_files(sftp.port, sftp.known_hosts(tmp_path / "known_hosts"), password="not this one")
    with pytest.raises(PlaceUnreachable) as caught:
        files.read(A)
    assert "not this one" not in str(caught.value)
    assert len(sftp.transports) == 1


def test_a_reply_that_only_says_failure_means_busy(files, sftp):
    sftp.interface.open = lambda interface, path, flags, attributes: paramiko.SFTP_FAILURE
    with pytest.raises(FileBusy):
        files.read(A)
    assert files.stamp(A).size == len(CONTENT)


def test_a_file_that_may_not_be_opened_is_busy(files, sftp):
    sftp.interface.open = lambda interface, path, flags, attributes: paramiko.SFTP_PERMISSION_DENIED
    with pytest.raises(FileBusy):
        files.read(A)


def test_a_file_that_grows_while_it_is_read_is_never_read_in_part(files, sftp, folder):
    really_open, path = sftp.interface.open, folder / "images" / "05-08-2025" / "a b.jpg"

    def open_and_grow(interface, name, flags, attributes):
        handle = really_open(interface, name, flags, attributes)
        really_read = handle.read

        def read_and_grow(offset, length):
            with path.open("ab") as target:
                target.write(b"more")
            return really_read(offset, length)

        handle.read = read_and_grow
        return handle

    sftp.interface.open = open_and_grow
    with pytest.raises(FileBusy):
        files.read(A)


def test_a_server_that_never_speaks_is_given_up_at_the_deadline(tmp_path, open_files):
    server = Silent()
    (tmp_path / "known_hosts").touch()
    files, began = open_files(server.port, str(tmp_path / "known_hosts"), deadline_s=0.3), time.monotonic()
    with pytest.raises(PlaceUnreachable):
        files.read(A)
    assert time.monotonic() - began < 8
    server.close()


def test_failures_do_not_flood_the_log(sftp, tmp_path, caplog, open_files):
    caplog.set_level(logging.INFO)
    files = open_files(sftp.port, sftp.known_hosts(tmp_path / "known_hosts"))
    files.read(A)
    sftp.close()
    caplog.clear()
    for _ in range(3):
        with pytest.raises(PlaceUnreachable):
            files.read(A)
    assert [record for record in caplog.records if record.name.startswith("hmi")] == []
