"""The decision panel: how a defect or a part stands, and the keys to decide on it, wherever it is shown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote

from sqlalchemy.orm import Session

from hmi import review
from hmi.auth import DECIDE, may, origins, person
from hmi.camera import View
from hmi.deciding import LONGEST_REASON
from hmi.parts import parts
from hmi.plant_time import day_and_clock
from hmi.review import OpenDefect, PartStanding, Said, Standing, Word
from hmi.store.decisions import DEFECT, PART
from hmi.store.runs import Defect, Key, Run, reference


@dataclass(frozen=True, kw_only=True)
class Asks:
    """What is asked of whoever decides. `words` is empty for whoever may not.

    `needs` names the field that a refusal is about; `reason` and `signer` are what was typed.
    """

    words: tuple[Word, ...]
    next: str  # where a browser without JavaScript goes on
    error: str = ""
    needs: str | None = None  # reason or signature
    reason: str = ""
    signer: str = ""  # empty: `caller`
    caller: str = ""
    longest_reason: int = LONGEST_REASON

    @property
    def signs(self) -> bool:
        return any(word.must_be_signed for word in self.words)

    @property
    def reason_is_due(self) -> bool:
        return any(word.may_need_reason for word in self.words)


@dataclass(frozen=True, kw_only=True)
class Panel(Asks):
    """One defect or part."""

    subject: str
    of: str
    standing: Standing | PartStanding
    history: Sequence[Said]
    key: str  # one idempotency key for each time the form is shown
    when: Callable[[datetime | None], str]
    image: str = ""
    first: str = ""  # who was first, and what they said

    @property
    def tick(self) -> str:
        """The same defect among many: what names it, and the state that the decision is made on."""
        return f"{self.of} {self.standing.state} {self.key} {self.image}"

    def refused(self, error: str, *, first: str = "", needs: str | None = None, **typed: str) -> "Panel":
        """The panel again, with why a decision was not taken, and with what was typed: nothing is lost."""
        kept = {name: text for name, text in typed.items() if name in ("reason", "signer") and text}
        return replace(self, error=error, first=first, needs=needs, **kept)  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True)
class Batch(Asks):
    """Many defects, decided at once. After a refusal: what can be sent again, and what was refused."""

    ticks: Sequence[str] = ()
    refused: Sequence[Mapping[str, Any]] = ()
    taken: int = 0


def of_many(here: str, **typed: Any) -> Batch:
    """The form that decides on many defects."""
    return Batch(**_asked(DEFECT), next=here, **typed)


def of_subject(session: Session, subject: str, key: Key) -> Panel:
    """The panel of one defect or part, with its history. Raises LookupError where there is none."""
    settings = parts().settings
    if subject == DEFECT:
        defect = session.get(Defect, key)
        if defect is None:
            raise LookupError(subject)
        image = reference((defect.image_generation, defect.image_id)) if defect.image_id is not None else ""
        standing = review.standings(session, settings, [defect])[key]
        said = review.of_defect(session, settings, key)
        here = f"/images/{image}?defect={reference(key)}" if image else "/review"
        return _panel(DEFECT, reference(key), standing, said, image=image, next=here)
    run = session.get(Run, key) if subject == PART else None
    if run is None:
        raise LookupError(subject)
    said = review.of_part(session, settings, key)
    standing_of_part = review.part_standing(session, settings, run)
    return _panel(PART, reference(key), standing_of_part, said, next=page_of(run))


def page_of(run: Run) -> str:
    """Where people decide on a part: its record; one without a serial, or with one that no form may lead
    to, has its panel alone."""
    record = f"/parts/{quote(run.serial or '')}"
    is_usable = bool(run.serial) and origins.own_path(record) == record
    return record if is_usable else f"/decisions/panel/part/{reference(run.key)}"


def of_view(view: View) -> Panel | None:
    """The panel of the defect that a camera view has selected, of the same moment as the view."""
    if view.selected is None:
        return None
    defect = view.selected.reference
    here = f"/images/{view.image}?defect={defect}"
    return _panel(DEFECT, defect, view.standings[defect], view.said, image=view.image, next=here)


def of_open(item: OpenDefect, here: str) -> Panel:
    """The panel of a defect of the queue, without its history: lists are long."""
    return _panel(DEFECT, item.defect, item.standing, [], image=item.image, next=here)


def _panel(
    subject: str, of: str, standing: Standing | PartStanding, history: Sequence[Said], **more: Any
) -> Panel:
    return Panel(
        subject=subject,
        of=of,
        standing=standing,
        history=history,
        key=review.new_key(),
        when=partial(day_and_clock, zone=parts().settings.time.zone_info),
        **_asked(subject),
        **more,
    )


def _asked(subject: str) -> dict[str, Any]:
    caller = person()
    return {
        "words": tuple(review.words(parts().settings, subject)) if may(DECIDE) else (),
        "caller": caller.name if caller else "",
    }
