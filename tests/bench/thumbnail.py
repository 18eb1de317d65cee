"""What an overlay adds to a thumbnail: tile of a 26 Mpx grey JPEG against Pillow's bare draft decode."""

import io
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

from hmi.pictures.decode import Decoder
from hmi.pictures.gallery import Gallery
from hmi.pictures.overlay import Marker, View, overlay
from hmi.pictures.renditions import Drawing, Rendition
from hmi.plant.files import ImageFiles
from hmi.settings import Storage, load_settings

SIDE_PX = 5120
ROUNDS = 15
STATES = ("fail", "review", "accepted", "pass", "ignored")


def run(report: Callable[[str, float, str, str], None]) -> None:
    """Reports ratios and times; each ratio from rounds in which its two sides take turns."""
    data, storage = camera_jpeg(), _storage()
    for count in (14, 500):
        markers = _markers(count)
        ratio, bare_ms, tile_ms = _take_turns(
            lambda: _bare(data, storage.thumbnail_px), lambda drawn=markers: _tile(data, storage, drawn)
        )
        report(f"bare tile, beside {count} markers", bare_ms, "ms", "")
        report(f"tile with {count} markers", tile_ms, "ms", "")
        report(f"tile with {count} markers / bare", ratio, "x", "<= 1.3")
    for name, seconds in _through_the_gallery(data):
        report(name, 1000 * seconds, "ms", "")


def camera_jpeg() -> bytes:
    """A grey surface with soft light and grain, about 3.5 MB as JPEG."""
    random = np.random.default_rng(7)
    light = Image.fromarray(random.integers(60, 200, (40, 40), dtype=np.uint8))
    surface = np.asarray(light.resize((SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC), dtype=np.int16)
    grain = np.tile(random.normal(0, 5, (512, 512)).astype(np.int16), (SIDE_PX // 512, SIDE_PX // 512))
    target = io.BytesIO()
    Image.fromarray(np.clip(surface + grain, 0, 255).astype(np.uint8)).save(target, "JPEG", quality=80)
    return target.getvalue()


def _markers(count: int) -> tuple[Marker, ...]:
    random = Random(count)
    places = [(random.randrange(SIDE_PX), random.randrange(SIDE_PX)) for _ in range(count)]
    return tuple(Marker(x, y, 8, 8, STATES[number % 5]) for number, (x, y) in enumerate(places))


def _bare(data: bytes, side_px: int) -> None:
    """As little as Pillow can do for a picture of the same size."""
    with Image.open(io.BytesIO(data)) as picture:
        picture.draft("L", (side_px, side_px))
        picture.resize((side_px, side_px)).save(io.BytesIO(), "JPEG", quality=75)


def _tile(data: bytes, storage: Storage, markers: tuple[Marker, ...]) -> None:
    small = Decoder(storage).small(data)
    view = View(0, 0, small.picture.width / small.width, small.picture.height / small.height)
    drawn = overlay(small.picture, markers, view, storage.overlay_markers).picture
    drawn.save(io.BytesIO(), "JPEG", quality=storage.jpeg_quality, subsampling="4:4:4")


def _storage(**changes: object) -> Storage:
    return load_settings(environment={}, storage=changes).storage


def _take_turns(first: Callable[[], None], second: Callable[[], None]) -> tuple[float, float, float]:
    """Median ratio of second to first, and the median ms of each."""
    times = [(_seconds(first), _seconds(second)) for _ in range(ROUNDS)]
    ratio = statistics.median(second_s / first_s for first_s, second_s in times)
    first_s, second_s = (statistics.median(side) for side in zip(*times, strict=True))
    return ratio, 1000 * first_s, 1000 * second_s


def _seconds(call: Callable[[], None]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _through_the_gallery(data: bytes) -> list[tuple[str, float]]:
    """The three costs of a tile: new file, new overlay, nothing new."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.jpg").write_bytes(data)
        roots = [{"prefix": "E:\\images", "source": folder}]
        storage = _storage(roots=roots, cache_folder=str(Path(folder) / "cache"))
        files = ImageFiles(storage)
        gallery = Gallery(files, storage)
        drawing = Drawing("E:\\images\\a.jpg", _markers(14))
        first = _seconds(lambda: gallery.render(Rendition("1", "tile", "a"), drawing) and None)
        again = [
            _seconds(lambda n=number: gallery.render(Rendition("1", "tile", f"b{n}"), drawing) and None)
            for number in range(ROUNDS)
        ]
        kept = [_seconds(lambda: gallery.cached(Rendition("1", "tile", "a")) and None) for _ in range(ROUNDS)]
        gallery.close()
        files.close()
    return [
        ("tile of a file that is new", first),
        ("tile with a new overlay", statistics.median(again)),
        ("tile from the cache", statistics.median(kept)),
    ]
