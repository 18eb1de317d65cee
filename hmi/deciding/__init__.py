"""People decide: the entry, its effect on the verdict, what goes to the plant and the audit, all or nothing.

Nothing here knows of the web. A decision names the state that it was made on; whoever comes second is told
who was first.
"""

from hmi.deciding.refusals import (
    Conflict,
    KeyReused,
    NotThere,
    ReasonNeeded,
    Refused,
    SecondPersonNeeded,
    SignatureNeeded,
    UnknownWord,
)
from hmi.deciding.taking import decide, decide_each
from hmi.deciding.targets import asks_of, state_of_defect, state_of_part
from hmi.deciding.wishes import LONGEST_KEY, LONGEST_REASON, MOST_AT_ONCE, Taken, Wish

__all__ = [
    "LONGEST_KEY",
    "LONGEST_REASON",
    "MOST_AT_ONCE",
    "Conflict",
    "KeyReused",
    "NotThere",
    "ReasonNeeded",
    "Refused",
    "SecondPersonNeeded",
    "SignatureNeeded",
    "Taken",
    "UnknownWord",
    "Wish",
    "asks_of",
    "decide",
    "decide_each",
    "state_of_defect",
    "state_of_part",
]
