"""What people must decide, oldest first: the open defects, by filter, page by page, and how many are left."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from hmi.review.standing import Standing, standings
from hmi.settings import Settings
from hmi.store import state
from hmi.store.reviews import OpenReview
from hmi.store.runs import Defect, Image, Key, Run, reference
from hmi.store.verdicts import Verdict
from hmi.wording import Why, why

CAP = 9_999
LARGEST_PAGE = 200
MOST_CHOICES = 200
CLOCKS_APART = timedelta(days=1)
_CURSOR = re.compile(r"([0-9]{1,15})\.([0-9]{1,9})\.([0-9]{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Filters:
    """None: not filtered. `since` and `until` are of the part's own time, and bring in older parts too.

    `past`: also what is older than `review.since`, and what the backfill brought in.
    """

    camera: str | None = None
    region: str | None = None
    part: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    past: bool = False

    @property
    def names_times(self) -> bool:
        return self.past or self.since is not None or self.until is not None


@dataclass(frozen=True, slots=True)
class OpenDefect:
    """One defect that waits for people. Its box in px of the full image."""

    defect: str
    image: str
    run: str
    camera: str
    part: str | None
    serial: str | None
    region: str
    kind: str  # fail or review
    at: datetime | None  # None: the plant's time is unusable
    x: int | None
    y: int | None
    width: int | None
    height: int | None
    size_mm: float | None
    why: tuple[Why, ...]
    picture: str | None  # version of the image's pictures
    state: str  # what a decision names as the state that it was made on
    standing: Standing


@dataclass(frozen=True, slots=True)
class Page:
    items: tuple[OpenDefect, ...]
    next: str | None  # cursor of the page after this one


@dataclass(frozen=True, slots=True)
class Left:
    """How many wait; more than CAP are not counted further."""

    defects: int
    parts: int


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to filter by."""

    cameras: tuple[str, ...]
    regions: tuple[str, ...]
    parts: tuple[str, ...]


def open_defects(
    session: Session, settings: Settings, filters: Filters | None = None, after: str = "", limit: int = 50
) -> Page:
    """One page of the queue, oldest first. `after` is the `next` of the page before.

    Raises ValueError for a cursor that is none.
    """
    limit = max(1, min(limit, LARGEST_PAGE))
    chosen = select(OpenReview).where(*_conditions(session, settings, filters or Filters()))
    if after:
        columns = (OpenReview.order_ms, OpenReview.generation, OpenReview.defect_id)
        place = _place_of(after)
        chosen = chosen.where(OpenReview.order_ms >= place[0], tuple_(*columns) > tuple_(*place))
    in_order = chosen.order_by(OpenReview.order_ms, OpenReview.generation, OpenReview.defect_id)
    rows = session.scalars(in_order.limit(limit + 1)).all()
    following = _cursor(rows[limit - 1]) if len(rows) > limit else None
    return Page(tuple(_items(session, settings, rows[:limit])), following)


def left(session: Session, settings: Settings, filters: Filters | None = None) -> Left:
    """How many defects wait by this filter, and how many parts by its times."""
    filters = filters or Filters()
    defects = select(OpenReview.defect_id).where(*_conditions(session, settings, filters))
    return Left(_counted(session, defects), parts_left(session, settings, filters))


def parts_left(session: Session, settings: Settings, filters: Filters | None = None) -> int:
    """How many parts wait by the filter's times; more than CAP are not counted further."""
    filters = filters or Filters()
    waiting = select(Run.id).where(Run.review_open, ~Run.gone)
    found = _counted(session, waiting.where(*_times(session, settings, filters, Run)))
    if filters.names_times:
        return found
    without_time = (Run.order_ms == 0, Run.first_seen >= since_of(session, settings), ~Run.past)
    return found + _counted(session, waiting.where(*without_time))  # with OR no index would be used


def choices(session: Session) -> Choices:
    """What the open defects can be filtered by, at most MOST_CHOICES of each."""
    found = [
        _different(session, column) for column in (OpenReview.camera, OpenReview.region, OpenReview.part)
    ]
    return Choices(*(tuple(one) for one in found))


def since_of(session: Session, settings: Settings) -> datetime:
    """From when on parts are for review: a setting, or when the product first looked at the plant."""
    since = settings.review.since
    return since if isinstance(since, datetime) else state.began_at(session)


def _counted(session: Session, chosen: Select[int]) -> int:
    return session.scalar(select(func.count()).select_from(chosen.limit(CAP + 1).subquery())) or 0


def _conditions(session: Session, settings: Settings, filters: Filters) -> list[ColumnElement[bool]]:
    wanted = {
        OpenReview.camera: filters.camera,
        OpenReview.region: filters.region,
        OpenReview.part: filters.part,
    }
    chosen = [column == value for column, value in wanted.items() if value is not None]
    return [*chosen, *_times(session, settings, filters, OpenReview)]


def _times(
    session: Session, settings: Settings, filters: Filters, model: type[OpenReview] | type[Run]
) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.since is not None:
        found.append(model.order_ms >= _ms(filters.since))
    if filters.until is not None:
        found.append(model.order_ms <= _ms(filters.until))
    if filters.names_times:
        return found
    since = since_of(session, settings)  # in our time; the index knows the plant's
    return [model.order_ms >= _ms(since - CLOCKS_APART), model.first_seen >= since, ~model.past]


def _items(session: Session, settings: Settings, rows: Sequence[OpenReview]) -> Iterable[OpenDefect]:
    defects = _by_key(session, Defect, [row.defect_key for row in rows])
    images = _by_key(session, Image, [row.image_key for row in rows])
    runs = _by_key(session, Run, [row.run_key for row in rows])
    said = _said(session, list(images))
    stand = standings(session, settings, defects.values())
    for row in rows:
        defect, image, run = defects[row.defect_key], images[row.image_key], runs[row.run_key]
        found = said.get(row.defect_key, {})
        yield OpenDefect(
            defect=reference(defect.key),
            image=reference(image.key),
            run=reference(run.key),
            camera=row.camera,
            part=row.part,
            serial=run.serial,
            region=row.region,
            kind=row.kind,
            at=run.at if run.order_ms else None,
            x=defect.x,
            y=defect.y,
            width=defect.width,
            height=defect.height,
            size_mm=found.get("size_mm"),
            why=tuple(why([found])) if found else (),
            picture=image.picture,
            state=stand[defect.key].state,
            standing=stand[defect.key],
        )


def _said(session: Session, images: Sequence[Key]) -> dict[Key, dict[str, Any]]:
    """Defect → what the current verdict of its image says of it."""
    of_images = (Verdict.image_id.in_([key[1] for key in images]), Verdict.current)
    return {
        tuple(found["defect"]): found
        for verdict in session.scalars(select(Verdict).where(*of_images))
        if verdict.image_key in set(images)
        for found in verdict.findings
    }


def _by_key(session: Session, model: Any, keys: Sequence[Key]) -> dict[Key, Any]:
    """One generation at a time: SQLite walks through the whole table for a list of pairs."""
    found: dict[Key, Any] = {}
    for generation in {key[0] for key in keys}:
        ids = {key[1] for key in keys if key[0] == generation}
        chosen = select(model).where(and_(model.generation == generation, model.id.in_(ids)))
        found |= {row.key: row for row in session.scalars(chosen)}
    return found


def _different(session: Session, column: InstrumentedAttribute[Any]) -> Iterable[str]:
    """The values of an indexed column, in order, without walking through its rows."""
    last = session.scalar(select(func.min(column)))
    for _ in range(MOST_CHOICES):
        if last is None:
            return
        yield last
        last = session.scalar(select(func.min(column)).where(column > last))


def _cursor(row: OpenReview) -> str:
    return f"{row.order_ms}.{row.generation}.{row.defect_id}"


def _place_of(cursor: str) -> tuple[int, int, int]:
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise ValueError("not a place in the queue")
    return int(found[1]), int(found[2]), int(found[3])


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
