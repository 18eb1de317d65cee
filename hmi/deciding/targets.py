"""What is decided on, as it is now, and the name of that state."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hmi.deciding.refusals import NotThere
from hmi.deciding.wishes import Wish
from hmi.store import decisions
from hmi.store.decisions import PART, Decision
from hmi.store.runs import Defect, Image, Key, Run
from hmi.store.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class Target:
    seen: dict[str, Any]
    row: Defect | Run
    image: Image | None
    run: Run | None
    verdict: Verdict | None
    head: Decision | None

    @property
    def state(self) -> str:
        return _state_of(self.seen, self.head)

    @property
    def in_force(self) -> tuple[int | None, str | None]:
        return self.head.in_force if self.head else (None, None)

    @property
    def runs(self) -> set[Key]:
        """Where it lies, and where it lay when it was decided on: either may change with its decision."""
        found = {self.run.key} if self.run is not None else set()
        if self.head is not None and self.head.run_id is not None:
            found.add((self.head.run_generation or 0, self.head.run_id))
        return found

    @property
    def rules_version(self) -> int | None:
        if self.verdict is not None:
            return self.verdict.rules_version
        return self.run.rules_version if self.run else None


def target_of(session: Session, wish: Wish) -> Target:
    """Read anew: several decisions may be taken in one session. Raises NotThere."""
    head = decisions.heads(session, wish.subject, [wish.key]).get(wish.key)
    if wish.subject == PART:
        run = session.get(Run, wish.key, populate_existing=True)
        if run is None:
            raise NotThere("there is no such part")
        return Target({"verdict": run.verdict}, run, None, run, None, head)
    defect = session.get(Defect, wish.key, populate_existing=True)
    if defect is None:
        raise NotThere("there is no such defect")
    image = session.get(Image, (defect.image_generation, defect.image_id or 0), populate_existing=True)
    run = (
        session.get(Run, image.run_key, populate_existing=True)
        if image is not None and image.run_key
        else None
    )
    verdict = _verdict_of(session, image) if image is not None else None
    return Target(decisions.box_of(defect), defect, image, run, verdict, head)


def state_of_defect(defect: Defect, head: Decision | None) -> str:
    return _state_of(decisions.box_of(defect), head)


def state_of_part(run: Run, head: Decision | None) -> str:
    return _state_of({"verdict": run.verdict}, head)


def _state_of(seen: Mapping[str, Any], head: Decision | None) -> str:
    """Names what a person sees of a defect (its box) or of a part (its verdict) with its newest entry."""
    digest = hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()
    return f"{head.id if head else 0}-{digest[:8]}"


def _verdict_of(session: Session, image: Image) -> Verdict | None:
    of_image = (Verdict.image_id == image.id, Verdict.image_generation == image.generation, Verdict.current)
    return session.scalar(select(Verdict).where(*of_image))
