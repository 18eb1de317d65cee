"""Keeps what was judged: verdicts are appended, images and runs carry the present state."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

import regions
from hmi import wording
from hmi.judging.findings import Outcome
from hmi.store.runs import Image, Key, Run
from hmi.store.verdicts import Verdict

CHUNK = 400
JUDGED = frozenset({"fail", "review", "accepted", "pass"})  # the judge has seen all that there is


@dataclass(frozen=True, slots=True)
class Kept:
    """The current verdicts of some runs, by run, camera and image (None: the camera's empty slot)."""

    rows: dict[tuple[Key, str, Key | None], Verdict]

    @classmethod
    def of(cls, session: Session, runs: Sequence[Key]) -> "Kept":
        rows = {}
        wanted = set(runs)
        for start in range(0, len(runs), CHUNK):
            ids = [key[1] for key in runs[start : start + CHUNK]]
            for row in session.scalars(select(Verdict).where(Verdict.run_id.in_(ids), Verdict.current)):
                if row.run_key in wanted:
                    rows[row.run_key, row.camera, row.image_key] = row
        return cls(rows)

    def by_run(self) -> dict[Key, list[Verdict]]:
        """Of each run that has any: its current verdicts."""
        found: dict[Key, list[Verdict]] = {}
        for (run, _, _), row in self.rows.items():
            found.setdefault(run, []).append(row)
        return found

    def withdraw_others(self, run: Run, images: Sequence[Image]) -> None:
        """Verdicts of images that were deleted, or moved to another run or camera, are of now no more."""
        there = {(run.key, image.camera or "", image.key) for image in images}
        gone = [key for key in self.rows if key[0] == run.key and key[2] is not None and key not in there]
        for key in gone:
            _withdraw(self, key)

    def withdraw_slots(self, run: Run, expected: Collection[str]) -> None:
        """A camera that is not expected, or no more, is not missing."""
        for key in [key for key in self.rows if key[0] == run.key and key[2] is None]:
            if key[1] not in expected:
                _withdraw(self, key)


def keep_image(
    session: Session, kept: Kept, run: Run, image: Image, outcome: Outcome, verdict: str, now: datetime
) -> bool:
    """Note the image's verdict; True if its picture must be drawn anew."""
    if verdict == "waiting":
        _withdraw(kept, (run.key, image.camera or "", image.key))
    else:
        _append(session, kept, _verdict_row(run, image, outcome, verdict, now))
        image.rules_version = outcome.rules_version
    image.verdict = verdict
    image.defects, image.fails, image.reviews = outcome.defects, outcome.fails, outcome.reviews
    image.undecided = len(outcome.open) if verdict in ("fail", "review") else 0
    picture = _picture_version(run, image, outcome.drawing_digest(verdict))
    if picture == image.picture:
        return False
    image.picture = picture
    return picture is not None and not run.past


def keep_missing(session: Session, kept: Kept, run: Run, camera: str, missing: bool, now: datetime) -> None:
    """Note that a camera brought nothing, or that it did after all."""
    if not missing:
        _withdraw(kept, (run.key, camera, None))
        return
    row = Verdict(
        run_generation=run.generation,
        run_id=run.id,
        camera=camera,
        verdict="missing",
        findings=[],
        text=wording.NO_IMAGE,
        at=now,
        current=True,
    )
    _append(session, kept, row)


def keep_run(
    run: Run, verdicts: Sequence[str], rules_version: int, is_open: bool, now: datetime, *, by_people: bool
) -> None:
    """Note the part verdict. One that the vision system changes after it had settled marks the run."""
    verdict = regions.part_verdict(verdicts)
    settled = run.settled_at is not None and run.verdict != "waiting"
    if settled and verdict != run.verdict and not by_people:
        run.changed_at = now
        run.acknowledged_at = run.acknowledged_by = None
    run.verdict = verdict
    run.cameras_expected = len(verdicts)
    run.cameras_judged = sum(one in JUDGED for one in verdicts)
    run.rules_version = run.rules_version or rules_version
    if not is_open and run.settled_at is None:
        run.settled_at = now


def _verdict_row(run: Run, image: Image, outcome: Outcome, verdict: str, now: datetime) -> Verdict:
    return Verdict(
        run_generation=run.generation,
        run_id=run.id,
        camera=image.camera or "",
        image_generation=image.generation,
        image_id=image.id,
        verdict=verdict,
        rules_version=outcome.rules_version,
        px_per_mm=outcome.px_per_mm,
        findings=outcome.findings,
        text=wording.image_text(outcome, verdict, image.file_state),
        at=now,
        current=True,
    )


def _append(session: Session, kept: Kept, row: Verdict) -> None:
    key = (row.run_key, row.camera, row.image_key)
    before = kept.rows.get(key)
    if before is not None:
        if _says(before) == _says(row):
            return
        before.current = False
    session.add(row)
    kept.rows[key] = row


def _withdraw(kept: Kept, key: tuple[Key, str, Key | None]) -> None:
    before = kept.rows.pop(key, None)
    if before is not None:
        before.current = False


def _says(row: Verdict) -> tuple[object, ...]:
    return row.verdict, row.text, row.findings, row.rules_version, row.px_per_mm


def _picture_version(run: Run, image: Image, drawing_digest: str) -> str | None:
    """Names the file's content and the overlay; None while there is nothing to show."""
    if image.file_state != "whole" and not run.past:
        return None
    content = f"{image.file_stamp or image.path}|{drawing_digest}"
    return hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()[:12]
