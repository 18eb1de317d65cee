"""The rows of a part, with the ids that they get."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any

import numpy as np

from hmi.demo.ledger import Ledger
from hmi.demo.pores import Pore
from hmi.demo.production import ZONE, Part, Shot
from hmi.plant.tables import DEFECTS, IMAGES, SUPPRESSED_DEFECTS, TRIGGERS

Row = dict[str, Any]

INSPECTED_AFTER = timedelta(minutes=90)
_SUPPRESSED_SHARE = 0.25  # of the defects on recurring spots


@dataclass(frozen=True)
class Records:
    """The rows of one part. Image ids follow the order of delivery, defect ids run across the images."""

    part: Part
    trigger: Row
    images: dict[str, Row]  # by camera
    defects: list[tuple[str, Row]]  # with the camera, in the order of their ids
    suppressions: list[Row]


class Recorder:
    """Turns parts into rows; remembers which defect last sat on each recurring spot."""

    def __init__(self, ledger: Ledger, seed: int) -> None:
        self._ledger = ledger
        self._seed = seed
        self._on_spot: dict[int, int] = {}

    def records(self, part: Part) -> Records:
        rng = np.random.default_rng([self._seed, 12, part.number])
        shots = part.delivered
        (trigger,) = self._ledger.reserve(TRIGGERS, 1)
        image_ids = self._ledger.reserve(IMAGES, len(shots))
        images = {
            shot.camera: _image_row(id_, trigger, shot) for id_, shot in zip(image_ids, shots, strict=True)
        }
        found = list(_interleaved(shots, rng))
        ids = self._ledger.reserve(DEFECTS, len(found))
        defects, suppressions = [], []
        for id_, (shot, pore) in zip(ids, found, strict=True):
            row = _defect_row(id_, images[shot.camera]["id"], pore, rng)
            suppression = self._suppression(pore, row, part, rng)
            if suppression:
                suppressions.append(suppression)
            defects.append((shot.camera, row))
        for id_, row in zip(
            self._ledger.reserve(SUPPRESSED_DEFECTS, len(suppressions)), suppressions, strict=True
        ):
            row["id"] = id_
        return Records(part, _trigger_row(trigger, part), images, defects, suppressions)

    def _suppression(self, pore: Pore, row: Row, part: Part, rng: np.random.Generator) -> Row | None:
        """The vision system suppresses some repeats: by a row of its own, and often by a time as well."""
        if pore.spot is None:
            return None
        earlier = self._on_spot.get(pore.spot)
        self._on_spot[pore.spot] = row["id"]
        if earlier is None or rng.random() >= _SUPPRESSED_SHARE:
            return None
        if rng.random() < 0.5:
            row["supression_timestamp"] = part.at + timedelta(seconds=4)
        similarity = round(float(rng.uniform(0.9, 0.99)), 4)
        return {"defect": row["id"], "suppressed_by": earlier, "similarity": similarity}


def human_inspection(part: Part, rng: np.random.Generator) -> Row:
    """What a person found on the part by hand, within INSPECTED_AFTER; mostly in line with its pores."""
    pores = [pore for shot in part.delivered for pore in shot.pores]
    largest = max((max(pore.width, pore.height) for pore in pores), default=0)
    bad = largest >= 19 if rng.random() < 0.9 else rng.random() < 0.5
    when = (part.at + timedelta(minutes=float(rng.uniform(40, 90)))).astimezone(ZONE).replace(tzinfo=None)
    row, column = rng.integers(1, 6, 2).tolist()
    return {
        "scan_id": f"HI-{part.number:06d}",
        "part_suffix": "MC",
        "serial_no": part.serial,
        "julian_date": f"{part.at:%y%j}",
        "cast_id_1": int(rng.integers(1, 5)),
        "cast_id_2": int(rng.integers(1, 13)),
        "cast_id_3": int(rng.integers(1, 400)),
        "defect_area": "Sealing face" if bad else None,
        "size": f"{largest / 11.97:.1f} mm" if bad else None,
        "impreg": "Y" if bad and rng.random() < 0.4 else "N",
        "location_row": row if bad else None,
        "location_column": column if bad else None,
        "pass_fail": "FAIL" if bad else "PASS",
        "scan_datetime": when,
        "file_name": f"inspect_{when:%Y%m%d}.csv",
        "created_at": when,
    }


def outflow(parts: list[Part]) -> list[Row]:
    """One row a job: how many serials of it went out, from when to when (local time)."""
    return [_job_row(list(job)) for _, job in groupby(parts, lambda part: part.part_type)]


def _job_row(job: list[Part]) -> Row:
    start, end = (part.at.astimezone(ZONE).replace(tzinfo=None) for part in (job[0], job[-1]))
    return {
        "job_num": int(job[0].part_type[:2]),
        "total_outflow": len({part.serial for part in job}),
        "job_start": start,
        "job_end": end,
        "created_at": end,
    }


def _interleaved(shots: list[Shot], rng: np.random.Generator) -> Iterator[tuple[Shot, Pore]]:
    """Defects of images that are analysed side by side: each image's in turn, mixed among the images."""
    waiting = {shot.camera: list(shot.pores) for shot in shots}
    turns = [shot for shot in shots for _ in shot.pores]
    times = [index + rng.normal(0, 4) for index in range(len(turns))]
    for index in np.argsort(times).tolist():
        yield turns[index], waiting[turns[index].camera].pop(0)


def _trigger_row(id_: int, part: Part) -> Row:
    return {
        "id": id_,
        "timestamp": part.at,
        "label": 1,
        "part_instance": part.serial,
        "belt": part.belt,
        "part": part.part_type,
    }


def _image_row(id_: int, trigger: int, shot: Shot) -> Row:
    return {
        "id": id_,
        "trigger": trigger,
        "camera": shot.camera,
        "media_id": shot.media_id,
        "image": shot.path,
    }


def _defect_row(id_: int, image: int, pore: Pore, rng: np.random.Generator) -> Row:
    return {
        "id": id_,
        "image": image,
        "x": pore.x,
        "y": pore.y,
        "width": pore.width,
        "height": pore.height,
        "confidence": round(float(rng.uniform(0.55, 0.97)), 2),
        "type": "0",
        "system_generated": True,
        "supression_timestamp": None,
    }
