"""The simulated plant: rows and picture files as the vision system writes them."""

import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
from sqlalchemy import Table

from hmi.demo.agenda import Agenda
from hmi.demo.archive import Archive
from hmi.demo.ledger import Ledger
from hmi.demo.production import Defects, Part, Production, Shot
from hmi.demo.records import INSPECTED_AFTER, Recorder, Records, Row, human_inspection, outflow
from hmi.demo.studio import Studio
from hmi.plant.tables import (
    CURRENT_PART,
    DEFECTS,
    HUMAN_INSPECT,
    IMAGES,
    OUTFLOW,
    SUPPRESSED_DEFECTS,
    TRIGGERS,
)

FULL_PX = 5120
KEEP_BYTES = 2_000_000_000
_LATE_SHARE = 0.004  # commits of defects that come long after everything else: one part in fifty has one
_INSPECTED_SHARE = 0.15  # parts of the history that people inspected by hand
_PIECES = 6  # of a picture file that is written slowly


@dataclass(frozen=True)
class Written:
    """A part as it stands in the plant (soon, if it is written with delays)."""

    part: Part
    trigger: int
    images: dict[str, int]  # id by camera serial
    defects: dict[str, list[int]]  # ids by camera serial
    files: dict[str, Path]  # by camera serial

    @property
    def serial(self) -> str:
        return self.part.serial


class DemoPlant:
    """Writes parts into a plant that make_plant made, and their pictures into `folder`.

    `folder` stands for the plant's E:\\images; pictures are `picture_px` wide and high, and defects lie
    within that size. At most `keep_bytes` of pictures are kept.
    """

    def __init__(
        self,
        url: str,
        folder: str | Path,
        seed: int = 7,
        cameras: int = 5,
        picture_px: int = FULL_PX,
        keep_bytes: int = KEEP_BYTES,
    ) -> None:
        self.ledger = Ledger(url)
        self.archive = Archive(Path(folder), keep_bytes)
        self.agenda = Agenda()
        self._seed = seed
        self._studio = Studio(picture_px, seed)
        self._production = Production(seed, cameras, picture_px, made=self.ledger.triggers())
        self._recorder = Recorder(self.ledger, seed)
        self._running = ""

    def part(
        self,
        *,
        serial: str | None = None,
        part_type: str | None = None,
        defects: Defects | None = None,
        missing: Collection[str] | None = (),
        pictures: bool = True,
        pace: float = 0,
        by_camera: bool = False,
        at: datetime | None = None,
    ) -> Written:
        """Write one part; returns when its rows and files are there.

        `defects` by camera serial: how many, or boxes (x, y, width, height); None: as chance has it.
        `missing`: cameras that deliver nothing; None: as chance has it.
        `pace` 0 writes files and then all rows at once. 1 takes the time of a real station, about 4 s: rows
        in several commits and not in the order of their ids, slow files; 0.1 takes a tenth of it.
        `by_camera`: the trigger first, then camera by camera as soon as its picture is made.
        """
        now = at or datetime.now(UTC).replace(microsecond=0)
        records = self._recorder.records(self._production.part(now, serial, part_type, defects, missing))
        if by_camera:
            self._write_by_camera(records)
        elif pace > 0:
            self._write_in_time(records, pictures, pace)
        else:
            self._write_at_once(records, pictures)
        return self._written(records)

    def history(self, parts: int, until: datetime | None = None) -> list[Part]:
        """Write rows without pictures of so many parts, 48–121 s apart, the last one at `until`."""
        rng = np.random.default_rng([self._seed, 17])
        gaps = np.clip(np.exp(rng.normal(np.log(70), 0.22, parts)), 48, 121)
        last = (until or datetime.now(UTC) - timedelta(seconds=8)).replace(microsecond=0)
        ages = (np.cumsum(gaps[::-1])[::-1] - gaps[-1:]).round().tolist()
        made = [self._production.part(last - timedelta(seconds=age)) for age in ages]
        for first in range(0, parts, 500):
            self._write_history([self._recorder.records(part) for part in made[first : first + 500]], rng)
        return made

    def add_pictures_when_idle(self, parts: Collection[Part]) -> None:
        """Pictures of the parts, in the order given, between the timed work."""
        for part in parts:
            for shot in part.delivered:
                self.agenda.add_idle(partial(self._take, part, shot))

    def finish(self) -> None:
        """Write what is still to come of parts with delays (late defects), in its own time."""
        self.agenda.run_until(self.agenda.last_at)

    def close(self) -> None:
        self.ledger.close()

    def _write_at_once(self, records: Records, pictures: bool) -> None:
        if pictures:
            for shot in records.part.delivered:
                self._take(records.part, shot)
        self.ledger.commit(
            (CURRENT_PART, self._change_of_part(records.part)),
            (TRIGGERS, [records.trigger]),
            (IMAGES, list(records.images.values())),
            (DEFECTS, [row for _, row in records.defects]),
            (SUPPRESSED_DEFECTS, records.suppressions),
        )

    def _write_by_camera(self, records: Records) -> None:
        self.ledger.commit((CURRENT_PART, self._change_of_part(records.part)), (TRIGGERS, [records.trigger]))
        for shot in records.part.delivered:
            image = records.images[shot.camera]
            self._take(records.part, shot)
            rows = [row for _, row in records.defects if row["image"] == image["id"]]
            self.ledger.commit((IMAGES, [image]), (DEFECTS, rows))
        self.ledger.commit((SUPPRESSED_DEFECTS, records.suppressions))

    def _write_in_time(self, records: Records, pictures: bool, pace: float) -> None:
        rng = np.random.default_rng([self._seed, 13, records.part.number])
        start = time.monotonic()
        change = self._change_of_part(records.part)
        self.agenda.add(
            start, lambda: self.ledger.commit((CURRENT_PART, change), (TRIGGERS, [records.trigger]))
        )
        ends = [start]
        for place, shot in enumerate(records.part.delivered):
            row_at = start + pace * rng.uniform(0.2, 2.4)
            self._commit_at(row_at, IMAGES, [records.images[shot.camera]])
            ends.append(self._commit_defects(records, shot, row_at, pace, rng))
            if pictures:
                file_at = start + pace * place * min(0.28, 1.5 / len(records.images))
                ends.append(self._write_slowly(records.part, shot, file_at, pace * rng.uniform(0.3, 1.5)))
        self.agenda.run_until(max(ends))

    def _commit_defects(
        self, records: Records, shot: Shot, row_at: float, pace: float, rng: np.random.Generator
    ) -> float:
        """Plan an image's defects, some at a time, after its row; returns when the last of them comes."""
        rows = [row for camera, row in records.defects if camera == shot.camera]
        end = row_at
        while rows:
            some = 1 + int(rng.integers(4))
            group, rows = rows[:some], rows[some:]
            at = row_at + pace * rng.uniform(0.3, 2.0)
            late = rng.random() < _LATE_SHARE
            if late:
                at += pace * rng.uniform(8, 20)
            else:
                end = max(end, at)
            self._commit_at(at, DEFECTS, group)
            ids = {row["id"] for row in group}
            suppressed = [row for row in records.suppressions if row["defect"] in ids]
            self._commit_at(at + pace * 0.2, SUPPRESSED_DEFECTS, suppressed)
        return end + pace * 0.2

    def _commit_at(self, at: float, table: Table, rows: list[Row]) -> None:
        if rows:
            self.agenda.add(at, lambda: self.ledger.commit((table, rows)))

    def _write_slowly(self, part: Part, shot: Shot, at: float, length_s: float) -> float:
        steps = self.archive.writing(shot.path, lambda: self._picture(part, shot), _PIECES)
        for piece, step in enumerate(steps):
            self.agenda.add(at + length_s * piece / (_PIECES - 1), step)
        return at + length_s

    def _take(self, part: Part, shot: Shot) -> None:
        self.archive.write(shot.path, self._picture(part, shot))

    def _picture(self, part: Part, shot: Shot) -> bytes:
        return self._studio.take(shot.view, shot.pores, (self._seed, part.number))

    def _write_history(self, batch: list[Records], rng: np.random.Generator) -> None:
        changes = [row for records in batch for row in self._change_of_part(records.part)]
        inspected = [
            human_inspection(records.part, rng)
            for records in batch
            if rng.random() < _INSPECTED_SHARE and batch[-1].part.at - records.part.at > INSPECTED_AFTER
        ]
        self.ledger.commit(
            (CURRENT_PART, changes),
            (TRIGGERS, [records.trigger for records in batch]),
            (IMAGES, [row for records in batch for row in records.images.values()]),
            (DEFECTS, [row for records in batch for _, row in records.defects]),
            (SUPPRESSED_DEFECTS, [row for records in batch for row in records.suppressions]),
            (HUMAN_INSPECT, inspected),
            (OUTFLOW, outflow([records.part for records in batch])),
        )

    def _change_of_part(self, part: Part) -> list[Row]:
        if part.part_type == self._running:
            return []
        self._running = part.part_type
        return [{"timestamp": part.at, "belt": part.belt, "part": part.part_type}]

    def _written(self, records: Records) -> Written:
        defects: dict[str, list[int]] = {camera: [] for camera in records.images}
        for camera, row in records.defects:
            defects[camera].append(row["id"])
        return Written(
            records.part,
            records.trigger["id"],
            {camera: row["id"] for camera, row in records.images.items()},
            defects,
            {shot.camera: self.archive.file_of(shot.path) for shot in records.part.delivered},
        )
