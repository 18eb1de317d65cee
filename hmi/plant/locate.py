"""Finding the children of a row where no index but the primary key exists.

Ids of children run roughly parallel to the ids of their parents: images to triggers, defects to images. So
the place where the children of a parent begin is found by bisection along the primary key, and what strays
around it is found by walking on until nothing more of it turns up.
"""

from collections.abc import Mapping
from statistics import median_low

from hmi.plant.database import Session

PARENTS = {"Images": "trigger", "Defects": "image", "Suppressed_Defects": "defect"}
_SAMPLE = 20  # rows looked at in one step of the bisection: strays among them do not mislead it
_MOST_STEPS = 70


def begin_of(session: Session, table: str, parent: int) -> int:
    """The id above which, roughly, the children of `parent` and of later parents are."""
    rows = session.rows(f'SELECT min("id"), max("id") FROM "{table}"')  # noqa: S608
    if rows[0][0] is None:
        return 0
    low, high = int(rows[0][0]) - 1, int(rows[0][1])
    column = f'"{table}"."{PARENTS[table]}"'
    sample = (
        f'SELECT {column} FROM "{table}" WHERE "{table}"."id" > %s AND {column} IS NOT NULL '  # noqa: S608
        f'ORDER BY "{table}"."id" LIMIT {_SAMPLE}'
    )
    for _ in range(_MOST_STEPS):
        if low >= high:
            break
        middle = (low + high) // 2
        parents = [row[0] for row in session.rows(sample, (middle,)) if isinstance(row[0], int)]
        # Few rows are the end of the table, or ids that somebody gave by hand beyond it: begin before them.
        if len(parents) < _SAMPLE or median_low(parents) >= parent:
            high = middle
        else:
            low = middle + 1
    return low


def first_of(session: Session, table: str, parents: tuple[int, int], margin: int) -> int | None:
    """The lowest id of the children of these parents (first, last); None if they have none."""
    start = begin_of(session, table, parents[0])
    below = extent(session, table, parents, start, -margin)
    if below is not None:
        return below[0]
    above = extent(session, table, parents, start, margin)
    return above[0] if above is not None else None


def start_at(session: Session, trigger: int, heads: Mapping[str, int], margin: int) -> dict[str, int]:
    """For each table of `heads` the id above which all rows of this trigger and of later ones are.

    heads: each table's newest id, in the order parent before child.
    """
    starts = {"Triggers": trigger - 1}
    first, last = trigger, heads["Triggers"]
    for table in PARENTS:
        if table not in heads:
            break
        lowest = first_of(session, table, (first, last), margin) if first <= last else None
        first, last = heads[table] + 1 if lowest is None else lowest, heads[table]
        starts[table] = first - 1
    return starts


def extent(
    session: Session, table: str, parents: tuple[int, int], start: int, step: int
) -> tuple[int, int] | None:
    """Lowest and highest id of the children of these parents, from `start` on; None if there are none.

    Walks by `step` ids (down if it is negative) until a stretch holds none of them.
    """
    column = f'"{table}"."{PARENTS[table]}"'
    sql = (
        f'SELECT min("id"), max("id") FROM "{table}" '  # noqa: S608
        f'WHERE "{table}"."id" > %s AND "{table}"."id" <= %s AND {column} BETWEEN %s AND %s'
    )
    found: list[int] = []
    while True:
        lowest, highest = session.rows(sql, (min(start, start + step), max(start, start + step), *parents))[0]
        if lowest is None:
            return (min(found), max(found)) if found else None
        found += [lowest, highest]
        start += step
