"""Images of a camera's past as rows of its history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hmi import wording
from hmi.plant_time import moment
from hmi.screen.times import usable_time
from hmi.settings import Settings
from hmi.store import history
from hmi.store.runs import Image, Key, reference
from hmi.store.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class Entry:
    """One image with its part."""

    image: str
    picture: str | None
    serial: str | None
    part: str | None
    taken: str
    verdict: str
    text: str
    part_verdict: str | None


def entries_of(
    session: Session, settings: Settings, images: Sequence[Image], now: datetime
) -> tuple[Entry, ...]:
    runs = history.runs_of(session, images)
    texts = _texts(session, images)
    entries = []
    for image in images:
        run = runs.get(image.run_key or (0, 0))
        entries.append(
            Entry(
                image=reference(image.key),
                picture=image.picture,
                serial=run.serial if run else None,
                part=run.part if run else None,
                taken=moment(usable_time(run), now, settings.time.zone_info) if run else "time unknown",
                verdict=image.verdict,
                text=texts.get(image.key) or wording.waiting_text(image.file_state),
                part_verdict=run.verdict if run else None,
            )
        )
    return tuple(entries)


def _texts(session: Session, images: Sequence[Image]) -> dict[Key, str]:
    """What the current verdict of each says in one line."""
    columns = (Verdict.image_generation, Verdict.image_id, Verdict.text)
    ids = [image.id for image in images]
    found = session.execute(select(*columns).where(Verdict.image_id.in_(ids), Verdict.current))
    return {(row[0] or 0, row[1] or 0): row[2] for row in found}
