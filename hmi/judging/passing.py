"""One pass over some runs: rows, rules and decisions become verdicts. The same for worker and web."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

import regions
from hmi.judging import counting, intake
from hmi.judging.contribution import Facts
from hmi.judging.decided import NOTHING, Decided, decided_on
from hmi.judging.expected import Camera, expected_of, keep_expected
from hmi.judging.findings import Outcome, outcome_of
from hmi.judging.keeping import Kept, keep_image, keep_missing, keep_run
from hmi.judging.rulebook import Rulebook
from hmi.settings import PlantTime
from hmi.store import decisions, reviews
from hmi.store.reviews import OpenReview
from hmi.store.runs import Defect, Image, Key, Run

#: The states of a file that say that it will not come: after the grace time the image is unreadable.
LOST = frozenset({"absent", "broken", "refused"})
GONE = -1  # the place of a defect that is no more: a scrap counts whatever became of it
FRESH = {"populate_existing": True}  # another transaction may have judged since we read the row


class Knowledge(Protocol):
    """What judging a run takes beside its rows."""

    @property
    def cameras(self) -> tuple[Camera, ...]:
        """The line's."""

    @property
    def rules(self) -> Rulebook:
        """Those in force."""

    @property
    def time(self) -> PlantTime:
        """The plant's clock and shifts."""

    def book_of(self, session: Session, image: Image) -> Rulebook:
        """The rules that judge this image: those of its own time."""

    def size_of(self, session: Session, image: Image) -> tuple[int | None, int | None]:
        """Width and height in full px, as far as known."""

    def is_settled(self, run: Run, image: Image) -> bool:
        """All its rows are there, and its file was seen whole."""

    def is_lost(self, run: Run, image: Image) -> bool:
        """Its file had its time and did not come."""

    def is_late(self, run: Run) -> bool:
        """Every camera had its time."""


@dataclass
class Judged:
    """What a pass over the runs changed."""

    runs: set[Key] = field(default_factory=set)
    closed: set[Key] = field(default_factory=set)  # of these: nothing of them is waited for
    images: list[Image] = field(default_factory=list)  # with a new picture to draw

    def __bool__(self) -> bool:
        return bool(self.runs)


def judge_runs(
    session: Session, known: Knowledge, keys: set[Key], now: datetime, *, by_people: bool = False
) -> Judged:
    """Judge these runs and keep what was found. The caller has the turn (`hmi.store.turns`).

    `by_people`: a decision caused it, so that a verdict that changes is not the vision system's doing.
    """
    judged = Judged()
    if not keys:
        return judged
    runs = intake.by_key(session, Run, keys, **FRESH)
    images = images_of(session, list(runs))
    all_images = [image for key in runs for image in images[key]]
    defects = _defects_of(session, all_images)
    decided = decided_on(session, all_images, defects)
    outcomes = _outcomes(session, known, runs, all_images, defects, decided)
    kept = Kept.of(session, list(runs))
    parts = decisions.heads(session, decisions.PART, runs)
    waiting: list[OpenReview] = []
    for key, run in runs.items():
        run.late = run.past or known.is_late(run)
        run.part_decision = parts[key].word_in_force if key in parts else None
        for image in images[key]:
            outcome = outcomes[image.key]
            image.settled, image.lost = known.is_settled(run, image), known.is_lost(run, image)
            verdict = _verdict_of(run, image, outcome, defects[image.key])
            if keep_image(session, kept, run, image, outcome, verdict, now):
                judged.images.append(image)
        kept.withdraw_others(run, images[key])
        if not _finish_run(session, known, kept, run, images[key], now, by_people):
            judged.closed.add(key)
        waiting += _waiting(known, run, images[key], outcomes)
        judged.runs.add(key)
    reviews.keep(session, judged.runs, waiting)
    verdicts = kept.by_run()
    facts = [Facts(run, images[key], defects, verdicts.get(key, ()), decided) for key, run in runs.items()]
    counting.keep(session, known.time, facts)
    return judged


def facts_of(session: Session, keys: Iterable[Key]) -> list[Facts]:
    """The stored state of these runs, as it is counted."""
    runs = intake.by_key(session, Run, keys, **FRESH)
    images = images_of(session, list(runs))
    all_images = [image for key in runs for image in images[key]]
    defects = _defects_of(session, all_images)
    decided = decided_on(session, all_images, defects)
    verdicts = Kept.of(session, list(runs)).by_run()
    return [Facts(run, images[key], defects, verdicts.get(key, ()), decided) for key, run in runs.items()]


def images_of(session: Session, runs: Sequence[Key]) -> dict[Key, list[Image]]:
    found: dict[Key, list[Image]] = {key: [] for key in runs}
    for start in range(0, len(runs), intake.CHUNK):
        ids = [key[1] for key in runs[start : start + intake.CHUNK]]
        statement = select(Image).where(Image.run_id.in_(ids), ~Image.gone).order_by(Image.id)
        for image in session.scalars(statement, execution_options=FRESH):
            if (image.run_generation, image.run_id) in found:
                found[image.run_generation, image.run_id or 0].append(image)
    return found


def boxes_of(defects: Sequence[Defect]) -> regions.Boxes:
    """By their places: a plant that was set back gives the same id to another defect."""
    return regions.Boxes.of(
        id=range(len(defects)),
        x=[defect.x for defect in defects],
        y=[defect.y for defect in defects],
        width=[defect.width for defect in defects],
        height=[defect.height for defect in defects],
        confidence=[defect.confidence for defect in defects],
        suppressed=[defect.suppressed or defect.suppressed_by_row for defect in defects],
    )


def _outcomes(
    session: Session,
    known: Knowledge,
    runs: Mapping[Key, Run],
    images: Sequence[Image],
    defects: Mapping[Key, Sequence[Defect]],
    decided: Mapping[Key, Decided],
) -> dict[Key, Outcome]:
    books = [known.book_of(session, image) for image in images]
    cases = []
    for image, book in zip(images, books, strict=True):
        run = runs[image.run_generation, image.run_id or 0]
        width, height = known.size_of(session, image)
        boxes = boxes_of(defects[image.key])
        cases.append(regions.ImageToJudge(book.rules_for(image.camera or "", run.part), width, height, boxes))
    return {
        image.key: outcome_of(
            answer, defects[image.key], book, image.camera or "", decided.get(image.key, NOTHING)
        )
        for image, book, answer in zip(images, books, regions.judge(cases), strict=True)
    }


def _verdict_of(run: Run, image: Image, outcome: Outcome, defects: Sequence[Defect]) -> str:
    places = {defect.key: place for place, defect in enumerate(defects)}
    okayed = {places[key] for key in outcome.decided.okayed if key in places}
    scrapped = {places.get(key, GONE) for key in outcome.decided.scrapped}
    return regions.image_verdict(outcome.judgement, okayed, scrapped, image.settled, _file_state(run, image))


def _file_state(run: Run, image: Image) -> str:
    """What the judge needs to know of the file. The past is judged from its rows alone."""
    if run.past or image.file_state == "whole":
        return "readable"
    return "unreadable" if image.lost else "waiting"


def _finish_run(
    session: Session,
    known: Knowledge,
    kept: Kept,
    run: Run,
    images: Sequence[Image],
    now: datetime,
    by_people: bool,
) -> bool:
    """Note the part verdict; True if something of the run is still waited for."""
    slots: dict[str | None, list[Image]] = defaultdict(list)
    for image in images:
        slots[image.camera].append(image)
    empty_slot = "missing" if run.late else "waiting"
    verdicts, undecided = [], 0
    expected = expected_of(run, known.cameras)
    for camera in expected:
        of_camera = slots.get(camera.serial, [])
        undecided += sum(image.undecided for image in of_camera)
        verdicts.append(
            regions.part_verdict(image.verdict for image in of_camera) if of_camera else empty_slot
        )
        keep_missing(session, kept, run, camera.serial, run.late and not of_camera, now)
    kept.withdraw_slots(run, {camera.serial for camera in expected})
    is_open = "waiting" in verdicts and not run.late
    is_open |= any(not image.settled and not image.lost for image in images)
    keep_run(run, verdicts, known.rules.version, is_open, now, by_people=by_people)
    is_closed = run.gone or run.expired_at is not None or _is_closed_by_people(run)
    run.review_open = bool(undecided) and not is_closed
    if not is_open and expected:
        keep_expected(run, expected)
    return is_open


def _waiting(
    known: Knowledge, run: Run, images: Sequence[Image], outcomes: Mapping[Key, Outcome]
) -> Iterator[OpenReview]:
    """What people must decide on this run."""
    expected = {camera.serial for camera in expected_of(run, known.cameras)}
    for image in images if run.review_open else ():
        if not image.undecided or image.camera not in expected:
            continue
        for asks in outcomes[image.key].open:
            yield OpenReview(
                generation=asks.defect[0],
                defect_id=asks.defect[1],
                image_generation=image.generation,
                image_id=image.id,
                run_generation=run.generation,
                run_id=run.id,
                camera=image.camera,
                part=run.part,
                region=asks.region,
                kind=asks.kind,
                order_ms=run.order_ms or int(run.first_seen.timestamp() * 1000),
                first_seen=run.first_seen,
                past=run.past,
            )


def _is_closed_by_people(run: Run) -> bool:
    """A decision on the part closes its review, until the vision system changes what it was made on."""
    return run.part_decision is not None and run.changed_after_at is None


def _defects_of(session: Session, images: Sequence[Image]) -> dict[Key, list[Defect]]:
    found: dict[Key, list[Defect]] = {image.key: [] for image in images}
    for start in range(0, len(images), intake.CHUNK):
        ids = [image.id for image in images[start : start + intake.CHUNK]]
        of_images = select(Defect).where(Defect.image_id.in_(ids), ~Defect.gone)
        in_order = of_images.order_by(Defect.id, Defect.generation)
        for defect in session.scalars(in_order, execution_options=FRESH):
            if (defect.image_generation, defect.image_id) in found:
                found[defect.image_generation, defect.image_id or 0].append(defect)
    return found
