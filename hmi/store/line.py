"""What the line's screens ask of the store. Every question is answered from an index."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from statistics import median

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from hmi.store.decisions import HOLD
from hmi.store.runs import Image, Key, Run
from hmi.store.verdicts import Verdict

FAR = 100_000  # numbers between two triggers in a row; more is no number of the line
LOOKED_AT = 10
MOST_CAMERAS = 100  # in one question
CHUNK = 400


def newest_runs(session: Session, count: int) -> list[Run]:
    """By trigger time, the newest first; runs whose time is unknown come last."""
    in_order = select(Run).where(~Run.gone)
    return list(session.scalars(in_order.order_by(*_newest_first()).limit(count)))


def live_run(session: Session) -> Run | None:
    """The part in front of the cameras: the newest trigger by its number.

    Numbers are given in the order of the triggers. Neither late commits nor a clock that was wrong and was
    corrected can bring an older part back. A number far beyond the others, given by hand, is passed over as
    soon as the line goes on below it.
    """
    newest = select(Run).where(~Run.gone).order_by(Run.generation.desc(), Run.id.desc()).limit(LOOKED_AT)
    runs = list(session.scalars(newest))
    for above, below in pairwise(runs):
        is_far = above.generation == below.generation and above.id - below.id > FAR
        if is_far and above.first_seen < below.first_seen:
            return below
    return runs[0] if runs else None


def images_of(session: Session, run: Run) -> list[Image]:
    of_run = (Image.run_id == run.id, Image.run_generation == run.generation, ~Image.gone)
    return list(session.scalars(select(Image).where(*of_run).order_by(Image.id)))


def verdicts_of(session: Session, run: Run) -> list[Verdict]:
    """The current verdict of every camera of the run that has one."""
    of_run = (Verdict.run_id == run.id, Verdict.run_generation == run.generation, Verdict.current)
    return list(session.scalars(select(Verdict).where(*of_run)))


def verdicts_of_runs(session: Session, runs: Collection[Key]) -> Iterator[Verdict]:
    """The same of many runs, in any order."""
    ids = sorted({key[1] for key in runs})
    for start in range(0, len(ids), CHUNK):
        of_runs = select(Verdict).where(Verdict.run_id.in_(ids[start : start + CHUNK]), Verdict.current)
        yield from (row for row in session.scalars(of_runs) if row.run_key in runs)


def last_image(session: Session, camera: str) -> Image | None:
    """The camera's newest image, of whatever run."""
    return last_images(session, [camera]).get(camera)


def last_seen_image(session: Session, camera: str) -> Image | None:
    """The newest of the camera's last images that was read whole; else its newest one."""
    of_camera = select(Image).where(Image.camera == camera, ~Image.gone)
    newest = of_camera.order_by(Image.order_ms.desc(), Image.id.desc()).limit(LOOKED_AT)
    images = list(session.scalars(newest))
    return next((image for image in images if image.file_state == "whole"), images[0] if images else None)


def last_images(session: Session, cameras: Iterable[str]) -> dict[str, Image]:
    """The newest image of each of these cameras that has one, of whatever run; in one question."""
    newest = [
        select(Image.generation, Image.id)
        .where(Image.camera == camera, ~Image.gone)
        .order_by(Image.order_ms.desc(), Image.id.desc())
        .limit(1)
        .subquery()
        for camera in cameras
    ]
    found: dict[str, Image] = {}
    for start in range(0, len(newest), MOST_CAMERAS):
        keys = union_all(*(select(one) for one in newest[start : start + MOST_CAMERAS])).subquery()
        rows = select(Image).join(keys, and_(Image.generation == keys.c.generation, Image.id == keys.c.id))
        found |= {image.camera: image for image in session.scalars(rows) if image.camera}
    return found


def parts_since(session: Session, since: datetime) -> int:
    return session.scalar(select(func.count()).select_from(Run).where(_since(Run, since))) or 0


def first_pass(session: Session, since: datetime) -> tuple[int, int]:
    """(passed, judged): of the parts that came first since then, how many passed in their first run.

    A part whose first run is still waiting counts for neither; one without a readable image counts as not
    passed.
    """
    earlier = aliased(Run)
    is_first = or_(
        Run.serial.is_(None),
        ~exists().where(earlier.serial == Run.serial, ~earlier.gone, earlier.order_ms < Run.order_ms),
    )
    counted = select(Run.verdict, func.count().label("number")).where(
        _since(Run, since), Run.verdict != "waiting", is_first
    )
    by_verdict = {row.verdict: row.number for row in session.execute(counted.group_by(Run.verdict))}
    return by_verdict.get("pass", 0), sum(by_verdict.values())


def parts_on_hold(session: Session, limit: int) -> list[Run]:
    """Runs whose part somebody put on hold, the newest first."""
    held = select(Run).where(Run.part_decision == HOLD, ~Run.gone)
    return list(session.scalars(held.order_by(*_newest_first()).limit(limit)))


def run_numbers(session: Session, runs: Sequence[Run]) -> dict[Key, int]:
    """Which run of its serial each of these is, from 1."""
    earlier = aliased(Run)
    before = (
        select(func.count())
        .select_from(earlier)
        .where(earlier.serial == Run.serial, ~earlier.gone, earlier.order_ms < Run.order_ms)
        .scalar_subquery()
    )
    numbers = {run.key: 1 for run in runs}
    keys = [(Run.generation == run.generation) & (Run.id == run.id) for run in runs if run.serial]
    if keys:
        counted = session.execute(select(Run.generation, Run.id, before).where(or_(*keys)))
        numbers |= {(generation, number): 1 + count for generation, number, count in counted}
    return numbers


def fails_in_a_row(runs: Iterable[Run]) -> int:
    """Of runs, newest first: how many fail before one that does not; those that wait are passed over."""
    count = 0
    for run in runs:
        if run.verdict == "fail":
            count += 1
        elif run.verdict != "waiting":
            break
    return count


def median_gap_s(runs: Sequence[Run]) -> float | None:
    """Median seconds between runs (newest first); None with fewer than three of known time."""
    times = [run.at.timestamp() for run in runs if run.at is not None and run.order_ms]
    gaps = [newer - older for newer, older in pairwise(times)]
    return median(gaps) if len(gaps) >= 2 else None


def _since(model: type[Run], since: datetime) -> ColumnElement[bool]:
    return and_(model.order_ms >= int(since.timestamp() * 1000), ~model.gone)


def _newest_first() -> tuple[ColumnElement[int], ...]:
    return Run.order_ms.desc(), Run.generation.desc(), Run.id.desc()
