"""Times of runs as screens say them."""

from datetime import UTC, datetime

from hmi.plant_time import clock
from hmi.settings import Settings
from hmi.store.runs import Run


def usable_time(run: Run) -> datetime | None:
    return run.at if run.order_ms else None


def in_ms(at: datetime) -> int:
    return int(at.astimezone(UTC).timestamp() * 1000)


def acknowledged_text(run: Run, settings: Settings) -> str | None:
    """When and at which station somebody acknowledged the fail."""
    if run.acknowledged_at is None:
        return None
    return f"{clock(run.acknowledged_at, settings.time.zone_info)} · {run.acknowledged_by}"
