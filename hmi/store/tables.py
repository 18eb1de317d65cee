"""All tables of the store in one place, for migrations and tests."""

from hmi.store import mirror, rules, runs, state, verdicts
from hmi.store.columns import Base

TABLES = Base.metadata
NOUNS = (mirror, rules, runs, state, verdicts)
