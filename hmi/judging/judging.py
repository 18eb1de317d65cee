"""Judges the runs that changed, and those for which time has decided something."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

import regions
from hmi.judging import intake, rulebook
from hmi.judging.expected import Camera, cameras_of, expected_by
from hmi.judging.findings import Outcome, outcome_of
from hmi.judging.keeping import Kept, keep_image, keep_missing, keep_run
from hmi.judging.settling import Settling
from hmi.pictures.arrivals import FileSeen
from hmi.plant.rows import Batch
from hmi.settings import Settings
from hmi.store.runs import Defect, Image, Key, Run, key_of

log = logging.getLogger(__name__)

#: The states of a file that say that it will not come: after the grace time the image is unreadable.
LOST = frozenset({"absent", "broken", "refused"})
#: So many runs at most are taken up again when a worker starts.
WAITING_RUNS, RECENT_RUNS = 5000, 200


@dataclass
class Judged:
    """What a pass over the runs changed."""

    runs: set[Key] = field(default_factory=set)
    images: list[Image] = field(default_factory=list)  # with a new picture to draw

    def __bool__(self) -> bool:
        return bool(self.runs)


class Judging:
    """What the leader knows between two batches: open runs, rules, cameras and their last image size."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._settling = Settling(settings.line.settle_s, settings.line.grace_s)
        self._books: dict[int, rulebook.Rulebook] = {}
        self._version = 0
        self._sizes: dict[str, tuple[int, int]] = {}
        self._cameras: tuple[Camera, ...] = ()
        self.rules: rulebook.Rulebook

    def start(self, session: Session, now: datetime, watched_s: float = 0.0) -> list[Image]:
        """Take up the work where another worker left it; returns the images of the runs that are open.

        `watched_s` is the watched time at which the feed goes on. Settling and grace begin anew.
        """
        self._settling.now_s = watched_s
        self.check_rules(session, now)
        self._cameras = cameras_of(session, self._settings.line)
        self._sizes = _last_sizes(session, self._cameras)
        open_runs = _open_runs(session)
        images = _images_of(session, [run.key for run in open_runs])
        for run in open_runs:
            self._settling.run_seen(run.key)
            for image in images[run.key]:
                self._settling.rows_seen(run.key, image.key)
        return [image for run in open_runs for image in images[run.key]]

    def check_rules(self, session: Session, now: datetime) -> bool:
        """Put a change of settings or of "Regions" into force; True if there was one."""
        before = self._books.get(self._version)
        try:
            self.rules = rulebook.publish_if_changed(session, self._settings, now, before)
        except (ValueError, RecursionError, OverflowError):
            if before is None:
                raise
            log.exception("the table of regions cannot be read; rules v%d stay in force", before.version)
            return False
        self._version = self.rules.version
        self._books[self._version] = self.rules
        return self.rules is not before

    def take(
        self, session: Session, batch: Batch, now: datetime, *, is_first: bool = False
    ) -> tuple[intake.Changes, Judged]:
        """Store a batch and judge what it touched and what has become due.

        `is_first`: nothing was ever read before; all but the newest parts of the batch are the past.
        """
        if not batch.past:
            self._settling.now_s = batch.began_s
        changes = intake.store_batch(session, batch, now, is_first=is_first)
        if "Cameras" in changes.tables:
            self._cameras = cameras_of(session, self._settings.line)
        dirty = changes.runs | self._note_rows(session, changes)
        dirty |= set(self._settling.due())
        return changes, self._judge(session, dirty, now)

    def arrived(self, session: Session, changes: intake.Changes) -> list[Image]:
        """Images of live runs whose files are yet to be seen."""
        images = intake.by_key(session, Image, changes.images).values()
        past = intake.by_key(session, Run, [image.run_key for image in images if image.run_key])
        return [
            image
            for image in images
            if image.file_state != "whole" and not image.gone and not _is_past(past.get(image.run_key))
        ]

    def files_seen(self, session: Session, seen: Iterable[FileSeen], now: datetime) -> Judged:
        """The files of some images came, or turned out to be lost."""
        found_by_key = {key_of(found.image): found for found in seen}
        images = intake.by_key(session, Image, found_by_key)
        for key, image in images.items():
            found = found_by_key[key]
            if image.file_state == "whole" and found.state != "whole":
                continue  # a later purge never changes a verdict
            image.file_state = found.state
            image.file_stamp = found.stamp_text or image.file_stamp
            image.width, image.height = found.width or image.width, found.height or image.height
            if image.camera and image.width and image.height:
                self._sizes[image.camera] = (image.width, image.height)
        return self._judge(session, {image.run_key for image in images.values() if image.run_key}, now)

    def _note_rows(self, session: Session, changes: intake.Changes) -> set[Key]:
        """Which runs the changed images belong to; their settling begins anew."""
        images = [image for image in intake.by_key(session, Image, changes.images).values() if image.run_id]
        runs = intake.by_key(session, Run, [image.run_key for image in images if image.run_key])
        for key in changes.new_runs:
            self._settling.run_seen(key)
        for image in images:
            run = image.run_key
            if run is None or _is_past(runs.get(run)):
                continue
            undecided = image.verdict == "waiting" or self._settling.is_open(run)
            if not image.gone and undecided:
                self._settling.rows_seen(run, image.key)
        return {image.run_key for image in images if image.run_key}

    def _judge(self, session: Session, keys: set[Key], now: datetime) -> Judged:
        judged = Judged()
        if not keys:
            return judged
        runs = intake.by_key(session, Run, keys)
        images = _images_of(session, list(runs))
        in_order = [image for key in runs for image in images[key]]
        outcomes = self._outcomes(session, runs, in_order)
        kept = Kept.of(session, list(runs))
        for key, run in runs.items():
            slots: dict[str, list[str]] = defaultdict(list)
            for image in images[key]:
                outcome = outcomes[image.key]
                verdict = self._verdict_of(run, image, outcome)
                if keep_image(session, kept, run, image, outcome, verdict, now):
                    judged.images.append(image)
                if image.camera:
                    slots[image.camera].append(verdict)
            kept.withdraw_others(run, images[key])
            self._finish_run(session, kept, run, slots, images[key], now)
            judged.runs.add(key)
        session.flush()
        return judged

    def _outcomes(
        self, session: Session, runs: dict[Key, Run], images: Sequence[Image]
    ) -> dict[Key, Outcome]:
        defects = _defects_of(session, images)
        books = [self._book_of(session, image) for image in images]
        cases = []
        for image, book in zip(images, books, strict=True):
            run = runs[image.run_generation, image.run_id or 0]
            width, height = self._size_of(image)
            boxes = boxes_of(defects[image.key])
            cases.append(
                regions.ImageToJudge(book.rules_for(image.camera or "", run.part), width, height, boxes)
            )
        answers = regions.judge(cases)
        return {
            image.key: outcome_of(answer, defects[image.key], book, image.camera or "")
            for image, book, answer in zip(images, books, answers, strict=True)
        }

    def _book_of(self, session: Session, image: Image) -> rulebook.Rulebook:
        """A late or changed defect judges its image again with the rules of its own time."""
        version = image.rules_version
        if version is None:
            return self.rules
        if version not in self._books:
            self._books[version] = rulebook.rulebook(session, version)
        return self._books[version]

    def _size_of(self, image: Image) -> tuple[int | None, int | None]:
        if image.width and image.height:
            return image.width, image.height
        return self._sizes.get(image.camera or "", (None, None))

    def _verdict_of(self, run: Run, image: Image, outcome: Outcome) -> str:
        if image.verdict == "waiting" and not run.past and not self._settling.knows(run.key, image.key):
            self._settling.rows_seen(run.key, image.key)  # from before this worker: nobody watched it settle
        settled = self._is_settled(run, image)
        return regions.image_verdict(outcome.judgement, (), (), settled, self._file_state(run, image))

    def _file_state(self, run: Run, image: Image) -> str:
        """What the judge needs to know of the file. The past is judged from its rows alone."""
        if run.past or image.file_state == "whole":
            return "readable"
        return "unreadable" if self._is_lost(run, image) else "waiting"

    def _is_settled(self, run: Run, image: Image) -> bool:
        """All its rows are there, and its file was seen whole."""
        if run.past:
            return True
        return image.file_state == "whole" and self._settling.is_settled(run.key, image.key)

    def _is_lost(self, run: Run, image: Image) -> bool:
        return image.file_state in LOST and self._settling.file_is_late(run.key, image.key)

    def _finish_run(
        self,
        session: Session,
        kept: Kept,
        run: Run,
        slots: Mapping[str, list[str]],
        images: Sequence[Image],
        now: datetime,
    ) -> None:
        late = run.past or self._settling.camera_is_late(run.key)
        empty_slot = "missing" if late else "waiting"
        verdicts = []
        for camera in expected_by(self._cameras, run.belt, run.part):
            of_camera = slots.get(camera.serial)
            verdicts.append(regions.part_verdict(of_camera) if of_camera else empty_slot)
            keep_missing(session, kept, run, camera.serial, bool(late and not of_camera), now)
        is_open = "waiting" in verdicts and not late
        is_open |= any(not self._is_settled(run, image) and not self._is_lost(run, image) for image in images)
        keep_run(run, verdicts, self.rules.version, is_open, now)
        if not is_open:
            self._settling.close(run.key)


def boxes_of(defects: Sequence[Defect]) -> regions.Boxes:
    return regions.Boxes.of(
        id=[defect.id for defect in defects],
        x=[defect.x for defect in defects],
        y=[defect.y for defect in defects],
        width=[defect.width for defect in defects],
        height=[defect.height for defect in defects],
        confidence=[defect.confidence for defect in defects],
        suppressed=[defect.suppressed or defect.suppressed_by_row for defect in defects],
    )


def _is_past(run: Run | None) -> bool:
    return run is not None and run.past


def _open_runs(session: Session) -> list[Run]:
    """Live runs that have not settled, the oldest first: all that wait, and the newest of the others."""
    live = select(Run).where(~Run.past, ~Run.gone, Run.settled_at.is_(None)).order_by(Run.order_ms.desc())
    waiting = session.scalars(live.where(Run.verdict == "waiting").limit(WAITING_RUNS)).all()
    newest = select(Run).where(~Run.past, ~Run.gone).order_by(Run.order_ms.desc()).limit(RECENT_RUNS)
    found = {run.key: run for run in (*waiting, *session.scalars(newest)) if run.settled_at is None}
    return sorted(found.values(), key=lambda run: (run.order_ms, run.key))


def _images_of(session: Session, runs: Sequence[Key]) -> dict[Key, list[Image]]:
    found: dict[Key, list[Image]] = {key: [] for key in runs}
    for start in range(0, len(runs), intake.CHUNK):
        ids = [key[1] for key in runs[start : start + intake.CHUNK]]
        statement = select(Image).where(Image.run_id.in_(ids), ~Image.gone).order_by(Image.id)
        for image in session.scalars(statement):
            if (image.run_generation, image.run_id) in found:
                found[image.run_generation, image.run_id or 0].append(image)
    return found


def _defects_of(session: Session, images: Sequence[Image]) -> dict[Key, list[Defect]]:
    found: dict[Key, list[Defect]] = {image.key: [] for image in images}
    for start in range(0, len(images), intake.CHUNK):
        ids = [image.id for image in images[start : start + intake.CHUNK]]
        statement = select(Defect).where(Defect.image_id.in_(ids), ~Defect.gone).order_by(Defect.id)
        for defect in session.scalars(statement):
            if (defect.image_generation, defect.image_id) in found:
                found[defect.image_generation, defect.image_id or 0].append(defect)
    return found


def _last_sizes(session: Session, cameras: Iterable[Camera]) -> dict[str, tuple[int, int]]:
    sizes = {}
    for camera in cameras:
        newest = select(Image.width, Image.height).where(
            Image.camera == camera.serial, Image.width.is_not(None)
        )
        found = session.execute(newest.order_by(Image.order_ms.desc()).limit(1)).first()
        if found:
            sizes[camera.serial] = (found.width, found.height)
    return sizes
