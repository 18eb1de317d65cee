"""What the line makes: part after part, each with its serial, its images and its pores."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from hmi.demo.ledger import BELTS, PART_TYPES, camera_label, camera_serial
from hmi.demo.pores import Pore, Pores
from hmi.demo.views import View, view_of

PREFIX = "E:\\images"
ZONE = ZoneInfo("America/Detroit")  # the clock that file names and folders are called after
_RERUN_SHARE = 0.04
_MISSING_SHARE = 0.01
_PARTS_A_JOB = 80

#: Per camera serial: its pores, boxes (x, y, width, height), or how many ordinary ones.
Defects = Mapping[str, int | Sequence[Pore | tuple[int, int, int, int]]]


@dataclass(frozen=True)
class Shot:
    """One camera's image of a part; `missing` ones have neither row nor file."""

    view: View
    camera: str
    media_id: str
    path: str  # as the plant writes it: E:\\images/05-08-2025/09/1/…
    missing: bool
    pores: tuple[Pore, ...]


@dataclass(frozen=True)
class Part:
    """One run of a part through the station."""

    number: int
    at: datetime  # UTC
    serial: str
    part_type: str
    belt: str
    shots: tuple[Shot, ...]  # in the order in which the cameras deliver

    @property
    def delivered(self) -> list[Shot]:
        return [shot for shot in self.shots if not shot.missing]


class Production:
    """Plans parts; the same seed and the same calls give the same parts."""

    def __init__(self, seed: int, cameras: int, px: int, made: int = 0) -> None:
        self.views = [view_of(number) for number in range(1, cameras + 1)]
        self._pores = Pores(self.views, px, seed)
        self._seed = seed
        self._made = made
        self._last_serial = ""

    def part(
        self,
        at: datetime,
        serial: str | None = None,
        part_type: str | None = None,
        defects: Defects | None = None,
        missing: Collection[str] | None = None,
    ) -> Part:
        """The next part; what is given is taken, everything else comes from the seed.

        With `defects` given, cameras that it does not name have none.
        """
        number, self._made = self._made, self._made + 1
        rng = np.random.default_rng([self._seed, 11, number])
        kind = part_type or _part_type(number)
        again = bool(self._last_serial) and rng.random() < _RERUN_SHARE
        scanned = self._last_serial if again else _serial(number, kind, at)
        self._last_serial = serial or scanned
        pores = self._pores.of_part(rng) if defects is None else self._given(defects, rng)
        gone = [rng.random() < _MISSING_SHARE for _ in self.views]
        if missing is not None:
            gone = [camera_serial(view.number) in missing for view in self.views]
        stamp = at.astimezone(ZONE).replace(microsecond=int(rng.integers(1_000_000)))
        shots = [
            self._shot(view, self._last_serial, kind, stamp, lost, found, rng)
            for view, lost, found in zip(self.views, gone, pores, strict=True)
        ]
        order = rng.permutation(len(shots)).tolist()
        belt = BELTS.get(kind, "trigger")
        return Part(number, at, self._last_serial, kind, belt, tuple(shots[n] for n in order))

    def _given(self, defects: Defects, rng: np.random.Generator) -> Iterator[tuple[Pore, ...]]:
        for index, view in enumerate(self.views):
            wanted = defects.get(camera_serial(view.number), ())
            if isinstance(wanted, int):
                yield self._pores.of_image(index, wanted, rng)
            else:
                yield tuple(box if isinstance(box, Pore) else Pore(*box) for box in wanted)

    def _shot(
        self,
        view: View,
        serial: str,
        part_type: str,
        stamp: datetime,
        missing: bool,
        pores: tuple[Pore, ...],
        rng: np.random.Generator,
    ) -> Shot:
        camera, label = camera_serial(view.number), camera_label(view.number)
        media_id = rng.bytes(16).hex()
        name = f"{stamp:%m-%d-%Y_%H-%M-%S-%f}_{label}_{camera}_{part_type}_{media_id}_1_{serial}.jpg"
        folder = f"{stamp:%m-%d-%Y}/{stamp:%H}/{label.split('-')[0]}"
        return Shot(view, camera, media_id, f"{PREFIX}/{folder}/{name}", missing, pores)


def _part_type(number: int) -> str:
    kinds = list(PART_TYPES)
    return kinds[1] if number // _PARTS_A_JOB % 3 == 2 else kinds[0]


def _serial(number: int, part_type: str, at: datetime) -> str:
    """A scanned serial: 38A, year and day of casting, job and count, part number."""
    suffix = PART_TYPES.get(part_type, "RFML3P 7006 MC")
    return f"38A{at:%y%j}{part_type[:2]}{number % 10_000:04d}{suffix}"
