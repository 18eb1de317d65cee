"""Reviews that nobody came for: after `review.expire_days` they are closed, and that is written down."""

import logging
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hmi.settings import Settings
from hmi.store import audit, reviews, turns
from hmi.store.runs import Run, reference

log = logging.getLogger(__name__)

AT_ONCE = 200  # parts in one unit of work
WORKER = "worker"


def close_old(session: Session, settings: Settings, now: datetime) -> int:
    """Close what has been open for too long, by the part's time and by ours; returns how many parts.

    A part whose review was closed is not asked for again; it can still be decided on. The caller calls again.
    """
    days = settings.review.expire_days
    if not days or not _due(session, now, days):
        return 0
    turns.take(session)
    runs = _due(session, now, days)
    for run in runs:
        run.review_open, run.expired_at = False, now
    reviews.close_runs(session, [run.key for run in runs])
    said = {"after_days": days, "parts": [reference(run.key) for run in runs]}
    audit.record(session, "reviews expired", WORKER, None, f"{len(runs)} parts", said)
    log.warning("reviews: %d parts were open for more than %d days and are closed", len(runs), days)
    return len(runs)


def _due(session: Session, now: datetime, days: int) -> list[Run]:
    before = now - timedelta(days=days)
    old = (Run.review_open, Run.order_ms < int(before.timestamp() * 1000), Run.first_seen < before)
    chosen = select(Run).where(*old).order_by(Run.order_ms).limit(AT_ONCE)
    return list(session.scalars(chosen, execution_options={"populate_existing": True}))
