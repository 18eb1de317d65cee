"""Whole images decoded once for many pieces, kept for a moment, and never in more memory than allowed."""

import io
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from hmi.iiif_settings import Iiif
from hmi.pictures.decode import FACTORS, Decoder
from hmi.pictures.gallery import Gallery
from hmi.pictures.iiif.cutting import cut_out
from hmi.pictures.iiif.parameters import cut_of
from hmi.pictures.plates import factor_for
from hmi.pictures.shelf import Shelf
from hmi.pictures.unavailable import PictureUnavailable
from hmi.plant.files import ImageFiles
from tests.image_files import encoded, jpeg, storage_of, surface
from tests.waiting import until

PATH = r"E:\images\a.jpg"


class CountingFiles(ImageFiles):
    def __init__(self, *arguments, **options) -> None:
        super().__init__(*arguments, **options)
        self.calls: Counter[str] = Counter()

    def read(self, path):
        self.calls["read"] += 1
        return super().read(path)

    def stamp(self, path):
        self.calls["stamp"] += 1
        return super().stamp(path)


@pytest.fixture
def images(tmp_path):
    (tmp_path / "a.jpg").write_bytes(jpeg(1200, 900))
    return tmp_path


@pytest.fixture
def files(images):
    files = CountingFiles(storage_of(images))
    yield files
    files.close()


@pytest.fixture
def open_plates(images, files):
    galleries = []

    def open_some(keep_mb=64.0, keep_s=20.0):
        galleries.append(Gallery(files, storage_of(images)))
        return galleries[-1].plates(Iiif(cors=False, keep_mb=keep_mb, keep_s=keep_s, jpeg_quality=85))

    yield open_some
    for gallery in galleries:
        gallery.close()


@pytest.fixture
def plates(open_plates):
    return open_plates()


def test_forty_callers_at_once_cause_one_read_and_one_decode(plates, files, monkeypatch):
    decodes = []
    levels = Decoder.levels
    monkeypatch.setattr(Decoder, "levels", lambda *given: decodes.append(given) or levels(*given))
    start = threading.Barrier(40)

    def ask(_number):
        start.wait()
        return id(plates.level(plates.find(PATH, 5), 1, 5))

    with ThreadPoolExecutor(40) as callers:
        assert len(set(callers.map(ask, range(40)))) == 1
    assert (files.calls["read"], len(decodes)) == (1, 1)


def test_a_plate_at_hand_costs_no_look_at_the_file(plates, files):
    plate = plates.find(PATH, 5)
    files.calls.clear()
    assert plates.at_hand(PATH, plate.stamp.text) == plate
    assert plates.at_hand(PATH, "") == plate
    assert plates.at_hand(PATH, "other") is None
    assert not files.calls


def test_a_replaced_file_has_another_plate(plates, images):
    before = plates.find(PATH, 5)
    (images / "a.jpg").write_bytes(jpeg(500, 300, seed=2))
    after = plates.find(PATH, 5)
    assert (after.look.width, after.look.height) == (500, 300)
    assert plates.at_hand(PATH, before.stamp.text) is None
    plates._shelf.make_room(64_000_000)  # the bytes of the older file are gone too
    with pytest.raises(PictureUnavailable, match="replaced"):
        plates.level(before, 4, 5)


def test_a_missing_file_is_absent(plates):
    with pytest.raises(PictureUnavailable) as caught:
        plates.find(r"E:\images\gone.jpg", 5)
    assert caught.value.state == "absent"


def test_after_close_nothing_is_kept_and_nothing_made(open_plates, files, images):
    gallery = Gallery(files, storage_of(images))
    plates = gallery.plates(Iiif(cors=False, keep_mb=64, keep_s=20, jpeg_quality=85))
    plates.level(plates.find(PATH, 5), 1, 5)
    gallery.close()
    assert plates._shelf.bytes == 0
    with pytest.raises(PictureUnavailable):
        plates.find(PATH, 5)


def sixteen_bits() -> bytes:
    values = np.arange(600 * 900, dtype=np.uint32).reshape(600, 900) % 4096
    return encoded(Image.fromarray(values.astype(np.uint16)), "PNG")


CONTENTS = {
    "grey JPEG": jpeg(1001, 703),
    "colour JPEG": encoded(surface(1001, 703).convert("RGB")),
    "CMYK JPEG": encoded(surface(300, 200).convert("CMYK")),
    "tiny JPEG": jpeg(3, 1),
    "grey PNG": encoded(surface(1001, 703), "PNG"),
    "palette PNG": encoded(surface(333, 222).convert("P"), "PNG"),
    "PNG with transparency": encoded(surface(333, 222).convert("RGBA"), "PNG"),
    "PNG of 16 bits": sixteen_bits(),
    "PNG of 1 bit": encoded(surface(333, 222).convert("1"), "PNG"),
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_every_level_of_every_kind_of_file_shows_the_whole_image(tmp_path, content):
    decoder = Decoder(storage_of(tmp_path))
    look = decoder.look(content)
    finest = np.asarray(decoder.levels(content, 1)[1].convert("L")).astype(float)
    for factor in FACTORS:
        level = decoder.levels(content, factor)[factor]
        assert level.size == look.size(factor)
        assert level.mode == ("RGB" if look.is_coloured else "L")
        assert abs(np.asarray(level.convert("L")).astype(float).mean() - finest.mean()) < 12


def test_sixteen_bits_are_shown_as_on_the_grid(tmp_path):
    decoder, content = Decoder(storage_of(tmp_path)), sixteen_bits()
    level = np.asarray(decoder.levels(content, 1)[1])
    assert (level == np.asarray(Image.open(io.BytesIO(content))) >> 4).all()


def test_a_piece_is_the_same_whatever_was_asked_for_before(plates, open_plates):
    cut = cut_of((1200, 900), "100,100,800,800", "400,", "0", "default.png")
    fresh = open_plates()

    def pixels(of):
        plate = of.find(PATH, 5)
        factor = factor_for(cut.scale)
        return np.asarray(cut_out(of.level(plate, factor, 5), factor, cut, (), 500))

    plates.level(plates.find(PATH, 5), 1, 5)
    plates.level(plates.find(PATH, 5), 8, 5)
    assert (pixels(plates) == pixels(fresh)).all()


@pytest.mark.parametrize(
    ("scale", "factor"), [(1, 1), (0.51, 1), (0.5, 2), (0.26, 2), (0.25, 4), (0.125, 8), (0.01, 8)]
)
def test_the_level_is_as_fine_as_the_piece(scale, factor):
    assert factor_for(scale) == factor


def test_what_nobody_uses_is_given_back_by_itself():
    shelf = Shelf(1000, keep_s=0.1)
    shelf.put("a", "picture", 400)
    until(lambda: shelf.bytes == 0, 5)
    assert shelf.get("a") is None
    until(lambda: not any(isinstance(thread, threading.Timer) for thread in threading.enumerate()), 5)


def test_what_is_used_stays():
    shelf = Shelf(1000, keep_s=0.4)
    shelf.put("a", "picture", 400)
    end = time.monotonic() + 1
    while time.monotonic() < end:
        assert shelf.get("a") == "picture"
        time.sleep(0.02)
    shelf.close()


def test_there_is_never_more_than_the_bound_but_for_one_that_is_larger():
    shelf = Shelf(1000, keep_s=60)
    for number in range(50):
        shelf.put(number, number, 300)
        assert shelf.bytes <= 1000
    assert [shelf.get(number) for number in (46, 47, 48, 49)] == [None, 47, 48, 49]
    shelf.put("huge", "huge", 5000)
    assert (shelf.get("huge"), shelf.bytes) == ("huge", 5000)
    shelf.put("small", "small", 10)
    assert (shelf.get("huge"), shelf.bytes) == (None, 10)
    shelf.close()


def test_a_shelf_that_holds_nothing_runs_no_thread():
    before = threading.active_count()
    Shelf(1000, keep_s=60).close()
    assert threading.active_count() == before


STRESS = """
import sys, threading, psutil
from hmi.iiif_settings import Iiif
from hmi.pictures.gallery import Gallery
from hmi.pictures.iiif.cutting import cut_out, encoded
from hmi.pictures.iiif.parameters import cut_of
from hmi.pictures.plates import factor_for
from hmi.plant.files import ImageFiles
from tests.image_files import storage_of

storage = storage_of(sys.argv[1], cache_enabled=False, deadline_s=60.0)
files = ImageFiles(storage)
gallery = Gallery(files, storage)
plates = gallery.plates(Iiif(cors=False, keep_mb=64, keep_s=20, jpeg_quality=85))
memory = psutil.Process().memory_info
before, peak = memory().rss, 0

def look(thread):
    for n in range(8):
        path = f"E:/images/{(thread + n) % 6}.jpg"
        plate = plates.find(path, 60)
        for region, size in (("full", "512,"), ("1024,1024,1024,1024", "512,"), ("64,64,512,512", "max")):
            cut = cut_of((5120, 5120), region, size, "0", "default.jpg")
            factor = factor_for(cut.scale)
            encoded(cut_out(plates.level(plate, factor, 60), factor, cut, (), 500), "jpg", 85)

threads = [threading.Thread(target=look, args=(n,)) for n in range(12)]
for thread in threads:
    thread.start()
while any(thread.is_alive() for thread in threads):
    peak = max(peak, memory().rss)
    threads[0].join(0.005)
gallery.close()
files.close()
print(peak - before, memory().rss - before)
"""


def test_many_viewers_of_many_images_of_26_mpx_stay_within_the_bound(tmp_path):
    """64 MB are kept; what comes on top are the files and the levels that are just being cut."""
    large = encoded(surface(1280, 1280).resize((5120, 5120)), quality=75)
    for number in range(6):
        (tmp_path / f"{number}.jpg").write_bytes(large)
    command = [sys.executable, "-c", STRESS, str(tmp_path)]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=True, env=environment)
    grown, left = (int(number) / 1e6 for number in done.stdout.split())
    assert grown < 130
    assert left < 40
