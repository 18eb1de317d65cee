"""Tiles of one image a second and core, ours against Debian's iipimage-server, from the same pixels.

Tiles of 512 × 512 px at 1:1 over one connection that is kept, as browsers and front ends keep theirs. A core
is a second of the server's own CPU time, whatever else the machine does; ours has the worker's in it, which
reads the plant meanwhile. Ours is asked as the viewer asks, by the version of the file, each tile once. It
reads the camera's JPEG, which has to be decoded whole: that is measured with it and without. iipimage-server
reads a pyramid of tiles, made of the same pixels before; that is not counted. It is asked for whole tiles of
that pyramid, which costs it least, and told to keep none.
"""

import http.client
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
from PIL import Image

from tests.bench import camera, fastcgi
from tests.bench.reporting import CannotRun
from tests.servers import Server, free_port
from tests.waiting import until

SIDE = 512
ROUNDS = 6
QUIET = 12  # % of a core that a server without visitors takes
PROGRAM = Path("/usr/lib/iipimage-server/iipsrv.fcgi")
Report = Callable[[str, float, str, str], None]


class _Asked:
    """A server, how many tiles it has made and how much CPU that took it, s."""

    def __init__(self, process: psutil.Process, ask: Callable[[int, int], object]) -> None:
        self._process = process
        self._ask = ask
        self.tiles, self.cpu_s = 0, 0.0

    def go_over(self, offset: int) -> None:
        """Ask for tiles over the whole image, the first of them so many px from its corner."""
        steps = range(offset, 5120 - SIDE + 1, SIDE)
        before = sum(self._process.cpu_times()[:2])
        for x, y in ((x, y) for y in steps for x in steps):
            self._ask(x, y)
            self.tiles += 1
        self.cpu_s += sum(self._process.cpu_times()[:2]) - before

    @property
    def rate(self) -> float:
        return self.tiles / self.cpu_s


def run(report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix="hmi-bench-") as name:
        folder = Path(name)
        (image,), sections = camera.write_plant(folder, [camera.USUAL])
        plant = camera.plant_of(folder)
        with (
            Server(folder / "server", plant, images=folder / "images", **sections) as server,
            _theirs(folder) as theirs,
        ):
            until(lambda: b"is-fail" in server.get(f"/images/{image}").body, 90)
            until(lambda: psutil.Process(server.processes()[0].pid).cpu_percent(1.0) < QUIET, 90)
            with _ours(server, image) as cold, _ours(server, image) as ours:
                cold.go_over(0)
                for offset in range(1, 1 + ROUNDS):  # in turn: what else the machine does meets both
                    ours.go_over(offset)
                    theirs.go_over(0)
        report("tiles: ours, the image decoded for them", cold.rate, "tiles/s", "")
        report("tiles: ours, of a decoded image", ours.rate, "tiles/s", "")
        report("tiles: iipimage-server", theirs.rate, "tiles/s", "")
        report("tiles: ours, of a decoded image / iipimage-server", ours.rate / theirs.rate, "×", "≥ 1 ×")


@contextmanager
def _ours(server: Server, image: int) -> Iterator[_Asked]:
    named = re.search(rb'data-pieces="([^"]+)"', server.get(f"/images/{image}").body)
    if named is None:
        raise RuntimeError("the page names no pieces of its image")
    with closing(http.client.HTTPConnection(server.host, server.port, timeout=10)) as connection:

        def status_of(address: str) -> int:
            connection.request("GET", address)
            answer = connection.getresponse()
            answer.read()
            return answer.status

        def ask(x: int, y: int) -> None:
            address = f"{named[1].decode()}/{x},{y},{SIDE},{SIDE}/{SIDE},{SIDE}/0/default.jpg"
            until(lambda: status_of(address) == 200)  # 503 while the file is read

        yield _Asked(server.processes()[0], ask)


@contextmanager
def _theirs(folder: Path) -> Iterator[_Asked]:
    if not PROGRAM.is_file() or shutil.which("tiffcp") is None:
        raise CannotRun("iipimage-server or tiffcp (libtiff-tools) is not installed")
    pyramid = _pyramid(folder, next((folder / "images").rglob("*.jpg")))
    with _iipsrv() as (process, port), fastcgi.Connection(port) as connection:

        def ask(x: int, y: int) -> None:
            connection.get(f"IIIF={pyramid}/{x},{y},{SIDE},{SIDE}/{SIDE},/0/default.jpg")

        yield _Asked(process, ask)


def _pyramid(folder: Path, source: Path) -> Path:
    """A TIFF of tiles, each level half of the one before."""
    levels = []
    with Image.open(source) as opened:
        picture = opened.convert("L")
    while min(picture.size) >= SIDE:
        levels.append(folder / f"level{len(levels)}.tif")
        picture.save(levels[-1])
        picture = picture.reduce(2)
    target = folder / "pyramid.tif"
    tiled = ["tiffcp", "-t", "-w", str(SIDE), "-l", str(SIDE), "-c", "jpeg:90"]
    subprocess.run([*tiled, *map(str, levels), str(target)], check=True)
    for level in range(len(levels)):  # iipimage-server knows no default for the channels
        subprocess.run(["tiffset", "-d", str(level), "-s", "277", "1", str(target)], check=True)
    return target


@contextmanager
def _iipsrv() -> Iterator[tuple[psutil.Process, int]]:
    port = free_port()
    environment = {
        "MAX_IMAGE_CACHE_SIZE": "0",
        "JPEG_QUALITY": "85",
        "VERBOSITY": "0",
        "LOGFILE": "/dev/null",
    }
    running = subprocess.Popen([str(PROGRAM), "--bind", f"127.0.0.1:{port}"], env=environment)
    try:
        process = psutil.Process(running.pid)
        until(lambda: any(one.laddr.port == port for one in process.net_connections()))
        yield process, port
    finally:
        running.terminate()
        running.wait(10)
