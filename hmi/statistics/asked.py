"""What is asked of the statistics: checked once, for pages and the API alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hmi.plant_time import EARLIEST, LATEST
from hmi.settings import PlantTime
from hmi.slots import moment, next_hour, slots_of

STEPS = ("hour", "shift", "day", "week", "month")
MOST_POINTS = 1000  # of a series
LONGEST = timedelta(days=5 * 366)
USUAL = timedelta(days=30)
MOST_NAMES = 100
#: Without a step that was asked for: the finest one for a time of this length.
_FITTING = ((timedelta(days=3), "hour"), (timedelta(days=62), "day"), (timedelta(days=200), "week"))
_LENGTHS = {
    "hour": timedelta(hours=1),
    "shift": timedelta(hours=8),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
}


class BadQuestion(ValueError):
    """Cannot be answered; `field` is since, until, camera, part or step, the text is for people."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


@dataclass(frozen=True, slots=True)
class Question:
    """From `since` until before `until` (UTC, at the cuts of the plant's hours); empty names are all."""

    since: datetime
    until: datetime
    cameras: tuple[str, ...]
    parts: tuple[str, ...]
    step: str


def question(
    now: datetime,
    time: PlantTime,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    cameras: Sequence[str] = (),
    parts: Sequence[str] = (),
    step: str | None = None,
) -> Question:
    """Raises BadQuestion. Without a time the last 30 days; `since` is rounded down, `until` up to hours."""
    _check_year("until", until)
    _check_year("since", since)
    until = until or (now if since is None or since < now else since + USUAL)
    since = since or until - USUAL
    if since >= until:
        raise BadQuestion("until", "must be later than the beginning")
    if until - since > LONGEST:
        raise BadQuestion("since", f"at most {LONGEST.days} days can be asked for at once")
    for field, names in (("camera", cameras), ("part", parts)):
        if len(names) > MOST_NAMES:
            raise BadQuestion(field, f"at most {MOST_NAMES} can be asked for at once")
        if any("\0" in name for name in names):
            raise BadQuestion(field, "holds a character that no name has")
    start, end = slots_of(since, time).hour, next_hour(until, time)
    return Question(moment(start), end, tuple(cameras), tuple(parts), _step(step, until - since, time))


def _check_year(field: str, at: datetime | None) -> None:
    """A day short of both ends, so that every zone's clock can show it."""
    if at is not None and not EARLIEST < (at.astimezone(UTC) if 1 < at.year < 9999 else at).year < LATEST:
        raise BadQuestion(field, f"must be between the years {EARLIEST + 1} and {LATEST - 1}")


def _step(step: str | None, length: timedelta, time: PlantTime) -> str:
    if step is None:
        return next((name for most, name in _FITTING if length <= most), "month")
    if step not in STEPS:
        raise BadQuestion("step", f"must be one of {', '.join(STEPS)}")
    each = timedelta(days=1) / len(time.shifts) if step == "shift" else _LENGTHS[step]
    if length / each > MOST_POINTS:
        raise BadQuestion("step", f"gives more than {MOST_POINTS:,} points: choose a longer one")
    return step
