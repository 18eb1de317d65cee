"""What people decided on the defects of an image, as far as it counts now."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hmi.judging import intake
from hmi.store import decisions
from hmi.store.decisions import OKAY, SCRAP
from hmi.store.runs import Defect, Image, Key, Run


@dataclass(frozen=True, slots=True)
class Decided:
    """Defects of one image by what people said.

    An okay counts for the box that was decided on: after the vision system changed the row it spares nothing
    until somebody looks again. A scrap counts whatever became of the row.
    """

    okayed: frozenset[Key] = frozenset()
    scrapped: frozenset[Key] = frozenset()
    doubted: frozenset[Key] = field(default=frozenset())  # changed since: to be decided again
    known: frozenset[Key] = frozenset()  # on which anything was ever decided, taken back or not

    def word(self, defect: Key) -> str | None:
        if defect in self.scrapped:
            return SCRAP
        return OKAY if defect in self.okayed else None

    def is_open(self, defect: Key) -> bool:
        """Whether somebody still has to decide on this defect."""
        return defect in self.doubted or self.word(defect) is None


NOTHING = Decided()


def decided_on(
    session: Session, images: Sequence[Image], defects: Mapping[Key, Sequence[Defect]]
) -> dict[Key, Decided]:
    """Image → what was decided there, of those images where something was."""
    found = {}
    heads = decisions.heads_of_images(session, [image.key for image in images])
    for image, of_image in heads.items():
        if not of_image:
            continue
        words = {key: head.word_in_force for key, head in of_image.items()}
        doubted = {row.key for row in defects[image] if row.changed_after_at is not None}
        okayed = {key for key, word in words.items() if word == OKAY} - doubted
        scrapped = {key for key, word in words.items() if word == SCRAP}
        found[image] = Decided(
            frozenset(okayed), frozenset(scrapped), frozenset(doubted), frozenset(of_image)
        )
    return found


def flag_changes(session: Session, changes: intake.Changes, now: datetime) -> None:
    """Mark what the vision system added, changed, moved or deleted after people had decided."""
    if not (changes.defects or changes.gone_images or changes.moved_images or changes.other_runs):
        return
    touched = intake.by_key(session, Defect, changes.defects) | _on(session, changes.moved_images)
    on_images = {(row.image_generation, row.image_id) for row in touched.values() if row.image_id is not None}
    keys = [(key[0], key[1] or 0) for key in on_images | changes.gone_images | changes.moved_images]
    images = intake.by_key(session, Image, keys)
    of_images = {image.run_key for image in images.values() if image.run_key is not None}
    runs = decisions.runs_with_decisions(session, of_images | changes.other_runs | changes.left_runs)
    for key, head in decisions.heads(session, decisions.DEFECT, touched).items():
        if head.word_in_force:
            touched[key].changed_after_at = now
            if head.run_id is not None:
                runs.add((head.run_generation or 0, head.run_id))
    for run in intake.by_key(session, Run, runs).values():
        run.changed_after_at = now
        changes.runs.add(run.key)
    session.flush()


def _on(session: Session, images: Collection[Key]) -> dict[Key, Defect]:
    """The defects of these images."""
    numbers = sorted({number for _, number in images})
    found: dict[Key, Defect] = {}
    for start in range(0, len(numbers), intake.CHUNK):
        of_images = Defect.image_id.in_(numbers[start : start + intake.CHUNK])
        for defect in session.scalars(select(Defect).where(of_images, ~Defect.gone)):
            if (defect.image_generation, defect.image_id) in images:
                found[defect.key] = defect
    return found
