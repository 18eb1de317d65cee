"""Rows that were changed or deleted while nobody looked: those that are shown or decided are read again.

The feed reads again what it saw in its last seconds, and after a start the newest rows. Everything older is
looked at here, a few hundred rows at a time and never in a hurry: rows that carry decisions all the time, the
runs of the strip once a minute.
"""

import time
from collections.abc import Iterator, Sequence

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from hmi.plant.feed import MOST_SWEPT, Feed
from hmi.plant.rows import Batch
from hmi.plant.sources import SUPPRESSIONS
from hmi.store import line
from hmi.store.decisions import DEFECT, Decision
from hmi.store.runs import Defect, Image, Key, Suppression

EVERY_S = 10.0
STRIP_EVERY_S = 60.0

Wanted = tuple[str, Sequence[Key]]  # table, and the rows of it; a suppression's generation is its defect's


class Sweep:
    """For one thread, the worker's."""

    def __init__(self, strip_parts: int, every_s: float = EVERY_S) -> None:
        self._strip_parts = strip_parts
        self._every_s = every_s
        self._next_s = 0.0
        self._next_strip_s = 0.0
        self._after = 0  # the decision up to which rows were looked at

    @property
    def is_due(self) -> bool:
        return time.monotonic() >= self._next_s

    def wanted(self, session: Session) -> list[Wanted]:
        """What is to be read now."""
        self._next_s = time.monotonic() + self._every_s
        found: list[Wanted] = [("Defects", self._decided(session))]
        if time.monotonic() >= self._next_strip_s:
            self._next_strip_s = time.monotonic() + STRIP_EVERY_S
            found += _of_strip(session, self._strip_parts)
        return [(table, keys) for table, keys in found if keys]

    def _decided(self, session: Session) -> list[Key]:
        """The next ones, from the first one again after the last."""
        new = select(Decision.id, Decision.generation, Decision.subject_id)
        new = new.where(Decision.id > self._after, Decision.subject == DEFECT)
        rows = session.execute(new.order_by(Decision.id).limit(MOST_SWEPT)).all()
        self._after = rows[-1].id if len(rows) == MOST_SWEPT else 0
        return sorted({(row.generation, row.subject_id) for row in rows})


def read(feed: Feed, wanted: Sequence[Wanted]) -> Iterator[Batch]:
    """Raises PlantUnavailable."""
    for table, keys in wanted:
        for start in range(0, len(keys), MOST_SWEPT):
            piece = keys[start : start + MOST_SWEPT]
            if table == SUPPRESSIONS:
                yield feed.sweep_suppressions([row_id for _, row_id in piece])
            else:
                yield feed.sweep(piece, table)


def _of_strip(session: Session, parts: int) -> list[Wanted]:
    runs = [run for run in line.newest_runs(session, parts) if not run.past]
    images: list[Image] = [image for run in runs for image in line.images_of(session, run)]
    ids = [image.id for image in images]
    rows = session.execute(select(Defect.generation, Defect.id).where(Defect.image_id.in_(ids), ~Defect.gone))
    defects = [(row.generation, row.id) for row in rows]
    return [
        ("Triggers", [run.key for run in runs]),
        ("Images", [image.key for image in images]),
        ("Defects", defects[: 10 * MOST_SWEPT]),
        (SUPPRESSIONS, _suppressing(session, ids)),
    ]


def _suppressing(session: Session, images: Sequence[int]) -> list[Key]:
    """By which rows of Suppressed_Defects, as we know them, defects of these images are suppressed."""
    is_target = and_(Suppression.defect_generation == Defect.generation, Suppression.defect_id == Defect.id)
    found = select(Suppression.defect_generation, Suppression.id).join(Defect, is_target)
    found = found.where(Defect.image_id.in_(images), ~Defect.gone).order_by(Suppression.id.desc())
    return [(row[0], row[1]) for row in session.execute(found.limit(10 * MOST_SWEPT))]
