"""What one camera took, newest first, a page at a time by key: no page costs more for being further back."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from sqlalchemy import ColumnElement, Select, and_, select, tuple_
from sqlalchemy.orm import Session

from hmi.store.runs import Image, Key, Run, key_of, reference

#: The verdicts that an image can have; a camera that brought nothing has none in its history.
VERDICTS = ("fail", "review", "unreadable", "waiting", "accepted", "pass")
_PLACE = re.compile(r"([0-9]{1,18})-([0-9.]{1,24})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: the place of an image in its camera's order."""

    order_ms: int
    generation: int
    id: int

    @classmethod
    def of(cls, image: Image) -> Self:
        return cls(image.order_ms, image.generation, image.id)

    @classmethod
    def read(cls, text: str) -> Self:
        """The place that `str` wrote. Raises ValueError for anything else."""
        found = _PLACE.fullmatch(text)
        if found is None:
            raise ValueError(f"not a place in the history: {text[:40]!r}")
        return cls(int(found[1]), *key_of(found[2]))

    def __str__(self) -> str:
        return f"{self.order_ms}-{reference((self.generation, self.id))}"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which images of a camera; None is any."""

    camera: str
    verdict: str | None = None
    part: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Images newest first, and whether there are newer and older ones."""

    images: tuple[Image, ...]
    has_newer: bool
    has_older: bool


def page(
    session: Session, wanted: Filter, size: int, *, before: Place | None = None, after: Place | None = None
) -> Page:
    """The newest images; or those just older than `before`, or just newer than `after`."""
    if after is not None:
        found = _walk(session, wanted, size + 1, after, newer=True)
        images = tuple(reversed(found[:size]))
        has_older = bool(images) and bool(_walk(session, wanted, 1, Place.of(images[-1])))
        return Page(images, len(found) > size, has_older)
    found = _walk(session, wanted, size + 1, before)
    images = tuple(found[:size])
    has_newer = before is not None and bool(_walk(session, wanted, 1, _first(images, before), newer=True))
    return Page(images, has_newer, len(found) > size)


def runs_of(session: Session, images: Iterable[Image]) -> dict[Key, Run]:
    """The runs of these images, by key."""
    ids: dict[int, set[int]] = {}
    for image in images:
        if image.run_key is not None:
            ids.setdefault(image.run_key[0], set()).add(image.run_key[1])
    found: dict[Key, Run] = {}
    for generation, numbers in ids.items():  # without its generation an id is in no index
        of_generation = select(Run).where(Run.generation == generation, Run.id.in_(sorted(numbers)))
        found |= {run.key: run for run in session.scalars(of_generation)}
    return found


def part_types(session: Session, camera: str) -> list[str]:
    """All part types that the camera has seen, found by leaps through the index."""
    found: list[str] = []
    while len(found) < 200:
        of_camera = select(Image.part).where(
            Image.camera == camera, Image.part > (found[-1] if found else "")
        )
        following = session.scalar(of_camera.order_by(Image.part).limit(1))
        if following is None:
            break
        found.append(following)
    return found


def _first(images: Sequence[Image], before: Place) -> Place:
    return Place.of(images[0]) if images else before


def _walk(
    session: Session, wanted: Filter, count: int, start: Place | None, *, newer: bool = False
) -> list[Image]:
    """Up to `count` images from `start` on, away from it. One walk along an index for each verdict.

    The index by part type has the verdict before the time, so that both can be asked for: a part type alone
    is one short walk for every verdict.
    """
    needs_all = wanted.part is not None and wanted.verdict is None
    verdicts = VERDICTS if needs_all else (wanted.verdict,)
    found = [
        image
        for verdict in verdicts
        for image in session.scalars(_statement(wanted, verdict, start, newer).limit(count))
    ]
    if len(verdicts) > 1:
        found.sort(key=lambda image: (image.order_ms, image.generation, image.id), reverse=not newer)
    return found[:count]


def _statement(wanted: Filter, verdict: str | None, start: Place | None, newer: bool) -> Select[Image]:
    columns = (Image.order_ms, Image.generation, Image.id)
    asked = [Image.camera == wanted.camera, ~Image.gone]
    if verdict is not None:
        asked.append(Image.verdict == verdict)
    if wanted.part is not None:
        asked.append(Image.part == wanted.part)
    if start is not None:
        asked.append(_beyond(start, newer))
    order = columns if newer else tuple(column.desc() for column in columns)
    return select(Image).where(*asked).order_by(*order)


def _beyond(start: Place, newer: bool) -> ColumnElement[bool]:
    place = tuple_(Image.order_ms, Image.generation, Image.id)
    limit = (start.order_ms, start.generation, start.id)
    # the first column alone as well: SQLite takes only that into the index of a row value
    if newer:
        return and_(Image.order_ms >= start.order_ms, place > limit)
    return and_(Image.order_ms <= start.order_ms, place < limit)
