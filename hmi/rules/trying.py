"""What a draft would have done with the last parts of its camera, beside what the rules in force would."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

import regions
from hmi.judging.rulebook import Rulebook
from hmi.rules.recent import Recent
from hmi.rules.shapes import JsonObject
from hmi.store.runs import reference
from regions.boxes import Flags, Integers

AT_ONCE = 2_500  # images between two looks at whether anybody still wants to know
MOST_SHOWN = 60
STOPPED = ("fail", "review", "unreadable")
QUARTER_MS = 15 * 60_000  # a day begins at the start of one, in every zone of today

_CODE = {verdict: code for code, verdict in enumerate(regions.VERDICTS)}
_CODE_OF_JUDGED = np.array(
    [_CODE["unreadable" if verdict == "unjudgeable" else verdict] for verdict in regions.JUDGED]
)
_STOPPED = np.array([verdict in STOPPED for verdict in regions.VERDICTS])


class Cancelled(Exception):
    """Nobody waits for it any more."""


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """Of each image, as indexes into VERDICTS, shape (images,): by the rules alone, and as people see it,
    with what they decided."""

    alone: Integers
    seen: Integers

    @property
    def stops(self) -> Flags:
        """Which images the rules alone stop."""
        return _flags(_STOPPED[self.alone])

    @property
    def fails(self) -> Flags:
        return _flags(self.seen == _CODE["fail"])

    def counted(self) -> dict[str, int]:
        counts = np.bincount(self.seen, minlength=len(regions.VERDICTS)).tolist()
        return {verdict: count for verdict, count in zip(regions.VERDICTS, counts, strict=True) if count}


def try_out(
    recent: Recent, camera: str, now: Rulebook, draft: Rulebook, zone: ZoneInfo, step: Callable[[int], None]
) -> JsonObject:
    """Judge the same images by both. `step` is told how many are done, and may raise Cancelled.

    What the version in force makes of them is kept: from one edit to the next only the draft differs.
    """
    before = recent.judged.get(now.version)
    if before is None:
        before = _judged(recent, camera, now, lambda done: step(done // 2))
        recent.judged[now.version] = before
    half = len(recent.shots)
    after = _judged(recent, camera, draft, lambda done: step((half + done) // 2))
    return _compared(recent, before, after, zone)


def _judged(recent: Recent, camera: str, book: Rulebook, step: Callable[[int], None]) -> Verdicts:
    batch = recent.batch(camera, book)
    alone, seen = np.zeros((2, len(batch)), dtype=np.int64)
    decided = recent.okayed.keys() | recent.scrapped.keys()
    for first in range(0, len(batch), AT_ONCE):
        step(first)
        end = min(first + AT_ONCE, len(batch))
        judged = regions.judge_batch(batch.part(first, end))
        alone[first:end] = seen[first:end] = _CODE_OF_JUDGED[judged.verdicts]
        for number in decided & set(range(first, end)):
            okayed, scrapped = recent.okayed.get(number, ()), recent.scrapped.get(number, ())
            verdict = regions.image_verdict(judged.of(number - first), okayed, scrapped, True, "readable")
            seen[number] = _CODE[verdict]
    lost = np.array([bool(shot.lost) for shot in recent.shots], dtype=np.bool_)
    for verdicts in (alone, seen):
        verdicts[lost & (verdicts != _CODE["fail"])] = _CODE["unreadable"]
    return Verdicts(alone, seen)


def _compared(recent: Recent, before: Verdicts, after: Verdicts, zone: ZoneInfo) -> JsonObject:
    changed = np.flatnonzero(before.seen != after.seen)
    scrapped, okayed = recent.scrapped_images, recent.okayed_images
    released = scrapped[~after.stops[scrapped]]
    return {
        "parts": len(recent.shots),
        "defects": recent.defects,
        "now": before.counted(),
        "draft": after.counted(),
        "no_longer": int((before.fails & ~after.fails).sum()),
        "changed_count": len(changed),
        "changed": [
            _change(recent, n, regions.VERDICTS[before.seen[n]], regions.VERDICTS[after.seen[n]], zone)
            for n in _worst(changed, after)
        ],
        "scrapped": {
            "total": len(scrapped),
            "caught_now": int(before.stops[scrapped].sum()),
            "caught_draft": int(after.stops[scrapped].sum()),
        },
        "okayed": {
            "total": len(okayed),
            "spared_now": int((~before.stops[okayed]).sum()),
            "spared_draft": int((~after.stops[okayed]).sum()),
        },
        "released": [recent.shots[n].serial or "no serial" for n in released[:MOST_SHOWN].tolist()],
        "days": _days(recent, before, after, zone),
    }


def _worst(changed: Integers, after: Verdicts) -> list[int]:
    """What would get worse first, then the newest."""
    order = np.argsort(after.seen[changed], kind="stable")[:MOST_SHOWN]
    return [int(number) for number in changed[order]]


def _change(recent: Recent, number: int, before: str, after: str, zone: ZoneInfo) -> JsonObject:
    shot = recent.shots[number]
    name = reference(shot.key)
    at = f"{_local(shot.order_ms, zone):%Y-%m-%d %H:%M}" if shot.order_ms else "time unknown"
    return {
        "run": reference(shot.run) if shot.run else None,
        "serial": shot.serial or "no serial",
        "image": name,
        "picture": f"/pictures/{name}/small.jpg?v={shot.picture}" if shot.picture else None,
        "from": before,
        "to": after,
        "at": at,
        "scrapped_by_people": recent.is_scrapped(number),
        "okayed": recent.is_okayed(number),
    }


def _days(recent: Recent, before: Verdicts, after: Verdicts, zone: ZoneInfo) -> list[JsonObject]:
    """By the plant's calendar, the oldest first; parts without a usable time are left out."""
    order_ms = np.array([shot.order_ms for shot in recent.shots], dtype=np.int64)
    timed = order_ms != 0
    quarters, quarter = np.unique(order_ms[timed] // QUARTER_MS, return_inverse=True)
    names = [f"{_local(start * QUARTER_MS, zone):%Y-%m-%d}" for start in quarters.tolist()]
    days = sorted(set(names))
    place = {name: number for number, name in enumerate(days)}
    day = np.array([place[name] for name in names], dtype=np.int64)[quarter]

    def counts(days_of: Integers) -> list[int]:
        return [int(count) for count in np.bincount(days_of, minlength=len(days))]

    columns = (counts(day), counts(day[before.fails[timed]]), counts(day[after.fails[timed]]))
    return [
        {"day": name, "parts": parts, "fail_now": fail_now, "fail_draft": fail_draft}
        for name, parts, fail_now, fail_draft in zip(days, *columns, strict=True)
    ]


def _local(order_ms: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(order_ms / 1000, UTC).astimezone(zone)


def _flags(values: Any) -> Flags:
    return np.asarray(values, dtype=np.bool_)
