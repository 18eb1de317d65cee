"""Pictures made once for everyone, kept, and never of another file than the one that is there."""

import os
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hmi.pictures.gallery import Gallery, PictureUnavailable
from hmi.pictures.overlay import Marker
from hmi.pictures.renditions import Box, Drawing, Rendition
from hmi.plant.files import ImageFiles, Patience
from tests.hung_share import HungShare
from tests.image_files import decoded, encoded, jpeg, storage_of

PATH = r"E:\images\a.jpg"
TILE = Rendition("1", "tile", "v1")
FAIL = Marker(320, 240, 8, 8, "fail")


class CountingFiles(ImageFiles):
    """Notes what is really read."""

    def __init__(self, *arguments, **options) -> None:
        super().__init__(*arguments, **options)
        self.reads: Counter[str] = Counter()

    def read(self, path: str):
        self.reads[path] += 1
        return super().read(path)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.jpg").write_bytes(jpeg())
    return tmp_path / "images"


@pytest.fixture
def open_gallery(images, tmp_path):
    opened = []

    def open_one(**changes) -> Gallery:
        storage = storage_of(images, **{"cache_folder": str(tmp_path / "cache"), **changes})
        files = CountingFiles(storage, Patience(failures=2, rest_s=0.05, longest_rest_s=0.05))
        opened.append((gallery := Gallery(files, storage), files))
        gallery.files = files
        return gallery

    yield open_one
    for gallery, files in opened:
        gallery.close()
        files.close()


@pytest.fixture
def gallery(open_gallery):
    return open_gallery()


def unavailable(gallery: Gallery, path: str = PATH, rendition: Rendition = TILE) -> tuple[str, str]:
    with pytest.raises(PictureUnavailable) as caught:
        gallery.render(rendition, Drawing(path))
    return caught.value.state, str(caught.value)


def test_a_tile_is_a_jpeg_with_the_overlay(gallery):
    tile = decoded(gallery.render(TILE, Drawing(PATH, (FAIL,))))
    assert tile.format == "JPEG"
    assert (tile.size, tile.mode) == ((560, 420), "RGB")
    pixels = np.asarray(tile).astype(int)
    assert ((pixels[..., 0] > 100) & (pixels[..., 1:].max(axis=2) < pixels[..., 0] - 80)).any()


def test_a_tile_without_colour_is_a_grey_jpeg(gallery):
    assert decoded(gallery.render(TILE, Drawing(PATH, (Marker(320, 240, 8, 8, "pass"),)))).mode == "L"


def test_a_small_picture_is_small_and_a_crop_is_one_to_one(gallery):
    small = decoded(gallery.render(Rendition("1", "small", "v1"), Drawing(PATH, (FAIL,))))
    crop = decoded(
        gallery.render(Rendition("1", "crop-7", "v1"), Drawing(PATH, (FAIL,), Box(320, 240, 8, 8)))
    )
    assert small.size == (280, 210)
    assert crop.size == (320, 320)


def test_a_crop_needs_its_box_and_nothing_else_has_one(gallery):
    with pytest.raises(ValueError, match="do not fit"):
        gallery.render(Rendition("1", "crop-7", "v1"), Drawing(PATH))
    with pytest.raises(ValueError, match="do not fit"):
        gallery.prepare(TILE, Drawing(PATH, (), Box(1, 1, 1, 1)))


def test_a_served_picture_carries_no_metadata(gallery, images):
    tags = Image.Exif()
    tags[0x010F] = "<script>alert(1)</script>"
    picture = encoded(
        Image.new("L", (800, 600)), "JPEG", exif=tags, icc_profile=b"profile", comment=b"secret"
    )
    (images / "a.jpg").write_bytes(picture)
    crop = gallery.render(Rendition("1", "crop-7", "v1"), Drawing(PATH, (), Box(1, 1, 1, 1)))
    for served in (gallery.render(TILE, Drawing(PATH)), crop):
        assert not any(word in served for word in (b"script", b"profile", b"secret", b"Exif"))


def test_what_was_rendered_is_cached_also_for_another_process(gallery, open_gallery):
    assert gallery.cached(TILE) is None
    data = gallery.render(TILE, Drawing(PATH, (FAIL,)))
    assert gallery.cached(TILE) == data
    other = open_gallery()
    assert other.cached(TILE) == data
    assert other.render(TILE, Drawing(PATH, (FAIL,))) == data
    assert other.files.reads[PATH] == 0


def test_forty_callers_at_once_cause_one_read(gallery):
    start = threading.Barrier(40)

    def ask(number: int) -> bytes:
        start.wait()
        return gallery.render(TILE, Drawing(PATH, (FAIL,)))

    with ThreadPoolExecutor(40) as callers:
        assert len(set(callers.map(ask, range(40)))) == 1
    assert gallery.files.reads[PATH] == 1


def test_different_pictures_of_one_image_at_once_cause_one_read(gallery):
    start = threading.Barrier(20)

    def ask(number: int) -> bytes:
        start.wait()
        return gallery.render(Rendition("1", ("tile", "small")[number % 2], f"v{number}"), Drawing(PATH))

    with ThreadPoolExecutor(20) as callers:
        list(callers.map(ask, range(20)))
    assert gallery.files.reads[PATH] == 1


def test_a_new_overlay_is_drawn_without_another_read(gallery):
    for version in range(5):
        gallery.render(Rendition("1", "tile", f"v{version}"), Drawing(PATH, (FAIL,) * version))
    assert gallery.files.reads[PATH] == 1


def test_without_a_cache_on_disk_everything_works(open_gallery, tmp_path):
    gallery = open_gallery(cache_enabled=False)
    data = gallery.render(TILE, Drawing(PATH))
    assert gallery.cached(TILE) is None
    assert gallery.render(TILE, Drawing(PATH)) == data
    assert not (tmp_path / "cache").exists()


def test_a_cache_folder_that_cannot_be_used_keeps_no_picture_from_being_shown(open_gallery, tmp_path):
    (tmp_path / "cache").write_text("in the way", encoding="utf-8")
    gallery = open_gallery()
    assert decoded(gallery.render(TILE, Drawing(PATH))).size == (560, 420)
    assert gallery.cache_trouble


def test_a_file_that_is_replaced_under_its_name_shows_its_new_content(gallery, images):
    gallery.render(TILE, Drawing(PATH))
    (images / "a.jpg").write_bytes(jpeg(500, 300, seed=2))
    assert decoded(gallery.render(TILE, Drawing(PATH))).size == (500, 300)
    assert decoded(gallery.cached(TILE)).size == (500, 300)


def test_an_older_picture_of_a_replaced_file_is_no_longer_served(gallery, images):
    gallery.render(TILE, Drawing(PATH))
    gallery.render(Rendition("1", "small", "v1"), Drawing(PATH))
    (images / "a.jpg").write_bytes(jpeg(500, 300, seed=2))
    gallery.render(TILE, Drawing(PATH))
    assert gallery.cached(Rendition("1", "small", "v1")) is None


def test_a_missing_file_is_absent_and_named_by_its_last_piece(gallery):
    assert unavailable(gallery, "E:\\images/x/gone file.jpg") == (
        "absent",
        "image not available (gone file.jpg)",
    )


@pytest.mark.parametrize("path", [r"E:\images\..\secret.jpg", r"\\evil\share\x.jpg", "E:\\images\\NUL", ""])
def test_a_refused_path_is_told_without_showing_it(gallery, path):
    state, text = unavailable(gallery, path)
    assert state == "refused"
    assert "evil" not in text
    assert "secret" not in text


@pytest.mark.parametrize(
    ("content", "state"),
    [
        (jpeg()[:-500], "unreadable"),
        (b"", "unreadable"),
        (b"%PDF-1.7", "refused"),
        (b"\xff\xd8" + bytes(2_000_000), "refused"),
    ],
)
def test_a_file_that_cannot_be_shown_says_why_and_is_never_cached(
    open_gallery, images, content, state, tmp_path
):
    gallery = open_gallery(max_file_mb=1.0)
    (images / "a.jpg").write_bytes(content)
    assert unavailable(gallery)[0] == state
    assert gallery.cached(TILE) is None
    assert not list(tmp_path.glob("cache/**/*.jpg"))


def test_a_broken_file_heals_when_it_becomes_whole(gallery, images):
    (images / "a.jpg").write_bytes(jpeg()[:-500])
    unavailable(gallery)
    (images / "a.jpg").write_bytes(jpeg())
    assert decoded(gallery.render(TILE, Drawing(PATH))).size == (560, 420)


def test_an_unreachable_place_shows_what_is_cached_and_says_so_otherwise(gallery, images):
    data = gallery.render(TILE, Drawing(PATH))
    images.rename(images.parent / "unplugged")
    assert gallery.cached(TILE) == data
    assert gallery.render(TILE, Drawing(PATH)) == data
    assert unavailable(gallery, rendition=Rendition("1", "tile", "v2"))[0] == "unreachable"


def test_a_hung_share_holds_a_caller_no_longer_than_it_wants_to_wait(open_gallery, images):
    share, gallery = HungShare(images), open_gallery(deadline_s=2)
    try:
        share.hang()
    except (OSError, AttributeError) as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"cannot mount a share here: {error}")
    try:
        began = time.monotonic()
        with pytest.raises(PictureUnavailable) as caught:
            gallery.render(TILE, Drawing(PATH), wait_s=0.05)
        assert caught.value.state == "waiting"
        assert time.monotonic() - began < 1.5
        assert unavailable(gallery)[0] in ("unreachable", "waiting")
    finally:
        share.heal()
    until = time.monotonic() + 5
    while gallery.cached(TILE) is None and time.monotonic() < until:
        try:
            gallery.render(TILE, Drawing(PATH))
        except PictureUnavailable:
            time.sleep(0.02)
    assert gallery.cached(TILE) is not None


def test_a_prepared_picture_is_soon_in_the_cache(gallery):
    gallery.prepare(TILE, Drawing(PATH, (FAIL,)))
    until = time.monotonic() + 5
    while gallery.cached(TILE) is None and time.monotonic() < until:
        time.sleep(0.01)
    assert decoded(gallery.cached(TILE)).size == (560, 420)


def test_one_who_asks_does_not_wait_for_what_is_only_prepared(gallery):
    for number in range(300):
        gallery.prepare(Rendition("1", "tile", f"p{number}"), Drawing(PATH, (FAIL,) * 50))
    data = gallery.render(Rendition("1", "tile", "p299"), Drawing(PATH, (FAIL,) * 50))
    assert decoded(data).size == (560, 420)
    assert gallery.cached(Rendition("1", "tile", "p298")) is None


def test_preparing_what_cannot_be_shown_raises_nothing(gallery, images):
    (images / "a.jpg").write_bytes(b"")
    for path in (PATH, r"E:\images\gone.jpg", r"C:\x.jpg"):
        gallery.prepare(TILE, Drawing(path))
    assert unavailable(gallery)[0] == "unreadable"


def test_a_gallery_that_nobody_uses_runs_no_thread(open_gallery):
    before = threading.active_count()
    open_gallery()
    assert threading.active_count() == before


def test_after_close_a_picture_is_told_to_be_unavailable(gallery):
    gallery.close()
    assert unavailable(gallery)[0] == "waiting"


def test_a_crop_says_which_of_several_defects_it_is_of(gallery):
    neighbour = Marker(350, 240, 8, 8, "fail")
    of = Box(320, 240, 8, 8)
    alone, among = (
        gallery.render(Rendition("1", "crop-7", version), Drawing(PATH, markers, of))
        for version, markers in (("v1", (FAIL,)), ("v2", (FAIL, neighbour)))
    )
    assert (bluish(alone), bluish(among) > 100) == (0, True)


def bluish(data: bytes) -> int:
    red, _, blue = np.moveaxis(np.asarray(decoded(data).convert("RGB"), dtype=int), -1, 0)
    return int((blue - red > 100).sum())
