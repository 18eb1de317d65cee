"""Runs and verdicts as lists, newest first, page by page by key: none costs more for being further back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from hmi.store.runs import Key, Run
from hmi.store.verdicts import Verdict

#: a place among runs: order_ms, generation, id
PLACE = r"^[0-9]{1,18}-[0-9]{1,4}-[0-9]{1,18}$"
NUMBER = r"^[0-9]{1,18}$"


@dataclass(frozen=True, slots=True)
class RunFilter:
    """None: not filtered. By trigger time, `since` included, `until` not."""

    serial: str | None = None
    part: str | None = None
    verdict: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def runs(session: Session, wanted: RunFilter, place: str, limit: int) -> tuple[Sequence[Run], str | None]:
    """Runs after that place ('': the newest), and the place of the next page if there is one."""
    columns = (Run.order_ms, Run.generation, Run.id)
    asked = select(Run).where(~Run.gone)
    for column, value in (
        (Run.serial, wanted.serial),
        (Run.part, wanted.part),
        (Run.verdict, wanted.verdict),
    ):
        if value is not None:
            asked = asked.where(column == value)
    if wanted.since is not None:
        asked = asked.where(Run.order_ms >= _ms(wanted.since))
    if wanted.until is not None:
        asked = asked.where(Run.order_ms < _ms(wanted.until), Run.order_ms > 0)  # 0: of no usable time
    if place:
        asked = asked.where(tuple_(*columns) < tuple_(*(int(number) for number in place.split("-"))))
    found = session.scalars(asked.order_by(*(column.desc() for column in columns)).limit(limit + 1)).all()
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    return found[:limit], f"{last.order_ms}-{last.generation}-{last.id}"


def verdicts(
    session: Session, run: Key | None, image: Key | None, place: str, limit: int, *, current: bool = False
) -> tuple[Sequence[Verdict], str | None]:
    """The newest first; of one run or one image, and only those that count, where that is asked for."""
    asked = select(Verdict)
    if run is not None:
        asked = asked.where(Verdict.run_id == run[1], Verdict.run_generation == run[0])
    if image is not None:
        asked = asked.where(Verdict.image_id == image[1], Verdict.image_generation == image[0])
    if current:
        asked = asked.where(Verdict.current)
    if place:
        asked = asked.where(Verdict.id < int(place))
    found = session.scalars(asked.order_by(Verdict.id.desc()).limit(limit + 1)).all()
    return (found, None) if len(found) <= limit else (found[:limit], str(found[limit - 1].id))


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
