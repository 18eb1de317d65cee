"""Pictures of 26 Mpx come and go; the memory of the process stays where it is."""

import gc
import os
import subprocess
import sys

import psutil
import pytest

from hmi.pictures.contents import PictureIncomplete
from hmi.pictures.darkroom import Darkroom
from hmi.plant.files import ImageFiles, Stamp
from tests.image_files import encoded, jpeg, storage_of, surface

PATH = r"E:\images\a.jpg"


@pytest.fixture
def files(tmp_path):
    files = ImageFiles(storage_of(tmp_path))
    yield files
    files.close()


def test_small_pictures_in_memory_stay_below_their_cap(tmp_path, files):
    darkroom = Darkroom(files, storage_of(tmp_path), kept_bytes=1_000_000)
    for number in range(30):
        (tmp_path / f"{number}.jpg").write_bytes(jpeg(600, 450, seed=number))
        path = rf"E:\images\{number}.jpg"
        darkroom.small(path, files.stamp(path))
    assert 3 <= len(darkroom._kept) == darkroom._kept_bytes // (560 * 420)
    assert darkroom._kept_bytes <= 1_000_000


def test_pictures_of_a_backlog_do_not_push_out_those_on_the_screen(tmp_path, files):
    darkroom = Darkroom(files, storage_of(tmp_path))
    (tmp_path / "a.jpg").write_bytes(jpeg())
    darkroom.small(PATH, files.stamp(PATH), keep=False)
    assert darkroom._kept == {}


def test_what_a_broken_file_held_is_given_back_without_the_garbage_collector(tmp_path, files):
    darkroom = Darkroom(files, storage_of(tmp_path))
    (tmp_path / "a.jpg").write_bytes(jpeg() + os.urandom(8_000_000))
    before = psutil.Process().memory_info().rss
    gc.disable()
    try:
        for number in range(20):
            with pytest.raises(PictureIncomplete):
                darkroom.small(PATH, Stamp(number, number))
        assert psutil.Process().memory_info().rss - before < 60_000_000
    finally:
        gc.enable()


STRESS = """
import sys, threading, psutil
from hmi.pictures.gallery import Gallery
from hmi.pictures.overlay import Marker
from hmi.pictures.renditions import Box, Drawing, Rendition
from hmi.plant.files import ImageFiles
from tests.image_files import storage_of

storage = storage_of(sys.argv[1], cache_enabled=False, deadline_s=60.0)
files = ImageFiles(storage)
gallery = Gallery(files, storage)
markers = tuple(Marker(50 * n, 50 * n, 8, 8, "fail") for n in range(100))
memory = psutil.Process().memory_info
before, peak, halfway = memory().rss, 0, 0

def render(thread):
    for n in range(4):
        path = f"E:/images/{(thread + n) % 6}.jpg"
        box = Box(600 * n, 100 * thread, 8, 8)
        gallery.render(Rendition(f"{thread}", f"crop-{n}", "v"), Drawing(path, markers, box))
        gallery.render(Rendition(f"{thread}", "tile", f"{n}"), Drawing(path, markers))

for _ in range(2):
    halfway = peak
    threads = [threading.Thread(target=render, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        peak = max(peak, memory().rss)
        threads[0].join(0.005)
gallery.close()
files.close()
print(peak - before, peak - halfway, memory().rss - before)
"""


def test_many_threads_that_ask_for_crops_of_26_mpx_take_little_memory_and_no_more_later(tmp_path):
    large = encoded(surface(1280, 1280).resize((5120, 5120)), quality=75)
    for number in range(6):
        (tmp_path / f"{number}.jpg").write_bytes(large)
    command = [sys.executable, "-c", STRESS, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=True)
    grown, later, left = (int(number) / 1e6 for number in done.stdout.split())
    assert grown < 120
    assert later < 30
    assert left < 60
