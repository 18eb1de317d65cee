"""Files that arrive: looked for, waited for, shown whole, never in part."""

import contextlib
import ftplib
import os
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from hmi.pictures.gallery import Gallery, PictureUnavailable
from hmi.pictures.renditions import Drawing, Rendition
from hmi.pictures.watches import FileSeen, Finding, Pace, Watch
from hmi.plant.files import ImageFiles, Patience, Stamp
from tests.image_files import decoded, encoded, jpeg, storage_of, surface
from tests.image_servers import PASSWORD, USER, Ftp

QUICK = Pace(
    first_s=0.01, growing_s=0.03, waiting_s=0.05, broken_after_s=0.3, seldom_s=0.2, away_s=5, whole_s=0.03
)
PATIENCE = Patience(failures=2, rest_s=0.05, longest_rest_s=0.05)
PATH = r"E:\images\a.jpg"
WHOLE = jpeg(1300, 1000)


class Line:
    """A gallery over a folder, and what it said of each image so far."""

    def __init__(self, source: str | Path, cache: Path, pace: Pace = QUICK, **changes) -> None:
        storage = storage_of(source, cache_folder=str(cache), **changes)
        self.files = ImageFiles(storage, PATIENCE)
        self.gallery = Gallery(self.files, storage, pace)
        self.said: list[FileSeen] = []
        self.woken = threading.Event()
        self.gallery.on_seen = self.woken.set

    def states(self, image: str = "1") -> list[str]:
        self.said += self.gallery.seen()
        return [seen.state for seen in self.said if seen.image == image]

    def wait_for(self, state: str, image: str = "1", within_s: float = 8) -> FileSeen:
        until = time.monotonic() + within_s
        while not self.states(image) or self.states(image)[-1] != state:
            assert time.monotonic() < until, f"{state} awaited, {self.said}"
            self.woken.wait(0.02)
            self.woken.clear()
        return next(seen for seen in reversed(self.said) if seen.image == image)

    def close(self) -> None:
        self.gallery.close()
        self.files.close()


@pytest.fixture
def images(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    return tmp_path / "images"


@pytest.fixture
def line(images, tmp_path):
    line = Line(images, tmp_path / "cache")
    yield line
    line.close()


def test_a_file_that_is_there_is_seen_whole_at_once_with_its_size(line, images):
    (images / "a.jpg").write_bytes(WHOLE)
    line.gallery.watch("1", PATH)
    seen = line.wait_for("whole")
    assert (seen.width, seen.height) == (1300, 1000)
    assert seen.stamp_text == line.files.stamp(PATH).text


def test_a_file_that_comes_late_is_absent_and_then_whole(line, images):
    line.gallery.watch("1", PATH)
    line.wait_for("absent")
    (images / "a.jpg").write_bytes(WHOLE)
    line.wait_for("whole")
    assert line.states() == ["absent", "whole"]


def test_the_tile_of_a_whole_file_needs_no_further_read(line, images):
    (images / "a.jpg").write_bytes(WHOLE)
    line.gallery.watch("1", PATH)
    line.wait_for("whole")
    line.files.read = None
    assert decoded(line.gallery.render(Rendition("1", "tile", "v"), Drawing(PATH))).size == (560, 431)


def _drip(path: Path, data: bytes, pieces: int, pause_s: float) -> None:
    step = len(data) // pieces + 1
    with path.open("wb", buffering=0) as target:
        for start in range(0, len(data), step):
            target.write(data[start : start + step])
            time.sleep(pause_s)


def _show(line: Line, stop: threading.Event, shown: list) -> None:
    while not stop.is_set():
        try:
            shown.append(line.gallery.render(Rendition("1", "tile", "v"), Drawing(PATH)))
        except PictureUnavailable as error:
            shown.append(error.state)


def test_a_file_that_is_being_written_is_never_shown_in_part_and_soon_shown_whole(line, images):
    shown, stop = [], threading.Event()
    line.gallery.watch("1", PATH)
    shower = threading.Thread(target=_show, args=(line, stop, shown))
    shower.start()
    _drip(images / "a.jpg", WHOLE, 25, 0.02)
    line.wait_for("whole", within_s=1.5)
    stop.set()
    shower.join()
    pictures = {picture for picture in shown if isinstance(picture, bytes)}
    assert pictures <= {line.gallery.render(Rendition("1", "tile", "v"), Drawing(PATH))}
    assert "waiting" in shown
    assert "broken" not in line.states()


def test_a_file_whose_space_is_taken_first_is_never_shown_in_part(line, images):
    path = images / "a.jpg"
    path.write_bytes(bytes(len(WHOLE)))
    line.gallery.watch("1", PATH)
    with path.open("r+b", buffering=0) as target:
        for start in range(0, len(WHOLE), 40_000):
            target.write(WHOLE[start : start + 40_000])
            time.sleep(0.02)
            assert "whole" not in line.states() or start + 40_000 >= len(WHOLE)
    line.wait_for("whole")


def test_a_file_that_is_uploaded_by_ftp_is_never_shown_in_part(images, tmp_path):
    server, data = Ftp(images.parent), encoded(surface(900, 900), "PNG")
    root = {"username": USER}
    line = Line(
        f"ftp://127.0.0.1:{server.port}/images", tmp_path / "cache", root=root, password=PASSWORD, workers=2
    )
    line.gallery.watch("1", PATH)
    with contextlib.closing(ftplib.FTP()) as client:
        client.connect("127.0.0.1", server.port)
        client.login(USER, PASSWORD)
        client.voidcmd("TYPE I")
        with client.transfercmd("STOR /images/a.jpg") as upload:
            for start in range(0, len(data), 60_000):
                assert "whole" not in line.states()
                upload.sendall(data[start : start + 60_000])
                time.sleep(0.02)
        client.voidresp()
        assert line.wait_for("whole").width == 900
    line.close()
    server.close()


@pytest.mark.parametrize("content", [WHOLE[:-200], b"", b"garbage" * 1000])
def test_a_file_that_stays_broken_is_told_as_broken_and_still_looked_at(line, images, content):
    (images / "a.jpg").write_bytes(content)
    line.gallery.watch("1", PATH)
    line.wait_for("broken")
    assert line.states() == ["incomplete", "broken"]
    (images / "a.jpg").write_bytes(WHOLE)
    line.wait_for("whole")


def test_a_picture_is_waited_for_while_there_is_hope_and_unreadable_after(line, images):
    (images / "a.jpg").write_bytes(WHOLE[:-200])
    line.gallery.watch("1", PATH)
    for state, told in (("incomplete", "waiting"), ("broken", "unreadable")):
        line.wait_for(state)
        with pytest.raises(PictureUnavailable) as caught:
            line.gallery.render(Rendition("1", "tile", "v"), Drawing(PATH))
        assert caught.value.state == told


def test_a_new_content_under_the_same_name_is_told_with_a_new_stamp(line, images):
    (images / "a.jpg").write_bytes(WHOLE)
    line.gallery.watch("1", PATH)
    before = line.wait_for("whole")
    (images / "a.jpg").write_bytes(jpeg(700, 500))
    until = time.monotonic() + 5
    while len(line.states()) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    after = line.wait_for("whole")
    assert (after.width, after.height) == (700, 500)
    assert after.stamp_text != before.stamp_text


@pytest.mark.parametrize("path", [r"C:\elsewhere\a.jpg", r"\\evil\share\a.jpg", ""])
def test_a_refused_path_is_told_once_and_never_looked_at(line, path):
    line.gallery.watch("1", path)
    assert line.states() == ["refused"]


def test_a_file_that_is_never_shown_is_told_as_refused(line, images):
    (images / "a.jpg").write_bytes(b"%PDF-1.7")
    line.gallery.watch("1", PATH)
    line.wait_for("refused")


def test_a_place_that_goes_and_comes_heals_by_itself(line, images):
    images.rename(images.parent / "unplugged")
    line.gallery.watch("1", PATH)
    line.wait_for("unreachable")
    (images.parent / "unplugged" / "a.jpg").write_bytes(WHOLE)
    (images.parent / "unplugged").rename(images)
    line.wait_for("whole")


def test_an_outage_says_nothing_about_files_that_were_whole(line, images):
    (images / "a.jpg").write_bytes(WHOLE)
    line.gallery.watch("1", PATH)
    line.wait_for("whole")
    images.rename(images.parent / "unplugged")
    line.gallery.watch("2", PATH)
    line.wait_for("unreachable", "2")
    time.sleep(0.2)
    assert line.states("1") == ["whole"]


def test_an_image_that_is_no_longer_watched_is_silent(line, images):
    line.gallery.watch("1", PATH)
    line.wait_for("absent")
    line.gallery.unwatch("1")
    (images / "a.jpg").write_bytes(WHOLE)
    time.sleep(0.2)
    assert line.states() == ["absent"]


def test_watching_the_same_file_again_changes_nothing_and_another_file_begins_anew(line, images):
    (images / "a.jpg").write_bytes(WHOLE)
    for _ in range(3):
        line.gallery.watch("1", PATH)
    line.wait_for("whole")
    line.gallery.watch("1", r"E:\images\b.jpg")
    line.wait_for("absent")
    assert line.states() == ["whole", "absent"]


def test_a_long_backlog_is_worked_off_with_few_threads_and_the_newest_first(line, images):
    for number in range(300):
        (images / f"{number}.jpg").write_bytes(jpeg(64, 48, seed=number % 7))
    before = threading.active_count()
    for number in range(300):
        line.gallery.watch(str(number), rf"E:\images\{number}.jpg")
    until = time.monotonic() + 90
    while len(line.said) < 300 and time.monotonic() < until:
        line.states()
        assert threading.active_count() - before <= 2 * 4 + 1
        time.sleep(0.01)
    order = [int(seen.image) for seen in line.said]
    assert sorted(order) == list(range(300))
    assert sum(order[:50]) > sum(order[-50:])


def test_a_backlog_does_not_keep_one_who_asks_waiting(images, tmp_path):
    line = Line(images, tmp_path / "cache", workers=2)
    data = jpeg(3000, 3000)
    for number in range(60):
        (images / f"{number}.jpg").write_bytes(data)
        line.gallery.watch(str(number), rf"E:\images\{number}.jpg")
    assert line.gallery.render(Rendition("0", "tile", "v"), Drawing(r"E:\images\0.jpg"))
    assert len(line.states("0")) + sum(seen.image != "0" for seen in line.said) < 40
    line.close()


@pytest.mark.skipif(os.name == "nt", reason="needs a file that cannot be opened")
def test_looks_end_with_close(images, tmp_path):
    line = Line(images, tmp_path / "cache")
    line.gallery.watch("1", PATH)
    line.wait_for("absent")
    line.close()
    (images / "a.jpg").write_bytes(WHOLE)
    line.gallery.watch("2", PATH)
    time.sleep(0.1)
    assert line.states("1") == ["absent"]
    assert line.states("2") == []


def test_older_images_share_a_fixed_number_of_looks(images, tmp_path):
    pace = Pace(first_s=0.01, waiting_s=0.01, newest=1, older_per_s=20)
    line, asked = Line(images, tmp_path / "cache", pace), Counter()
    really_stamp = line.files.stamp
    line.files.stamp = lambda path: asked.update([path]) or really_stamp(path)
    for number in range(10):
        line.gallery.watch(str(number), rf"E:\images\{number}.jpg")
    time.sleep(0.4)
    line.close()
    newest = asked.pop(r"E:\images\9.jpg")
    assert newest > 10
    assert max(asked.values()) <= 2


def _noted(watch: Watch, findings: list[tuple[float, Finding]]) -> list[tuple[str | None, float]]:
    """What is told after each look at a time, and how long the next one waits."""
    told = []
    for now, finding in findings:
        seen = watch.note(finding, now, Pace())
        told.append((seen.state if seen else None, watch.wait_s))
    return told


def test_looks_become_fewer_from_200_ms_to_2_s_while_a_file_is_absent():
    watch = Watch("1", PATH, 0, 1)
    waits = [wait for _, wait in _noted(watch, [(second, Finding("absent")) for second in range(6)])]
    assert waits == [0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
    assert _noted(watch, [(61, Finding("absent"))]) == [(None, 15.0)]


def test_a_growing_file_is_looked_at_at_least_twice_a_second():
    growing = [(float(size), Finding("incomplete", Stamp(size, size))) for size in range(10)]
    told = _noted(Watch("1", PATH, 0, 1), growing)
    assert [state for state, _ in told] == ["incomplete"] + [None] * 9
    assert max(wait for _, wait in told) <= 0.5


def test_a_file_counts_as_broken_only_after_it_did_nothing_for_5_s():
    stuck = Finding("incomplete", Stamp(5, 5))
    told = _noted(Watch("1", PATH, 0, 1), [(0, stuck), (4.9, stuck), (5, stuck), (6, stuck)])
    assert [state for state, _ in told] == ["incomplete", None, "broken", None]
    assert told[-1][1] == 15.0


def test_a_file_that_somebody_holds_is_never_called_broken():
    held = Finding("held", Stamp(5, 5))
    told = _noted(Watch("1", PATH, 0, 1), [(0, held), (100, held), (1000, held)])
    assert [state for state, _ in told] == ["incomplete", None, None]
    assert told[-1][1] <= 2.0
