"""A plain recount from the rows themselves, for comparison with the counts that are kept."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from hmi.settings import PlantTime
from hmi.store import Store, editions
from hmi.store.counts import Count, CountedKind
from hmi.store.decisions import Decision
from hmi.store.runs import Defect, Image, Run
from hmi.store.verdicts import Verdict

RUN, IMAGE, DEFECT, RUN_DAY, IMAGE_DAY = 1, 2, 3, 4, 5
SPAN, DAY = 2, 3
QUARTER = timedelta(minutes=15)


def kept(store: Store) -> dict[tuple, tuple]:
    """(grain, start, kind) → (number, defects, failing) as it is kept in the edition that is shown."""
    with store.read() as session:
        shown = editions.of(session).shown
        rows = session.execute(
            select(Count, CountedKind)
            .join(CountedKind, CountedKind.id == Count.kind)
            .where(Count.edition == shown)
        )
        return {
            (count.grain, count.start, *kind.kind): (count.number, count.defects, count.failing)
            for count, kind in rows
        }


def recounted(store: Store, time: PlantTime) -> dict[tuple, tuple]:
    """The same, from runs, images, defects, verdicts and decisions."""
    with store.read() as session:
        runs = session.scalars(select(Run).where(~Run.gone)).all()
        images = session.scalars(select(Image).where(~Image.gone)).all()
        defects = session.scalars(select(Defect).where(~Defect.gone)).all()
        verdicts = session.scalars(select(Verdict).where(Verdict.current)).all()
        entries = map(_Entry, session.scalars(select(Decision).order_by(Decision.id)))
        newest = {entry.defect: entry for entry in entries if entry.counts}
    totals: Counter[tuple] = Counter()
    seen: set[str] = set()
    for run in sorted(runs, key=lambda run: (run.order_ms, run.generation, run.id)):
        first = run.serial is None or run.serial not in seen
        seen |= {run.serial} if run.serial is not None else set()
        mine = [verdict for verdict in verdicts if verdict.run_key == run.key]
        *starts, shift = starts_of(run.at if run.order_ms else None, time)
        all_defects = all_failing = 0
        added: Counter[tuple] = Counter()
        for image in (image for image in images if image.run_key == run.key):
            found = {
                tuple(one["defect"]): one
                for row in mine
                if row.image_key == image.key
                for one in row.findings
            }
            here = [row for row in defects if (row.image_generation, row.image_id) == image.key]
            failing = sum(found.get(row.key, {}).get("state") == "fail" for row in here)
            kind = (IMAGE, run.part or "", image.camera or "", image.verdict, "", "", "", "", False, shift)
            added += Counter({(kind, "number"): 1, (kind, "defects"): len(here), (kind, "failing"): failing})
            added += Counter((_kind(run, image, row, found.get(row.key), newest), "number") for row in here)
            all_defects, all_failing = all_defects + len(here), all_failing + failing
        for row in mine:
            if row.image_id is None:
                empty = (IMAGE, run.part or "", row.camera, "missing", "", "", "", "", False, shift)
                added[empty, "number"] += 1
        kind = (RUN, run.part or "", "", run.verdict, "", "", "", run.part_decision or "", first, shift)
        added += Counter(
            {(kind, "number"): 1, (kind, "defects"): all_defects, (kind, "failing"): all_failing}
        )
        for grain, start in enumerate(starts, start=1):
            for (kind, what), count in added.items():
                if grain not in (SPAN, DAY) or (kind[0] == DEFECT) == (grain == DAY):
                    totals[(grain, start, *kind, what)] += count
                if grain == DAY and kind[0] != DEFECT:
                    totals[(grain, start, *_of_day(kind), what)] += count
    return _by_place(totals)


def starts_of(at: datetime | None, time: PlantTime) -> tuple:
    """Start of hour, span, day and month, and the shift, found by walking back a quarter hour at a time."""
    if at is None:
        return 0, 0, 0, 0, ""
    zone = time.zone_info
    begin = at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0).astimezone(UTC)
    shifts = {(shift.start.hour, shift.start.minute): shift.name for shift in time.shifts}
    hour = span = day = name = month = None
    while True:
        local = begin.astimezone(zone)
        is_cut = local.fold == 0 and ((local.hour, local.minute) in shifts or local.hour == local.minute == 0)
        if span is None and is_cut:
            span = begin
        if hour is None and (is_cut or local.minute == 0):
            hour = begin
        is_midnight = local.hour == local.minute == 0
        day = begin if day is None and is_midnight else day
        month = begin if month is None and is_midnight and local.day == 1 else month
        name = shifts.get((local.hour, local.minute)) if name is None and local.fold == 0 else name
        if month is not None and name is not None:
            return *(int(start.timestamp()) for start in (hour, span, day, month)), name
        begin -= QUARTER


class _Entry:
    """One decision on a defect."""

    def __init__(self, entry: Decision) -> None:
        self.counts = entry.subject == "defect" and entry.act != "comment"
        self.defect = entry.subject_key
        self.image = (entry.image_generation, entry.image_id)
        self.word = entry.word if entry.act == "decide" else entry.after_word


def _kind(run: Run, image: Image, row: Defect, finding: Any, newest: dict[tuple, Any]) -> tuple:
    state = finding["state"] if finding else "pass"
    if finding is None and image.verdict in ("waiting", "unreadable"):
        state = "not judged"
    region = reason = ""
    if finding and state in ("fail", "review", "unusable"):
        said = sorted(finding["findings"], key=lambda one: one["fails"], reverse=True)
        geometry = not said or said[0]["reason"] == "geometry"
        region = "no region" if geometry else said[0].get("region_id", "default rule")
        reason = " and ".join(finding.get("reasons") or sorted({one["reason"] for one in said}))
    entry = newest.get(row.key)
    if entry is None or entry.image != image.key:
        decision = "open" if row.disposition is None else "plant database"
    elif row.changed_after_at is not None and entry.word != "scrap":
        decision = "changed"
    else:
        decision = entry.word or "open"
    part, camera, kind = run.part or "", image.camera or "", row.type or ""
    return DEFECT, part, camera, state, kind, region, reason, decision, False, ""


def _of_day(kind: tuple) -> tuple:
    """A run's or an image's kind as series of years count it."""
    subject, _part, camera, state, *_others, first, _shift = kind
    return RUN_DAY if subject == RUN else IMAGE_DAY, "", camera, state, "", "", "", "", first, ""


def _by_place(totals: Counter[tuple]) -> dict[tuple, tuple]:
    places = {place[:-1] for place in totals}
    return {
        place: tuple(totals[(*place, what)] for what in ("number", "defects", "failing")) for place in places
    }
