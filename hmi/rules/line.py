"""What judges the whole line: the rules in force and the drafts, camera by camera."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from hmi.judging import rulebook
from hmi.judging.expected import Camera, cameras_of
from hmi.judging.rulebook import Rulebook
from hmi.plant_time import day_and_clock
from hmi.rules import differences
from hmi.rules.shapes import State, plants_default, published
from hmi.settings import Settings
from hmi.store import calibrations, rules
from hmi.store.drafts import Draft
from hmi.store.rules import Published

SHOWN_LINES = 6


@dataclass(frozen=True, slots=True)
class Judged:
    """One camera: by what it is judged, since when, and what somebody is drawing for it."""

    camera: Camera
    inspects: int  # active regions
    ignores: int
    idle: int  # regions that are not active
    words: tuple[str, ...]  # a line a region
    more: int  # lines that `words` leaves out
    default: str | None  # its own default rule; None: the plant's
    fault: str | None  # why nothing on it can be judged
    px_per_mm: float | None
    calibrated: str | None  # when and by whom; None: the scale of the settings
    changed: Published | None
    changed_at: str
    drafted: str | None


@dataclass(frozen=True, slots=True)
class LineRules:
    """`version` is 0 before the first one is published; then nothing is judged, and `cameras` is empty."""

    version: int
    default: str
    cameras: tuple[Judged, ...]


def of_line(session: Session, settings: Settings) -> LineRules:
    """The version in force and every camera of the line, in its order."""
    book = rulebook.newest(session)
    if book is None:
        return LineRules(0, "", ())
    cameras = (_judged(session, settings, book, one) for one in cameras_of(session, settings.line))
    return LineRules(book.version, differences.told_default(plants_default(book)), tuple(cameras))


def _judged(session: Session, settings: Settings, book: Rulebook, camera: Camera) -> Judged:
    serial = camera.serial
    state = published(book, serial)
    active = [region["kind"] for region in state.regions if region["active"]]
    words = differences.told_regions(state)
    changed = next(iter(rules.versions_of(session, serial, None, 1)), None)
    return Judged(
        camera=camera,
        inspects=active.count("inspect"),
        ignores=active.count("ignore"),
        idle=len(state.regions) - len(active),
        words=tuple(words[:SHOWN_LINES]),
        more=max(0, len(words) - SHOWN_LINES),
        default=None if state.default == plants_default(book) else differences.told_default(state.default),
        fault=book.fault_of(serial),
        px_per_mm=book.px_per_mm(serial),
        calibrated=_calibrated(session, settings, camera),
        changed=changed,
        changed_at=day_and_clock(changed.at, settings.time.zone_info) if changed else "",
        drafted=_drafted(session, settings, camera, state),
    )


def _calibrated(session: Session, settings: Settings, camera: Camera) -> str | None:
    newest = next(iter(calibrations.of_camera(session, camera.serial, 1)), None)
    return f"{newest.who}, {day_and_clock(newest.at, settings.time.zone_info)}" if newest else None


def _drafted(session: Session, settings: Settings, camera: Camera, stands: State) -> str | None:
    """Who drafted how much, or None where nothing differs from what judges."""
    row = session.get(Draft, camera.serial)
    if row is None or row.body is None:
        return None
    count = differences.count(stands, State.from_json(row.body))
    if not count:
        return None
    changes = "1 change" if count == 1 else f"{count} changes"
    return f"{changes} by {row.who}, {day_and_clock(row.at, settings.time.zone_info)}"
