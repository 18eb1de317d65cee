"""A busy line of many cameras: a part after the other, each with pictures of real size."""

import os
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from hmi.demo import PREFIX, camera_serial, make_plant, view_of
from hmi.demo.ledger import Ledger
from hmi.demo.studio import Studio
from hmi.plant.tables import DEFECTS, IMAGES, TRIGGERS
from tests.bench.kiosks import Sight

SIDE_PX = 5120
MOTIFS = 6  # pictures that are really different; the others are links to them
SMALL_PX, FAILING_PX = 8, 30
SMALL_EACH = 3
FIRST_S, EACH_S, FAIL_S = 0.2, 0.07, 2.0  # after the trigger: images one by one, then the defect that fails


class Station:
    """Writes parts into the plant database at `url` and links their pictures into `folder`."""

    def __init__(self, url: str, folder: Path, cameras: int) -> None:
        make_plant(url, cameras)
        self._ledger = Ledger(url)
        self._folder = folder
        self._cameras = [camera_serial(number) for number in range(1, cameras + 1)]
        self._made = 0
        self._random = np.random.default_rng(5)
        self._motifs = [self._motif(number) for number in range(1, MOTIFS + 1)]

    def part(self) -> dict[Sight, float]:
        """Write one part in about 2 s; when each of its two great commits was done, by time.monotonic().

        The first is the trigger, from which on the part is waiting; the last a defect for which it fails.
        """
        began = time.monotonic()
        self._made += 1
        serial = f"38A26{self._made:05}RFML3P 7006 MC"
        trigger = self._trigger(serial)
        committed = {Sight(serial, "waiting"): time.monotonic()}
        images = []
        for number, camera in enumerate(self._cameras):
            _sleep_until(began + FIRST_S + EACH_S * number)
            images.append(self._image(trigger, camera, number))
        _sleep_until(began + FAIL_S)
        self._defect(images[self._made % len(images)], FAILING_PX)
        committed[Sight(serial, "fail")] = time.monotonic()
        return committed

    def close(self) -> None:
        self._ledger.close()

    def _trigger(self, serial: str) -> int:
        number = self._ledger.reserve(TRIGGERS, 1)[0]
        row = {"timestamp": datetime.now(UTC), "label": 1, "belt": "trigger", "part": "39MC"}
        self._ledger.commit((TRIGGERS, [{"id": number, "part_instance": serial, **row}]))
        return number

    def _image(self, trigger: int, camera: str, number: int) -> int:
        """The file is there first, then its row and some defects that pass."""
        path = f"/bench/{trigger}_{camera}.jpg"
        _link(self._motifs[number % MOTIFS], self._folder / path.lstrip("/"))
        image = self._ledger.reserve(IMAGES, 1)[0]
        row = {"trigger": trigger, "camera": camera, "media_id": f"{image:032x}", "image": PREFIX + path}
        small = [self._box(image, SMALL_PX) for _ in range(SMALL_EACH)]
        self._ledger.commit((IMAGES, [{"id": image, **row}]), (DEFECTS, small))
        return image

    def _defect(self, image: int, size_px: int) -> None:
        self._ledger.commit((DEFECTS, [self._box(image, size_px)]))

    def _box(self, image: int, size_px: int) -> dict[str, object]:
        x, y = self._random.integers(100, SIDE_PX - 100, 2).tolist()
        number = self._ledger.reserve(DEFECTS, 1)[0]
        place = {"x": x, "y": y, "width": size_px, "height": size_px}
        return {"id": number, "image": image, "confidence": 0.9, "type": "0", **place}

    def _motif(self, number: int) -> Path:
        studio = Studio(SIDE_PX, seed=number)
        file = self._folder / "bench" / f"motif{number}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(studio.take(view_of(number), [], (number,)))
        return file


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # not every file system has links
        shutil.copyfile(source, target)


def _sleep_until(at: float) -> None:
    time.sleep(max(0.0, at - time.monotonic()))
