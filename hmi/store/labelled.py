"""Images with the defects that people decided on, for training: walked page by page, each page read anew."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from hmi.store import decisions
from hmi.store.database import Store
from hmi.store.decisions import DEFECT, OKAY, SCRAP, Decision
from hmi.store.runs import Defect, Image, Key, reference

PAGE = 200  # images of one read
APART = 10**12  # between the numbers of two generations of the plant's ids
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")
_NO_NAME = re.compile(r"[^\w.\- ]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Wanted:
    """None: not filtered. `since` and `until` are of decisions."""

    camera: str | None = None
    part: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """A decided defect, in px of the full image."""

    number: int
    x_px: int
    y_px: int
    width_px: int
    height_px: int
    word: str  # okay or scrap
    who: str


@dataclass(frozen=True, slots=True)
class Labelled:
    image: str
    number: int
    camera: str | None
    file_name: str
    width_px: int | None
    height_px: int | None
    boxes: tuple[Box, ...]
    unlabelled: int  # other defects on it: nobody decided on them, or not as it is wanted

    @property
    def stem(self) -> str:
        """A name that is safe in an archive, and no other image's: it ends with the image's reference."""
        plain = _NO_NAME.sub("_", self.file_name.rpartition(".")[0] or self.file_name).strip(". ")[:150]
        return f"{plain}_{self.image}" if plain else self.image


def number_of(key: Key) -> int:
    """The plant's id where it was given once; no two images, and no two defects, have the same."""
    generation, plant_id = key
    return (generation - 1) * APART + plant_id


def images(store: Store, wanted: Wanted) -> Iterator[Labelled]:
    """By id. Undone decisions and boxes without geometry are left out, and images that have none left."""
    place: Key = (0, 0)
    while True:
        with store.read() as session:
            keys = _next_images(session, place)
            found = _labelled(session, wanted, keys)
        yield from found
        if len(keys) < PAGE:
            return
        place = keys[-1]


def of_them(store: Store, wanted: Wanted, numbers: Sequence[int]) -> Iterator[Labelled]:
    """Another walk, past the images of these numbers alone: who decides meanwhile changes no archive."""
    place = 0
    for found in images(store, wanted):
        while place < len(numbers) and _walked(numbers[place]) < _walked(found.number):
            place += 1
        if place < len(numbers) and numbers[place] == found.number:
            yield found


def _walked(number: int) -> tuple[int, int]:
    return number % APART, number // APART


def _next_images(session: Session, place: Key) -> list[Key]:
    key = (Decision.image_generation, Decision.image_id)
    asked = select(*key).where(Decision.subject == DEFECT, Decision.image_id.is_not(None))
    asked = asked.where(tuple_(Decision.image_id, Decision.image_generation) > tuple_(place[1], place[0]))
    rows = session.execute(asked.distinct().order_by(key[1], key[0]).limit(PAGE))
    return [(row[0] or 0, row[1] or 0) for row in rows]


def _labelled(session: Session, wanted: Wanted, keys: Sequence[Key]) -> list[Labelled]:
    heads = decisions.heads_of_images(session, keys)
    rows = {
        row.key: row for row in session.scalars(select(Image).where(Image.id.in_([key[1] for key in keys])))
    }
    defects = _defects(session, [key for of_image in heads.values() for key in of_image])
    on_image = _numbers(session, keys)
    found = []
    for key in keys:
        image = rows.get(key)
        if image is None or image.gone or not _is_wanted(image, wanted):
            continue
        boxes = [_box(defects.get(one), head, wanted) for one, head in sorted(heads[key].items())]
        kept = tuple(box for box in boxes if box is not None)
        if kept:
            found.append(_of(image, kept, max(0, on_image.get(key, 0) - len(kept))))
    return found


def _numbers(session: Session, keys: Sequence[Key]) -> dict[Key, int]:
    """How many defects are on each image."""
    of_images = (Defect.image_id.in_([key[1] for key in keys]), ~Defect.gone)
    image = (Defect.image_generation, Defect.image_id)
    rows = session.execute(select(*image, func.count()).where(*of_images).group_by(*image))
    return {(row[0] or 0, row[1] or 0): row[2] for row in rows}


def _defects(session: Session, keys: Sequence[Key]) -> dict[Key, Defect]:
    found: dict[Key, Defect] = {}
    for start in range(0, len(keys), decisions.CHUNK):
        ids = [key[1] for key in keys[start : start + decisions.CHUNK]]
        found |= {row.key: row for row in session.scalars(select(Defect).where(Defect.id.in_(ids)))}
    return found


def _is_wanted(image: Image, wanted: Wanted) -> bool:
    is_of_camera = wanted.camera is None or image.camera == wanted.camera
    return is_of_camera and (wanted.part is None or image.part == wanted.part)


def _box(defect: Defect | None, head: Decision, wanted: Wanted) -> Box | None:
    word = head.word_in_force
    if defect is None or defect.gone or word not in (OKAY, SCRAP) or defect.changed_after_at is not None:
        return None
    if (wanted.since and head.at < wanted.since) or (wanted.until and head.at >= wanted.until):
        return None
    x, y, width, height = defect.x, defect.y, defect.width, defect.height
    if x is None or y is None or not width or not height or width < 0 or height < 0:
        return None
    return Box(number_of(defect.key), x, y, width, height, word, head.who)


def _of(image: Image, boxes: tuple[Box, ...], unlabelled: int) -> Labelled:
    name = _CONTROL.sub("_", (image.path or "").replace("\\", "/").rpartition("/")[2])
    return Labelled(
        reference(image.key),
        number_of(image.key),
        image.camera,
        name or f"{image.id}.jpg",
        image.width,
        image.height,
        boxes,
        unlabelled,
    )
