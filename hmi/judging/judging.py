"""Judges the runs that changed, and those for which time has decided something."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hmi.judging import intake, rulebook
from hmi.judging.decided import flag_changes
from hmi.judging.expected import Camera, cameras_of
from hmi.judging.passing import LOST, Judged, images_of, judge_runs
from hmi.judging.publishing import publish_if_changed
from hmi.judging.settling import Settling
from hmi.pictures.arrivals import FileSeen
from hmi.plant.generations import Generations
from hmi.plant.rows import Batch
from hmi.settings import Settings
from hmi.store import turns
from hmi.store.rules import newest_version
from hmi.store.runs import Image, Key, Run, key_of

log = logging.getLogger(__name__)

#: So many runs at most are taken up again when a worker starts.
WAITING_RUNS, RECENT_RUNS = 5000, 200
LOOKED_AT = 1_000  # newest images of a camera among which one of a known size is sought


class Judging:
    """What the leader knows between two batches: open runs, rules, cameras and their last image size."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.time = settings.time
        self._settling = Settling(settings.line.settle_s, settings.line.grace_s)
        self._books: dict[int, rulebook.Rulebook] = {}
        self._version = 0
        self._sizes: dict[str, tuple[int, int]] = {}
        self.generations = Generations()  # of the plant, as it is read now
        self.cameras: tuple[Camera, ...] = ()
        self.rules: rulebook.Rulebook

    def start(self, session: Session, now: datetime, watched_s: float = 0.0) -> list[Image]:
        """Take up the work where another worker left it; returns the images of the runs that are open.

        `watched_s` is the watched time at which the feed goes on. Settling and grace begin anew.
        """
        self._settling.now_s = watched_s
        self.check_rules(session, now)
        self.cameras = cameras_of(session, self._settings.line)
        self._sizes = last_sizes(session, self.cameras)
        open_runs = _open_runs(session)
        images = images_of(session, [run.key for run in open_runs])
        for run in open_runs:
            if run.settled_at is None:
                self._settling.run_seen(run.key)
            for image in images[run.key]:
                if run.settled_at is None or image.verdict == "waiting":
                    self._settling.rows_seen(run.key, image.key)
        return [image for run in open_runs for image in images[run.key]]

    def check_rules(self, session: Session, now: datetime) -> bool:
        """Put a change of settings or of "Regions" into force; True if there was one."""
        before = self._books.get(self._version)
        try:
            self.rules = publish_if_changed(session, self._settings, now, before)
        except (ValueError, RecursionError, OverflowError):
            if before is None:
                raise
            log.exception("the table of regions cannot be read; rules v%d stay in force", before.version)
            return False
        self._version = self.rules.version
        self._books[self._version] = self.rules
        return self.rules is not before

    def see_new_version(self, session: Session) -> bool:
        """What somebody published judges from now on; True if that was so."""
        version = newest_version(session)
        if version <= self._version:
            return False
        self.rules = self._books[version] = rulebook.rulebook(session, version)
        self._version = version
        return True

    def take(
        self, session: Session, batch: Batch, now: datetime, *, is_first: bool = False
    ) -> tuple[intake.Changes, Judged]:
        """Store a batch and judge what it touched and what has become due.

        `is_first`: nothing was ever read before; all but the newest parts of the batch are the past.
        """
        if not batch.past:
            self._settling.now_s = batch.began_s
        turns.take(session)
        changes = intake.store_batch(session, batch, now, is_first=is_first)
        flag_changes(session, changes, now)
        if "Cameras" in changes.tables:
            self.cameras = cameras_of(session, self._settings.line)
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
        turns.take(session)
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
        judged = judge_runs(session, self, keys, now)
        for key in judged.closed:
            self._settling.close(key)
        return judged

    def book_of(self, session: Session, image: Image) -> rulebook.Rulebook:
        """A late or changed defect judges its image again with the rules of its own time."""
        version = image.rules_version
        if version is None:
            return self.rules
        if version not in self._books:
            self._books[version] = rulebook.rulebook(session, version)
        return self._books[version]

    def size_of(self, session: Session, image: Image) -> tuple[int | None, int | None]:  # noqa: ARG002
        if image.width and image.height:
            return image.width, image.height
        return self._sizes.get(image.camera or "", (None, None))

    def is_settled(self, run: Run, image: Image) -> bool:
        """All its rows are there, and its file was seen whole.

        An image that was lost when the plant was set back gets no more rows: silence says nothing about it.
        """
        if run.past:
            return True
        if self.generations.of("Images", image.id) != image.generation:
            return image.settled
        if image.verdict == "waiting" and not self._settling.knows(run.key, image.key):
            self._settling.rows_seen(run.key, image.key)  # from before this worker: nobody watched it settle
        return image.file_state == "whole" and self._settling.is_settled(run.key, image.key)

    def is_lost(self, run: Run, image: Image) -> bool:
        """Its file had its time and did not come."""
        return image.file_state in LOST and self._settling.file_is_late(run.key, image.key)

    def is_late(self, run: Run) -> bool:
        """Every camera had its time."""
        return self._settling.camera_is_late(run.key)


def _is_past(run: Run | None) -> bool:
    return run is not None and run.past


def _open_runs(session: Session) -> list[Run]:
    """Live runs that are not complete, the oldest first: all that wait, and the newest of the others."""
    live = select(Run).where(~Run.past, ~Run.gone, Run.settled_at.is_(None)).order_by(Run.order_ms.desc())
    waiting = session.scalars(live.where(Run.verdict == "waiting").limit(WAITING_RUNS)).all()
    newest = select(Run).where(~Run.past, ~Run.gone).order_by(Run.order_ms.desc()).limit(RECENT_RUNS)
    recent = session.scalars(newest).all()
    late = _with_waiting_images(session, [run.key for run in recent])
    found = {run.key: run for run in waiting}
    found |= {run.key: run for run in recent if run.settled_at is None or run.key in late}
    return sorted(found.values(), key=lambda run: (run.order_ms, run.key))


def _with_waiting_images(session: Session, runs: Sequence[Key]) -> set[Key]:
    """Runs that had settled without an image that came after all, and was not settled itself."""
    images = images_of(session, runs)
    return {key for key in runs if any(image.verdict == "waiting" for image in images[key])}


def last_sizes(session: Session, cameras: Iterable[Camera]) -> dict[str, tuple[int, int]]:
    """By camera the size of its newest image of a known one. Images of the past have none, and there may be
    millions of them: only the newest are looked at."""
    sizes = {}
    for camera in cameras:
        of_camera = select(Image.width, Image.height, Image.order_ms).where(Image.camera == camera.serial)
        newest = of_camera.order_by(Image.order_ms.desc()).limit(LOOKED_AT).subquery()
        known = select(newest).where(newest.c.width.is_not(None)).order_by(newest.c.order_ms.desc())
        found = session.execute(known.limit(1)).first()
        if found:
            sizes[camera.serial] = (found.width, found.height)
    return sizes
