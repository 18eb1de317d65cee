"""Was the plant database set back to an older state, and since which ids is it a new one?"""

from collections.abc import Mapping
from datetime import datetime

from hmi.plant.contract import ESSENTIAL
from hmi.plant.database import Session
from hmi.plant.follow import Followed
from hmi.plant.locate import start_at
from hmi.plant.sources import Source

_LOOKED_AT = 1_000  # newest triggers among which the first one after the restore is sought

_SEQUENCE = """
SELECT CASE WHEN has_sequence_privilege(name, 'SELECT')
            THEN coalesce(pg_sequence_last_value(name::regclass), 0) END
FROM pg_get_serial_sequence(quote_ident(%s), 'id') AS name"""


def is_rewound(session: Session, followed: Mapping[str, Followed], heads: Mapping[str, int]) -> bool:
    """Ids went back, and will be used again for other rows.

    A drop of the newest trigger is a restore, unless the table's sequence shows that ids go on above it: then
    a few rows were deleted from the end. In the other tables it takes the loss of everything that was read
    last; what is less is a deletion there. Suppressions come and go and prove nothing.
    """
    return any(_is_rewound(session, table, followed[table], heads[table]) for table in ESSENTIAL)


def _is_rewound(session: Session, table: str, known: Followed, head: int) -> bool:
    if head >= known.seen:
        return False
    lost = known.lost_all_recent(head)
    if table == "Images" or not (lost or table == "Triggers"):
        return lost
    given = _last_given(session, table)
    goes_on_above = given is not None and given >= known.seen
    return not goes_on_above or (lost and table == "Triggers")


def cut(
    session: Session,
    sources: Mapping[str, Source],
    heads: Mapping[str, int],
    newest_at: datetime | None,
    margin: int,
) -> dict[str, int]:
    """The newest id of each table that is older than the restore.

    newest_at: the latest time of a trigger that was known before. Triggers at the end with later times came
    after the restore, so they are on the new side already; without any, everything that is there is old.
    """
    source = sources["Triggers"]
    first_new: int | None = None
    for row in source.newest(session, _LOOKED_AT) if newest_at is not None else ():
        values = dict(zip(source.columns, source.values(row), strict=True))
        if values["timestamp"] is None or newest_at is None or values["timestamp"] <= newest_at:
            break
        first_new = values["id"]
    if first_new is None:
        return dict(heads)
    return start_at(session, first_new, heads, margin)


def _last_given(session: Session, table: str) -> int | None:
    """The last id that the table's sequence gave; None if there is none or it may not be read."""
    if session.dialect != "postgresql":
        return None
    found = session.rows(_SEQUENCE, (table,))
    return None if not found or found[0][0] is None else int(found[0][0])
