"""The grid as a value: everything that the screen of one run shows, ready for the template.

Built for the live snapshot and for a frozen run alike. Nothing in it depends on who looks.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from sqlalchemy.orm import Session

import regions
from hmi import wording
from hmi.judging.expected import Camera, cameras_of, configured, expected_by
from hmi.judging.rulebook import newest_version
from hmi.plant_time import clock, day_and_clock, moment, shift_at, short_moment
from hmi.settings import Settings
from hmi.store import line, state
from hmi.store.runs import Image, Key, Run, reference
from hmi.store.verdicts import Verdict
from hmi.wording import Why

WHY_ROWS = 6
IDLE_GAPS = 5  # so many median gaps without a trigger are worth saying
HISTORY = 50  # runs that fails-in-a-row and the median gap look at


@dataclass(frozen=True, slots=True)
class Tile:
    slot: str
    title: str
    verdict: str
    text: str
    since_ms: int | None  # when the image arrived, or the run for a camera that brought nothing
    image: str | None  # reference
    picture: str | None  # version
    more: int  # defects that are not drawn
    last_seen: str | None  # a missing camera: when it last brought an image


@dataclass(frozen=True, slots=True)
class WhyRow:
    camera: str
    why: Why


@dataclass(frozen=True, slots=True)
class Worst:
    camera: str
    image: str
    picture: str
    defect: str
    size_mm: float | None
    region: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    run: str
    serial: str
    part: str
    triggered: str
    verdict: str
    judged: int
    expected: int
    rules: str
    nth: int
    why: tuple[WhyRow, ...]
    why_more: int
    worst: Worst | None
    changed: str | None
    acknowledged: str | None
    past: bool


@dataclass(frozen=True, slots=True)
class Card:
    """One run in the strip."""

    run: str
    serial: str
    short: str  # the piece of the serial that tells it from the others
    verdict: str
    text: str
    time: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Header:
    shift: str
    parts: int | None
    first_pass: str
    reviews: int | None
    last_part_ms: int | None  # when the newest run arrived
    idle_after_s: float
    fails_in_a_row: int
    cycle_s: float | None


@dataclass(frozen=True, slots=True)
class Live:
    """The part in front of the cameras, for the header."""

    serial: str
    part: str
    triggered: str


@dataclass(frozen=True, slots=True)
class Screen:
    header: Header
    live: Live | None
    part: Part | None
    tiles: tuple[Tile, ...]
    columns: int
    strip: tuple[Card, ...]
    notices: tuple[str, ...]

    @classmethod
    def unknown(cls, settings: Settings) -> "Screen":
        """Before the store has answered: the cameras of the settings, all of them unknown."""
        cameras = configured(settings.line)
        tiles = tuple(_empty_tile(number, camera) for number, camera in enumerate(cameras, start=1))
        header = Header("", None, "—", None, None, 0.0, 0, None)
        return cls(header, None, None, tiles, columns_for(len(tiles)), (), ())


def screen_of(session: Session, settings: Settings, now: datetime, run: Run | None = None) -> Screen:
    """The screen of `run`, or of the newest one. Strip and header always show the line as it is."""
    recent = line.newest_runs(session, max(HISTORY, settings.ui.strip_parts))
    shown = run or (recent[0] if recent else None)
    cameras = cameras_of(session, settings.line)
    tiles: tuple[Tile, ...] = ()
    part = None
    if shown is not None:
        slots = _Slots(session, settings, shown, cameras, now)
        tiles, part = slots.tiles(), slots.part()
    else:
        tiles = tuple(_empty_tile(number, camera) for number, camera in enumerate(cameras, start=1))
    return Screen(
        header=_header(session, settings, recent, now),
        live=_live(recent[0], settings, now) if recent else None,
        part=part,
        tiles=tiles,
        columns=columns_for(len(tiles)),
        strip=_strip(session, settings, recent, shown, now),
        notices=tuple(_notices(session, settings)),
    )


def acknowledged_text(run: Run, settings: Settings) -> str | None:
    """When and at which station somebody acknowledged the fail."""
    if run.acknowledged_at is None:
        return None
    return f"{clock(run.acknowledged_at, settings.time.zone_info)} · {run.acknowledged_by}"


def columns_for(tiles: int) -> int:
    """Columns of the grid on a wide screen."""
    for columns, most in ((1, 1), (2, 4), (3, 9), (4, 12), (5, 15), (6, 24)):
        if tiles <= most:
            return columns
    return 8


class _Slots:
    """The cameras of one run: one slot each, expected ones first, in their order."""

    def __init__(
        self, session: Session, settings: Settings, run: Run, cameras: Sequence[Camera], now: datetime
    ) -> None:
        self._session = session
        self._settings = settings
        self._zone = settings.time.zone_info
        self._run = run
        self._now = now
        self._images: dict[str, list[Image]] = defaultdict(list)
        for image in line.images_of(session, run):
            self._images[image.camera or ""].append(image)
        self._verdicts: dict[tuple[str, Key | None], Verdict] = {
            (verdict.camera, verdict.image_key): verdict for verdict in line.verdicts_of(session, run)
        }
        self._cameras = (*expected_by(cameras, run.belt, run.part), *self._unexpected(cameras))

    def _unexpected(self, cameras: Sequence[Camera]) -> Iterable[Camera]:
        expected = {camera.serial for camera in expected_by(cameras, self._run.belt, self._run.part)}
        names = {camera.serial: camera for camera in cameras}
        for serial in sorted(set(self._images) - expected):
            yield names.get(serial, Camera(serial, serial or "no camera", "+"))

    def tiles(self) -> tuple[Tile, ...]:
        return tuple(self._tile(number, camera) for number, camera in enumerate(self._cameras, start=1))

    def _tile(self, number: int, camera: Camera) -> Tile:
        image = self._shown_image(camera.serial)
        verdict = self._verdicts.get((camera.serial, image.key if image else None))
        if image is None:
            return self._empty(number, camera, verdict)
        drawn = self._settings.storage.overlay_markers
        return Tile(
            slot=f"tile-{number}",
            title=camera.title,
            verdict=image.verdict,
            text=verdict.text if verdict else _waiting_text(image),
            since_ms=_ms(image.first_seen),
            image=reference(image.key),
            picture=image.picture,
            more=max(0, image.defects - drawn),
            last_seen=None,
        )

    def _empty(self, number: int, camera: Camera, verdict: Verdict | None) -> Tile:
        last = line.last_image(self._session, camera.serial) if verdict else None
        return Tile(
            slot=f"tile-{number}",
            title=camera.title,
            verdict=verdict.verdict if verdict else "waiting",
            text=f"no image for trigger {self._run.id}" if verdict else "waiting for the image",
            since_ms=_ms(self._run.first_seen),
            image=None,
            picture=None,
            more=0,
            last_seen=day_and_clock(last.first_seen, self._zone) if last else None,
        )

    def _shown_image(self, serial: str) -> Image | None:
        """The image that decides for the camera; of equals the newest."""
        images = self._images.get(serial, [])
        if not images:
            return None
        decisive = regions.part_verdict(image.verdict for image in images)
        return max((image for image in images if image.verdict == decisive), key=lambda image: image.id)

    def part(self) -> Part:
        run = self._run
        rows = list(self._why())
        changed = clock(run.changed_at, self._zone) if run.changed_at else None
        return Part(
            run=reference(run.key),
            serial=run.serial or "no serial",
            part=run.part or "no part type",
            triggered=moment(_usable_time(run), self._now, self._zone),
            verdict=run.verdict,
            judged=run.cameras_judged,
            expected=run.cameras_expected,
            rules=self._rules(),
            nth=line.run_numbers(self._session, [run])[run.key],
            why=tuple(rows[:WHY_ROWS]),
            why_more=max(0, len(rows) - WHY_ROWS),
            worst=self._worst(),
            changed=changed,
            acknowledged=acknowledged_text(run, self._settings),
            past=run.past,
        )

    def _why(self) -> Iterable[WhyRow]:
        per_camera = [
            [WhyRow(camera.number, row) for row in islice(wording.why(verdict.findings), 100)]
            for camera in self._cameras
            for (serial, _), verdict in self._verdicts.items()
            if serial == camera.serial
        ]
        rows = [row for rows in per_camera for row in rows]
        return sorted(rows, key=lambda row: row.why.state != "fail")

    def _worst(self) -> Worst | None:
        found = [
            (camera, image, finding)
            for camera in self._cameras
            if (image := self._shown_image(camera.serial)) is not None
            and (verdict := self._verdicts.get((camera.serial, image.key))) is not None
            for finding in verdict.findings[:1]
            if finding["state"] in ("fail", "review") and image.picture
        ]
        if not found:
            return None
        camera, image, finding = min(
            found, key=lambda one: (one[2]["state"] != "fail", -(one[2].get("size_mm") or 0))
        )
        first = next(iter(wording.why([finding])), None)
        generation, number = finding["defect"]
        return Worst(
            camera=camera.title,
            image=reference(image.key),
            picture=image.picture or "",
            defect=reference((generation, number)),
            size_mm=finding.get("size_mm"),
            region=first.region if first else "",
            reasons=tuple(finding.get("reasons", ())) or ("review",),
        )

    def _rules(self) -> str:
        versions = sorted(
            {verdict.rules_version for verdict in self._verdicts.values() if verdict.rules_version}
        )
        return "rules " + ", ".join(f"v{version}" for version in versions) if versions else "no rules yet"


def _live(run: Run, settings: Settings, now: datetime) -> Live:
    triggered = moment(_usable_time(run), now, settings.time.zone_info)
    return Live(run.serial or "no serial", run.part or "no part type", triggered)


def _header(session: Session, settings: Settings, recent: Sequence[Run], now: datetime) -> Header:
    shift = shift_at(now, settings.time)
    passed, judged = line.first_pass(session, shift.start)
    gap_s = line.median_gap_s(recent[:21])
    idle_after_s = settings.line.idle_after_s or (IDLE_GAPS * gap_s if gap_s else 0.0)
    live = [run for run in recent if not run.past]
    since = settings.review.since
    return Header(
        shift=shift.name,
        parts=line.parts_since(session, shift.start),
        first_pass=f"{100 * passed / judged:.1f} %" if judged else "—",
        reviews=line.open_reviews(session, since if isinstance(since, datetime) else None),
        last_part_ms=_ms(max(run.first_seen for run in live)) if live else None,
        idle_after_s=round(idle_after_s, 1),
        fails_in_a_row=line.fails_in_a_row(recent),
        cycle_s=round(gap_s) if gap_s else None,
    )


def _strip(
    session: Session, settings: Settings, recent: Sequence[Run], shown: Run | None, now: datetime
) -> tuple[Card, ...]:
    runs = recent[: settings.ui.strip_parts]
    numbers = line.run_numbers(session, runs)
    zone = settings.time.zone_info
    short = wording.short_serials([run.serial for run in runs if run.serial])
    return tuple(
        Card(
            run=reference(run.key),
            serial=run.serial or "no serial",
            short=short.get(run.serial or "", "no serial"),
            verdict=run.verdict,
            text=_card_text(run, numbers[run.key]),
            time=short_moment(_usable_time(run), now, zone),
            is_current=shown is not None and run.key == shown.key,
        )
        for run in runs
    )


def _card_text(run: Run, nth: int) -> str:
    word = wording.VERDICT_WORDS[run.verdict][1].lower()
    if run.verdict in ("missing", "unreadable", "waiting"):
        word = f"{run.cameras_judged} of {run.cameras_expected} judged"
    return f"{word} · run {nth}" if nth > 1 else word


def _notices(session: Session, settings: Settings) -> Iterable[str]:
    said: Mapping[str, object] = state.get(session, "notices") or {}
    rewound = said.get("rewound_at")
    if isinstance(rewound, str):
        at = clock(datetime.fromisoformat(rewound), settings.time.zone_info)
        yield f"History rewound: the plant database was set back to an older state at {at}"
    absent = said.get("absent")
    if isinstance(absent, list) and absent:
        yield f"The plant database lacks {', '.join(absent)}: what depends on it is unknown"
    rules = newest_version(session)
    if rules is not None:
        for camera, fault in rules.body["faults"].items():
            yield f"Rules v{rules.version} cannot judge camera {camera}: {fault}"


def _empty_tile(number: int, camera: Camera) -> Tile:
    return Tile(f"tile-{number}", camera.title, "waiting", "no part yet", None, None, None, 0, None)


def _waiting_text(image: Image) -> str:
    return {
        "unread": "image on its way",
        "incomplete": "image is still being written",
        "absent": "image file is not there yet",
        "unreachable": "the place of the images does not answer",
    }.get(image.file_state, "image in, result pending")


def _usable_time(run: Run) -> datetime | None:
    return run.at if run.order_ms else None


def _ms(at: datetime) -> int:
    return int(at.astimezone(UTC).timestamp() * 1000)
