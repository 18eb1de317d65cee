"""Puts the screen together: header, tiles, part and strip."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from hmi import wording
from hmi.judging.expected import Camera, cameras_of, configured
from hmi.plant_time import clock, moment, shift_at, short_moment
from hmi.review import parts_left
from hmi.screen.slots import Slots
from hmi.screen.times import in_ms, usable_time
from hmi.screen.values import Card, Header, Live, Screen, Tile
from hmi.settings import Settings
from hmi.store import line, state
from hmi.store.runs import Run, reference

IDLE_GAPS = 5  # so many median gaps without a trigger are worth saying
HISTORY = 50  # runs that fails-in-a-row and the median gap look at


def screen_of(session: Session, settings: Settings, now: datetime, run: Run | None = None) -> Screen:
    """The screen of `run`, or of the newest one. Strip and header always show the line as it is."""
    recent = line.newest_runs(session, max(HISTORY, settings.ui.strip_parts))
    current = line.live_run(session)
    shown = run or current
    cameras = cameras_of(session, settings.line)
    tiles: tuple[Tile, ...] = ()
    part = None
    if shown is not None:
        slots = Slots(session, settings, shown, cameras, now)
        tiles = slots.tiles()
        part = slots.part(tiles)
    else:
        tiles = tuple(_empty_tile(number, camera) for number, camera in enumerate(cameras, start=1))
    return Screen(
        header=_header(session, settings, recent, now),
        live=_live(current, settings, now) if current else None,
        part=part,
        tiles=tiles,
        columns=columns_for(len(tiles)),
        strip=_strip(session, settings, recent, shown, now),
        notices=tuple(_notices(session, settings)),
    )


def unknown_screen(settings: Settings) -> Screen:
    """Before the store has answered: the cameras of the settings, all of them unknown."""
    cameras = configured(settings.line)
    tiles = tuple(_empty_tile(number, camera) for number, camera in enumerate(cameras, start=1))
    header = Header("", None, "—", None, None, 0.0, None, None)
    return Screen(header, None, None, tiles, columns_for(len(tiles)), (), ())


def columns_for(tiles: int) -> int:
    """Columns of the grid on a wide screen."""
    for columns, most in ((1, 1), (2, 4), (3, 9), (4, 12), (5, 15), (6, 24)):
        if tiles <= most:
            return columns
    return 8


def _live(run: Run, settings: Settings, now: datetime) -> Live:
    triggered = moment(usable_time(run), now, settings.time.zone_info)
    return Live(run.serial or "no serial", run.part or "no part type", triggered)


def _header(session: Session, settings: Settings, recent: Sequence[Run], now: datetime) -> Header:
    shift = shift_at(now, settings.time)
    passed, judged = line.first_pass(session, shift.start)
    gap_s = line.median_gap_s(recent[:21])
    idle_after_s = settings.line.idle_after_s or (IDLE_GAPS * gap_s if gap_s else 0.0)
    live = [run for run in recent if not run.past]
    return Header(
        shift=shift.name,
        parts=line.parts_since(session, shift.start),
        first_pass=f"{100 * passed / judged:.1f} %" if judged else "—",
        reviews=parts_left(session, settings),
        last_part_ms=in_ms(max(run.first_seen for run in live)) if live else None,
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
            text=_card_text(run),
            time=short_moment(usable_time(run), now, zone) + _which_run(numbers[run.key]),
            is_current=shown is not None and run.key == shown.key,
        )
        for run in runs
    )


def _card_text(run: Run) -> str:
    if run.verdict == "waiting":
        return f"{run.cameras_judged} of {run.cameras_expected} judged"
    return wording.VERDICT_WORDS[run.verdict][1].lower()


def _which_run(nth: int) -> str:
    return f" · run {nth}" if nth > 1 else ""


def _notices(session: Session, settings: Settings) -> Iterable[str]:
    said: Mapping[str, object] = state.get(session, "notices") or {}
    rewound = said.get("rewound_at")
    if isinstance(rewound, str):
        at = clock(datetime.fromisoformat(rewound), settings.time.zone_info)
        yield f"History rewound: the plant database was set back to an older state at {at}"
    skew = said.get("skew")
    if isinstance(skew, str) and skew:
        yield skew
    absent = said.get("absent")
    if isinstance(absent, list) and absent:
        yield f"The plant database lacks {', '.join(absent)}: what depends on it is unknown"
    faults = said.get("faults")
    if isinstance(faults, dict):
        for camera, fault in faults.items():
            yield f"Camera {camera} cannot be judged by {fault}"


def _empty_tile(number: int, camera: Camera) -> Tile:
    return Tile(
        f"tile-{number}", camera.serial, camera.title, "waiting", "no part yet", None, None, None, 0, None
    )
