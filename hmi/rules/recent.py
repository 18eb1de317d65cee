"""The last images of one camera with everything on them, as columns, read by plain SQL.

A trial of a draft judges ten thousand of them: rows as objects would take longer to make than to judge.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import CursorResult, Integer, Select, Subquery, and_, cast, func, or_, select
from sqlalchemy.orm import Session

import regions
from hmi.judging.rulebook import Rulebook
from hmi.store import decisions
from hmi.store.decisions import OKAY, SCRAP, USE_AS_IS
from hmi.store.runs import Defect, Image, Key, Run
from regions.boxes import Integers, Numbers

MOST_PARTS = 10_000


@dataclass(frozen=True, slots=True)
class Asked:
    """Which images: the newest `parts` of them, or all since a time, at most MOST_PARTS."""

    parts: int = MOST_PARTS
    since: datetime | None = None
    part_type: str | None = None


class Shot(NamedTuple):
    """One image that is judged, and the part on it. `verdict` is the one that is stored. A row as it is read:
    ten thousand of them cost little."""

    generation: int
    id: int
    run_generation: int
    run_id: int | None
    serial: str | None
    part: str | None
    order_ms: int
    width: int | None
    height: int | None
    picture: str | None
    verdict: str
    part_decision: str | None
    lost: bool | None  # its file cannot be read: it cannot pass

    @property
    def key(self) -> Key:
        return self.generation, self.id

    @property
    def run(self) -> Key | None:
        return None if self.run_id is None else (self.run_generation, self.run_id)


@dataclass(frozen=True, eq=False)
class Recent:
    """Newest first. Image n has the defects starts[n] to starts[n + 1] of `boxes`.

    `okayed` and `scrapped` are what people said of defects as it counts now, by image: plant ids.
    `judged` is what published versions made of it, by their number, as far as it was asked.
    """

    shots: tuple[Shot, ...]
    starts: Integers
    boxes: regions.Boxes
    okayed: dict[int, frozenset[int]]
    scrapped: dict[int, frozenset[int]]
    judged: dict[int, Any] = field(default_factory=dict)

    @property
    def defects(self) -> int:
        return len(self.boxes)

    def batch(self, camera: str, book: Rulebook) -> regions.Batch:
        """All of it as the judge takes it, each image with the rules that `book` has for its part type."""
        parts = [shot.part for shot in self.shots]
        different = {part: number for number, part in enumerate(dict.fromkeys(parts))}
        return regions.Batch(
            rules=[book.rules_for(camera, part) for part in different],
            rules_of_image=np.array([different[part] for part in parts], dtype=np.int64),
            width=np.array([shot.width or 0 for shot in self.shots], dtype=np.float64),
            height=np.array([shot.height or 0 for shot in self.shots], dtype=np.float64),
            starts=self.starts,
            boxes=self.boxes,
        )

    @cached_property
    def scrapped_images(self) -> Integers:
        """Numbers of the images that people scrapped, ascending; `okayed_images` likewise."""
        return np.flatnonzero([self.is_scrapped(number) for number in range(len(self.shots))])

    @cached_property
    def okayed_images(self) -> Integers:
        return np.flatnonzero([self.is_okayed(number) for number in range(len(self.shots))])

    def is_scrapped(self, number: int) -> bool:
        """People scrapped it for what this camera saw."""
        shot = self.shots[number]
        by_part = shot.part_decision == SCRAP and shot.verdict in ("fail", "review", "accepted")
        return number in self.scrapped or by_part

    def is_okayed(self, number: int) -> bool:
        """People let it pass, though the rules of its time had stopped it here."""
        shot = self.shots[number]
        by_part = shot.part_decision == USE_AS_IS and shot.verdict in ("fail", "review", "accepted")
        return (number in self.okayed or by_part) and not self.is_scrapped(number)


def count(session: Session, camera: str, asked: Asked) -> int:
    """How many images that are, without reading them."""
    return session.scalar(select(func.count()).select_from(_chosen(camera, asked).subquery())) or 0


def read(session: Session, camera: str, asked: Asked) -> Recent:
    chosen = _chosen(camera, asked).subquery()
    rows = session.connection()  # past the ORM, which would take as long again
    shots = tuple(map(Shot._make, rows.execute(_with_runs(chosen))))
    place = {shot[:2]: number for number, shot in enumerate(shots)}
    found = _tuples(rows.execute(_defects(chosen)))
    generations, images, ids, x, y, width, height, confidence, suppressed, changed = (
        zip(*found, strict=True) if found else [()] * 10
    )
    of_image = np.array([place.get(key, -1) for key in zip(generations, images, strict=True)], dtype=np.int64)
    id_ = np.array(ids, dtype=np.int64)
    order = np.lexsort((id_, of_image))
    order = order[of_image[order] >= 0]

    def numbers(column: Sequence[float | None]) -> Numbers:
        return np.array(column, dtype=np.float64)[order]

    boxes = regions.Boxes(
        id=id_[order],
        x=numbers(x),
        y=numbers(y),
        width=numbers(width),
        height=numbers(height),
        confidence=numbers(confidence),
        suppressed=np.array(suppressed, dtype=np.bool_)[order],
    )
    doubted = set(id_[np.array(changed, dtype=np.bool_)].tolist())
    okayed, scrapped = _decided(session, chosen, place, doubted)
    starts = np.searchsorted(of_image[order], np.arange(len(shots) + 1))
    return Recent(shots, starts, boxes, okayed, scrapped)


def _tuples(found: CursorResult[Any]) -> list[tuple[Any, ...]]:
    """As the driver gives them. A row of SQLAlchemy for each would be made only to be taken apart."""
    return list(found.cursor.fetchall()) if found.cursor else []


def _chosen(camera: str, asked: Asked) -> Select[*tuple[Any, ...]]:
    """The keys of the images; one walk along an index."""
    found = select(Image.generation, Image.id).where(
        Image.camera == camera, ~Image.gone, Image.verdict != "waiting"
    )
    if asked.since is not None:
        found = found.where(Image.order_ms >= int(asked.since.timestamp() * 1000))
    if asked.part_type is not None:
        found = found.where(Image.part == asked.part_type)
    newest = found.order_by(Image.order_ms.desc(), Image.generation.desc(), Image.id.desc())
    return newest.limit(min(asked.parts, MOST_PARTS))


def _with_runs(chosen: Subquery) -> Select[*tuple[Any, ...]]:
    columns = (
        Image.generation,
        Image.id,
        Image.run_generation,
        Image.run_id,
        Run.serial,
        Image.part,
        Image.order_ms,
        Image.width,
        Image.height,
        Image.picture,
        Image.verdict,
        Run.part_decision,
        and_(~Run.past, Image.lost, Image.file_state != "whole"),
    )
    return (
        select(*columns)
        .join(chosen, and_(Image.generation == chosen.c.generation, Image.id == chosen.c.id))
        .outerjoin(Run, and_(Run.generation == Image.run_generation, Run.id == Image.run_id))
        .order_by(Image.order_ms.desc(), Image.generation.desc(), Image.id.desc())
    )


def _defects(chosen: Subquery) -> Select[*tuple[Any, ...]]:
    """As plain numbers: a column of flags or times would be converted row by row."""
    columns = (
        Defect.image_generation,
        Defect.image_id,
        Defect.id,
        Defect.x,
        Defect.y,
        Defect.width,
        Defect.height,
        Defect.confidence,
        cast(or_(Defect.suppressed, Defect.suppressed_by_row), Integer),
        cast(Defect.changed_after_at.is_not(None), Integer),
    )
    of_images = and_(Defect.image_id == chosen.c.id, Defect.image_generation == chosen.c.generation)
    return select(*columns).join(chosen, of_images).where(~Defect.gone)


def _decided(
    session: Session, chosen: Subquery, place: dict[tuple[Any, ...], int], changed: set[int]
) -> tuple[dict[int, frozenset[int]], dict[int, frozenset[int]]]:
    """An okay of a box that was changed since spares nothing."""
    said: dict[str, dict[int, set[int]]] = {OKAY: {}, SCRAP: {}}
    for image, defect, word in decisions.words_of_images(session, chosen):
        if image in place and word in said and not (word == OKAY and defect in changed):
            said[word].setdefault(place[image], set()).add(defect)
    okayed, scrapped = ({n: frozenset(ids) for n, ids in said[word].items()} for word in (OKAY, SCRAP))
    return okayed, scrapped
