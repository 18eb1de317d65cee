"""Where on a camera's image defects lie: on the newest images of a time, as heat map and recurring spots."""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from hmi.spots import Spot, parts_of, recurring
from hmi.statistics.asked import Question
from hmi.store.runs import Defect, Image, Key, Run, reference

MOST_IMAGES, MOST_DEFECTS = 1000, 20_000
CHUNK = 400
FIELDS = 64  # of the heat map, along the longer side
COLOUR = (11, 92, 173)  # most of them pass: not that of a fail


@dataclass(frozen=True, slots=True)
class Places:
    """Centres of defects in full px, and the number of each one's part, 0 for the newest.

    `width` and `height` are those of the newest image of known size, None where there is none. `is_cut`:
    there was more than was looked at.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    part: NDArray[np.int64]
    parts: int
    images: int
    newest: Key | None
    picture: str | None
    width: int | None
    height: int | None
    is_cut: bool

    @property
    def reference(self) -> str:
        """Of the picture to lie under the map."""
        return reference(self.newest) if self.newest else ""

    @property
    def spots(self) -> list[Spot]:
        return recurring(self.x, self.y, self.part, self.parts)


def places_of(session: Session, asked: Question, camera: str) -> Places:
    """The newest images of the camera within the time and part types that are asked for."""
    images = _images(session, asked, camera)
    order = {(row.generation, row.id): place for place, row in enumerate(images[:MOST_IMAGES])}
    parts = parts_of(row.serial for row in images[:MOST_IMAGES])
    found: list[tuple[float, float, int]] = []
    keys = list(order)
    for start in range(0, len(keys), CHUNK):
        if len(found) > MOST_DEFECTS:
            break
        found += _centres(session, keys[start : start + CHUNK], order)
    columns = np.array(found[:MOST_DEFECTS], dtype=np.float64).reshape(-1, 3)
    sized = next((row for row in images if row.width and row.height), None)
    pictured = next((row for row in images if row.picture), None)
    return Places(
        x=columns[:, 0],
        y=columns[:, 1],
        part=parts[columns[:, 2].astype(np.int64)],
        parts=len(set(parts.tolist())),
        images=len(order),
        newest=(pictured.generation, pictured.id) if pictured else None,
        picture=pictured.picture if pictured else None,
        width=sized.width if sized else None,
        height=sized.height if sized else None,
        is_cut=len(images) > MOST_IMAGES or len(found) > MOST_DEFECTS,
    )


def fields_of(places: Places) -> NDArray[np.int64]:
    """Defects by field of the image: rows × columns, at most FIELDS along the longer side."""
    width, height = places.width or 1, places.height or 1
    columns = max(1, round(FIELDS * width / max(width, height)))
    rows = max(1, round(FIELDS * height / max(width, height)))
    counted, _, _ = np.histogram2d(places.y, places.x, bins=(rows, columns), range=((0, height), (0, width)))
    return counted.astype(np.int64)


def hot_fields(places: Places) -> list[tuple[int, int, int, int, int]]:
    """Of each field with a defect its left, right, top and bottom edge (full px) and how many; most first."""
    fields = fields_of(places)
    high, wide = ((places.height or 1) / fields.shape[0], (places.width or 1) / fields.shape[1])
    found = [
        (round(x * wide), round((x + 1) * wide), round(y * high), round((y + 1) * high), int(fields[y, x]))
        for y, x in np.argwhere(fields)
    ]
    return sorted(found, key=lambda field: (-field[-1], field))


def heat_map(fields: NDArray[np.int64]) -> bytes:
    """A PNG to lie over the image: one pixel a field, the more defects the less transparent.

    Fields without a defect are clear; one with a single defect is visible. Opacity follows the logarithm, so
    that one dirty place does not hide everything else.
    """
    most = max(1, int(fields.max(initial=0)))
    opacity = np.where(fields > 0, 90 + 150 * np.log1p(fields) / np.log1p(most), 0)
    pixels = np.zeros((*fields.shape, 4), dtype=np.uint8)
    pixels[..., :3] = COLOUR
    pixels[..., 3] = opacity.astype(np.uint8)
    drawn = io.BytesIO()
    Picture.fromarray(pixels).save(drawn, "PNG")
    return drawn.getvalue()


def _images(session: Session, asked: Question, camera: str) -> list[Any]:
    """One more than are looked at."""
    since, until = (int(at.timestamp() * 1000) for at in (asked.since, asked.until))
    columns = (Image.generation, Image.id, Image.width, Image.height, Image.picture, Run.serial)
    of_run = and_(Run.generation == Image.run_generation, Run.id == Image.run_id)
    chosen = select(*columns).outerjoin(Run, of_run)
    chosen = chosen.where(
        Image.camera == camera, Image.order_ms >= since, Image.order_ms < until, ~Image.gone
    )
    if asked.parts:
        chosen = chosen.where(Image.part.in_(asked.parts))
    newest = chosen.order_by(Image.order_ms.desc(), Image.generation.desc(), Image.id.desc())
    return list(session.execute(newest.limit(MOST_IMAGES + 1)))


def _centres(session: Session, keys: list[Key], order: dict[Key, int]) -> list[tuple[float, float, int]]:
    chosen = select(Defect).where(
        Defect.image_id.in_([key[1] for key in keys]),
        ~Defect.gone,
        Defect.x.is_not(None),
        Defect.y.is_not(None),
    )
    found = []
    for row in session.scalars(chosen.limit(MOST_DEFECTS + 1)):
        place = order.get((row.image_generation, row.image_id or 0))
        if place is not None:
            found.append(((row.x or 0) + (row.width or 0) / 2, (row.y or 0) + (row.height or 0) / 2, place))
    return found
