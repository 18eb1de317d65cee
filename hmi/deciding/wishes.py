"""What somebody wants to be decided, and what became of it."""

from dataclasses import dataclass

from hmi.judging import Judged
from hmi.store.decisions import Decision
from hmi.store.runs import Key

LONGEST_REASON = 1_000
LONGEST_KEY = 100
MOST_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to be decided. `word` is one of `decisions.WORDS`, undo or comment."""

    subject: str  # defect or part
    key: Key  # of the defect, or of the run
    word: str
    state: str  # the one that it is made on
    idempotency: str
    reason: str = ""
    image: Key | None = None  # where the defect was shown


@dataclass(frozen=True, slots=True)
class Taken:
    """A decision that stands in the store."""

    decision: Decision
    judged: Judged
    repeated: bool  # it had been taken before, under the same idempotency key
