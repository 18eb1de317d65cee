"""Local time of the plant: shifts and clock times, right through both ends of daylight saving time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hmi.settings import PlantTime, Shift

UNKNOWN = "time unknown"
EARLIEST, LATEST = 2000, 3000  # years that people may ask for


@dataclass(frozen=True, slots=True)
class ShiftSpan:
    name: str
    start: datetime  # UTC
    end: datetime  # UTC


def shift_at(now: datetime, plant_time: PlantTime) -> ShiftSpan:
    """The shift that `now` falls into. Spans are in UTC: a night may be 7 or 9 h long."""
    starts = _starts_around(now, plant_time.shifts, plant_time.zone_info)
    began = max(position for position, (start, _) in enumerate(starts) if start <= now)
    return ShiftSpan(starts[began][1], starts[began][0], starts[began + 1][0])


def clock(at: datetime | None, zone: ZoneInfo) -> str:
    """Wall-clock time hh:mm:ss; in an hour that comes twice with the zone's short name."""
    if at is None:
        return UNKNOWN
    local = at.astimezone(zone)
    text = local.strftime("%H:%M:%S")
    return f"{text} {local.tzname()}" if _comes_twice(local) else text


def moment(at: datetime | None, now: datetime, zone: ZoneInfo) -> str:
    """Wall-clock time; with its date where it is not today's, so that old never looks like now."""
    if at is None or _same_day(at, now, zone):
        return clock(at, zone)
    return day_and_clock(at, zone)


def short_moment(at: datetime | None, now: datetime, zone: ZoneInfo) -> str:
    """As `moment`, for narrow places: the date alone where it is not today's."""
    if at is None or _same_day(at, now, zone):
        return clock(at, zone)
    return f"{at.astimezone(zone):%d %b %Y}"


def day_and_clock(at: datetime | None, zone: ZoneInfo) -> str:
    """Date and wall-clock time."""
    if at is None:
        return UNKNOWN
    return f"{at.astimezone(zone):%Y-%m-%d} {clock(at, zone)}"


class NoSuchTime(ValueError):
    """What was typed is no time of the plant's clock."""


def moment_of(text: str, zone: ZoneInfo) -> datetime:
    """The moment (UTC) of a date, or a date and time, on the plant's clock, as browsers send it.

    Of an hour that comes twice it is the first one. Raises NoSuchTime, also for an hour that is left out.
    """
    try:
        local = datetime.fromisoformat(text).replace(fold=0)
    except ValueError:
        raise NoSuchTime("is no date and time; write it as 2026-05-08T14:30") from None
    if local.tzinfo is not None or not EARLIEST <= local.year < LATEST:
        raise NoSuchTime(f"must be a local time between {EARLIEST} and {LATEST}")
    local = local.replace(tzinfo=zone)
    if not _exists(local):
        raise NoSuchTime("is no time on the plant's clock: that hour is left out")
    return local.astimezone(UTC)


def _same_day(at: datetime, now: datetime, zone: ZoneInfo) -> bool:
    return at.astimezone(zone).date() == now.astimezone(zone).date()


def _starts_around(now: datetime, shifts: Sequence[Shift], zone: ZoneInfo) -> list[tuple[datetime, str]]:
    today = now.astimezone(zone).date()
    days = [today + timedelta(days=offset) for offset in (-1, 0, 1, 2)]
    starts = {
        datetime.combine(day, shift.start, tzinfo=zone).astimezone(UTC): shift.name
        for day in days
        for shift in shifts
    }
    return sorted(starts.items())


def _comes_twice(local: datetime) -> bool:
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset() and _exists(local)


def _exists(local: datetime) -> bool:
    return local.astimezone(UTC).astimezone(local.tzinfo).replace(fold=0) == local.replace(fold=0)
