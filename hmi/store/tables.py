"""All tables of the store in one place, for migrations and tests."""

from hmi.store import (
    audit,
    calibrations,
    counts,
    decisions,
    drafts,
    guesses,
    mirror,
    notices,
    outbox,
    rejudgings,
    reviews,
    rules,
    runs,
    sessions,
    state,
    tokens,
    trials,
    users,
    verdicts,
)
from hmi.store.columns import Base

TABLES = Base.metadata
NOUNS = (
    audit,
    calibrations,
    counts,
    decisions,
    drafts,
    guesses,
    mirror,
    notices,
    outbox,
    rejudgings,
    reviews,
    rules,
    runs,
    sessions,
    state,
    tokens,
    trials,
    users,
    verdicts,
)
