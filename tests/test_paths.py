"""Windows paths of the plant: which place they name, and which are refused."""

import contextlib
import logging
import sys
from itertools import product
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hmi.plant.files import ImageFiles, PathRefused
from hmi.plant.files.paths import LONGEST_PATH, PathMap
from hmi.settings import Root, SettingsError
from tests.image_files import storage_of, storage_with

IMAGES = Root(prefix=r"E:\images", source="/plant/images")
OLDER = Root(prefix="E:/images/older", source="/plant/older")
SHARE = Root(prefix=r"\\server\share\images", source="/plant/share")
PATHS = PathMap([IMAGES, OLDER, SHARE])

REAL_NAME = "05-08-2025_09-52-43-321320_1-1_DM08617AAK00001_39MC_1_38A25125397379RFML3P 7006 MC.jpg"

SPELLINGS = {
    IMAGES: [
        r"E:\images",
        "E:/images",
        r"e:\Images",
        r"E:\\images",
        "E:/./images/.",
        r"E:/images\\",
        "e:/IMAGES/",
    ],
    OLDER: [r"E:\images\older", r"E:\images/Older/", "e:/IMAGES/OLDER"],
    SHARE: [r"\\server\share\images", "//server/share/images", r"\\SERVER\Share\IMAGES\\"],
}
TAILS = [
    REAL_NAME,
    f"05-08-2025/09/1/{REAL_NAME}",
    f"05-08-2025\\09/1\\{REAL_NAME}",
    "a b.jpg",
    " leading space.jpg",
    "%2e%2e/win.ini",
    "..%5cwin.ini".replace("..", "%2e"),
    "older.jpg",
    "NULL.jpg",
    "COM.jpg",
    "company/con1.jpg",
    "ünï©ødé/Prüfung.jpg",
    "Pru\u0308fung.jpg",
    "🏭/🔩.jpg",
    "x" * 251 + ".jpg",
    "/".join(["long folder name"] * 24) + "/a.jpg",
    "it's; $(rm -rf) `x` & y.jpg",
    "no-extension",
    "~1/PROGRA~1.jpg",
]


@pytest.mark.parametrize(
    ("root", "spelling", "tail"),
    [(root, spelling, tail) for root in SPELLINGS for spelling, tail in product(SPELLINGS[root], TAILS)],
)
def test_a_path_below_a_root_leads_there(root, spelling, tail):
    location = PATHS.locate(f"{spelling}/{tail}")
    assert location.root == root
    assert "/".join(location.parts) == tail.replace("\\", "/")


REFUSED = [
    # out of the folder
    r"E:\images\..\..\Windows\win.ini",
    "E:/images/../secret.jpg",
    r"E:\images\a\..\..\x.jpg",
    r"E:\images\..",
    r"E:\images\...\x.jpg",
    r"E:\images\..;\x.jpg",
    "../../etc/passwd",
    "..;/",
    "%2e%2e/x.jpg",
    # somewhere else
    "C:/images/x.jpg",
    "E:images/x.jpg",
    "E:x.jpg",
    r"E:\imagesEVIL\x.jpg",
    "E:/images.jpg",
    r"E:\image\x.jpg",
    r"E:\images.\x.jpg",
    r"E:\images \x.jpg",
    "x.jpg",
    "/etc/passwd",
    r"\images\x.jpg",
    "images/x.jpg",
    "file:///E:/images/x.jpg",
    "http://evil/x.jpg",
    # other shares
    r"\\evil\share\x.jpg",
    "//host/x.jpg",
    r"\\server\share\x.jpg",
    r"\\server\shareEVIL\images\x.jpg",
    r"\\server.evil.example\share\images\x.jpg",
    r"\\server@SSL\share\images\x.jpg",
    r"\\server",
    "\\\\",
    # devices and streams
    r"\\?\E:\images\x.jpg",
    "//?/E:/images/x.jpg",
    r"\\?\UNC\server\share\images\x.jpg",
    r"\\.\PhysicalDrive0",
    "//./NUL",
    r"\??\E:\images\x.jpg",
    *(
        rf"E:\images\{name}"
        for name in ["NUL", "nul.jpg", "CON", "con.tar.gz", "PRN.jpg", "AUX", "COM1.jpg", "com9", "LPT1.jpg"]
    ),
    *(
        rf"E:\images\{name}"
        for name in ["COM¹.jpg", "LPT³", "CONIN$", "conout$.jpg", "NUL .jpg", "COM0", "CLOCK$"]
    ),
    r"E:\images\NUL\x.jpg",
    r"E:\images\x.jpg:ads",
    r"E:\images\x.jpg::$DATA",
    r"E:\images\a:b\x.jpg",
    # names that Windows would trim or cannot have
    r"E:\images\x.jpg.",
    r"E:\images\x.jpg ",
    r"E:\images\folder.\x.jpg",
    r"E:\images\folder \x.jpg",
    *(rf"E:\images\a{letter}b.jpg" for letter in '<>"|?*'),
    # what is no text for a path
    "",
    " ",
    "E:\\images\\x\0.jpg",
    "E:\\images\\x.jpg\0.txt",
    "E:\\images\\x\r\nDELE y.jpg",
    "E:\\images\\x\nQUIT",
    "E:\\images\\\x1b[2Jx.jpg",
    "E:\\images\\x\x7f.jpg",
    "E:\\images\\x\x85.jpg",
    "E:\\images\\\ud800.jpg",
    # no file, too long
    r"E:\images",
    "E:/images/",
    r"E:\images\.",
    r"\\server\share\images",
    "E:\\images\\" + "x" * 256,
    "E:\\images\\" + "🔩" * 128,
    "E:\\images\\" + "\\".join(["a" * 100] * 10),
]


@pytest.mark.parametrize("path", REFUSED)
def test_a_path_that_windows_would_read_otherwise_is_refused(path):
    with pytest.raises(PathRefused):
        PATHS.locate(path)


def test_the_tables_hold_at_least_two_hundred_paths():
    assert len(REFUSED) + len(TAILS) * sum(map(len, SPELLINGS.values())) >= 200


def test_the_longest_prefix_wins():
    assert PATHS.locate(r"E:\images\older\a.jpg").root == OLDER
    assert PATHS.locate(r"E:\images\olderEVIL\a.jpg").root == IMAGES


def test_a_whole_drive_may_be_a_root():
    assert PathMap([Root(prefix="D:\\", source="/d")]).locate("D:/a/b.jpg").parts == ("a", "b.jpg")


@pytest.mark.parametrize(
    "prefix", ["images", "E:images", r"E:\images\..\x", r"\\?\E:\images", "E:\\im\nages"]
)
def test_a_prefix_that_is_no_absolute_path_stops_the_start(prefix):
    with pytest.raises(SettingsError, match=r"storage\.roots"):
        PathMap([Root(prefix=prefix, source="/x")])


@settings(max_examples=300, deadline=None, database=None)
@given(st.text(max_size=60) | st.text(alphabet='./\\:E imagesNUL\0?"%~ ', max_size=60))
def test_whatever_stands_behind_the_prefix_stays_below_the_root(tail):
    try:
        location = PATHS.locate("E:\\images\\" + tail)
    except PathRefused:
        return
    below = PurePosixPath("/plant", *location.parts)
    assert below.is_relative_to("/plant")
    assert all(part not in ("", ".", "..") and not set(part) & set("/\\:\0") for part in location.parts)


@settings(max_examples=300, deadline=None, database=None)
@given(st.text(max_size=LONGEST_PATH + 10))
def test_any_text_is_located_or_refused(path):
    with contextlib.suppress(PathRefused):
        assert PATHS.locate(path).parts


_opened: list[str] = []
_listening = False


def _note_what_is_opened(event: str, arguments: tuple) -> None:
    if _listening and event in ("open", "os.scandir", "os.listdir", "socket.connect", "socket.getaddrinfo"):
        _opened.append(f"{event} {arguments[:1]}")


sys.addaudithook(_note_what_is_opened)  # can never be taken off again: hence the switch


def test_a_refused_path_opens_nothing_and_asks_no_network(tmp_path: Path):
    global _listening
    files = ImageFiles(storage_of(tmp_path))
    _listening = True
    try:
        for path in REFUSED:
            with pytest.raises(PathRefused):
                files.read(path)
    finally:
        _listening = False
        files.close()
    assert _opened == []


def test_a_refused_path_is_logged_once_on_one_escaped_line(tmp_path: Path, caplog):
    caplog.set_level(logging.WARNING, "hmi.security")
    files = ImageFiles(storage_of(tmp_path))
    for path in ["C:\\x\r\nFAKE \x1b[31mline.jpg"] * 3 + [r"\\evil\share\x.jpg"] * 2:
        with pytest.raises(PathRefused):
            files.stamp(path)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2
    assert "\\r\\nFAKE \\x1b[31m" in lines[0]
    assert not any(letter < " " for line in lines for letter in line)


def test_the_memory_of_refused_paths_is_bounded(tmp_path: Path, caplog):
    caplog.set_level(logging.CRITICAL, "hmi.security")
    files = ImageFiles(storage_of(tmp_path))
    for number in range(1500):
        with pytest.raises(PathRefused):
            files.locate(f"C:\\{number}.jpg")
    assert len(files._refusals._known) == 1000


def test_roots_of_an_unknown_kind_stop_the_start():
    with pytest.raises(SettingsError, match="neither a folder"):
        ImageFiles(storage_with([{"prefix": r"E:\images", "source": "smb://server/share"}]))
