"""Everything that is known of one serial: a record that can be printed."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hmi import review, wording
from hmi.camera.past import Entry, entries_of
from hmi.judging.expected import Camera, cameras_of
from hmi.plant_time import day_and_clock
from hmi.review import Said
from hmi.screen.times import usable_time
from hmi.settings import Settings
from hmi.store import line
from hmi.store.mirror import HandInspection
from hmi.store.runs import Run, reference
from hmi.store.verdicts import Verdict

MOST_RUNS = 50
WHY_ROWS = 20
MOST_SAID = 200

#: column of HumanInspect → what screens call it, in their order
HAND_WORDS = {
    "scan_datetime": "Time",
    "pass_fail": "Result",
    "defect_area": "Area",
    "size": "Size",
    "location_row": "Row",
    "location_column": "Column",
    "impreg": "Impregnation",
    "part_suffix": "Suffix",
    "julian_date": "Cast on",
    "cast_id_1": "Cast 1",
    "cast_id_2": "Cast 2",
    "cast_id_3": "Cast 3",
    "scan_id": "Scan",
}


@dataclass(frozen=True, slots=True)
class Slot:
    """One camera of a run: its image, or that there is none."""

    title: str
    serial: str
    entry: Entry | None
    verdict: str
    text: str


@dataclass(frozen=True, slots=True)
class RunRecord:
    run: str
    nth: int  # which run of its serial, from 1
    taken: str
    part: str | None
    verdict: str
    judged: int
    expected: int
    rules: str
    slots: tuple[Slot, ...]
    why: tuple[tuple[str, wording.Why], ...]  # camera, row
    why_more: int
    acknowledged: str | None
    changed: str | None  # when the vision system changed it after it was judged
    changed_after: str | None  # when it did after people had decided
    said: tuple[str, ...]  # of cameras that decide by something else than a limit: their sentences
    key: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Record:
    """A serial: its runs, newest first, and what people found by hand."""

    serial: str
    part: str | None
    verdict: str
    runs: tuple[RunRecord, ...]
    more_runs: int
    said: tuple[Said, ...]  # the newest decisions and comments on it and its defects, oldest first
    more_said: int
    hand_columns: tuple[str, ...]
    hand: tuple[tuple[str, ...], ...]


def record_of(session: Session, settings: Settings, serial: str, now: datetime) -> Record | None:
    """The record of the serial exactly as it is written; None if nothing is known of it."""
    of_serial = (Run.serial == serial, ~Run.gone)
    newest = (Run.order_ms.desc(), Run.generation.desc(), Run.id.desc())
    runs = session.scalars(select(Run).where(*of_serial).order_by(*newest).limit(MOST_RUNS)).all()
    columns, hand = _hand(session, serial)
    if not runs and not hand:
        return None
    count = session.scalar(select(func.count()).select_from(Run).where(*of_serial)) or 0
    cameras = {camera.serial: camera for camera in cameras_of(session, settings.line)}
    said = review.of_serial(session, settings, serial, MOST_SAID)
    return Record(
        serial=serial,
        part=runs[0].part if runs else None,
        verdict=runs[0].verdict if runs else "waiting",
        runs=tuple(_run(session, settings, run, count - at, cameras, now) for at, run in enumerate(runs)),
        more_runs=count - len(runs),
        said=said.newest,
        more_said=said.older,
        hand_columns=columns,
        hand=hand,
    )


def _run(
    session: Session, settings: Settings, run: Run, nth: int, cameras: Mapping[str, Camera], now: datetime
) -> RunRecord:
    images = line.images_of(session, run)
    verdicts = line.verdicts_of(session, run)
    entries = dict(
        zip((image.key for image in images), entries_of(session, settings, images, now), strict=True)
    )
    slots = [
        Slot(_title(cameras, image.camera), image.camera or "", entries[image.key], image.verdict, "")
        for image in images
    ]
    slots += [
        Slot(_title(cameras, empty.camera), empty.camera, None, empty.verdict, empty.text)
        for empty in verdicts
        if empty.image_key is None
    ]
    order = list(cameras)
    slots.sort(key=lambda slot: order.index(slot.serial) if slot.serial in cameras else len(order))
    why = [
        (_title(cameras, verdict.camera), row)
        for verdict in verdicts
        for row in wording.why(verdict.findings)
    ]
    explained = {title for title, _ in why}
    zone = settings.time.zone_info
    versions = sorted({verdict.rules_version for verdict in verdicts if verdict.rules_version})
    return RunRecord(
        run=reference(run.key),
        nth=nth,
        taken=day_and_clock(usable_time(run), settings.time.zone_info),
        part=run.part,
        verdict=run.verdict,
        judged=run.cameras_judged,
        expected=run.cameras_expected,
        rules=", ".join(f"v{version}" for version in versions) or "—",
        slots=tuple(slots),
        why=tuple(why[:WHY_ROWS]),
        why_more=max(0, len(why) - WHY_ROWS),
        acknowledged=run.acknowledged_by
        and f"{day_and_clock(run.acknowledged_at, zone)} · {run.acknowledged_by}",
        changed=day_and_clock(run.changed_at, zone) if run.changed_at else None,
        changed_after=day_and_clock(run.changed_after_at, zone) if run.changed_after_at else None,
        said=() if run.verdict in ("pass", "accepted") else tuple(_said(cameras, verdicts, explained)),
        key=run.key,
    )


def _said(
    cameras: Mapping[str, Camera], verdicts: Sequence[Verdict], explained: Collection[str]
) -> Iterable[str]:
    for verdict in verdicts:
        title = _title(cameras, verdict.camera)
        if verdict.verdict not in ("pass", "accepted") and title not in explained:
            yield f"{title}: {verdict.text}"


def _title(cameras: Mapping[str, Camera], serial: str | None) -> str:
    camera = cameras.get(serial or "")
    return camera.title if camera else serial or "no camera"


def _hand(session: Session, serial: str) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """What people found, newest first: the columns in which anything stands, and their rows."""
    of_serial = select(HandInspection).where(HandInspection.serial == serial)
    rows = [found.row for found in session.scalars(of_serial.order_by(HandInspection.id.desc()).limit(100))]
    used = [name for name in HAND_WORDS if any(row.get(name) not in (None, "") for row in rows)]
    return tuple(HAND_WORDS[name] for name in used), tuple(_texts(row, used) for row in rows)


def _texts(row: Mapping[str, Any], columns: Sequence[str]) -> tuple[str, ...]:
    return tuple("" if row.get(name) is None else str(row[name]).replace("T", " ") for name in columns)
