"""What is decided on, as it is now, and the name of that state."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hmi.deciding.refusals import NotThere
from hmi.deciding.wishes import Wish
from hmi.judging.contribution import ASKING
from hmi.store import decisions, line
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

    def is_as_in(self, seen: Mapping[str, Any]) -> bool:
        """Whether an earlier entry was made on what is there now. What people said since does not matter."""
        same = self.seen if isinstance(self.row, Defect) else {"asks": self.seen["asks"]}
        return all(seen.get(name) == value for name, value in same.items())

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
        return Target(_seen_of_part(run, asks_of(session, [run])), run, None, run, None, head)
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


def state_of_part(run: Run, head: Decision | None, asks: Mapping[Key, str]) -> str:
    """`asks` of `asks_of`."""
    return _state_of(_seen_of_part(run, asks), head)


def asks_of(session: Session, runs: Iterable[Run]) -> dict[Key, str]:
    """Run → a digest of all that keeps its part from passing by the rules, whatever people said of it."""
    found: dict[Key, list[Any]] = {run.key: [] for run in runs}
    for verdict in line.verdicts_of_runs(session, found):
        abnormal = [_without_decision(one) for one in verdict.findings if one["state"] in ASKING]
        unseen = verdict.verdict if verdict.verdict in ("missing", "unreadable") else ""
        if abnormal or unseen:
            found[verdict.run_key].append([verdict.camera, verdict.image_key, unseen, abnormal])
    return {key: _digest(sorted(asks, key=json.dumps)) for key, asks in found.items()}


def _without_decision(finding: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in finding.items() if name != "decision"}


def _seen_of_part(run: Run, asks: Mapping[Key, str]) -> dict[str, Any]:
    return {"verdict": run.verdict, "asks": asks[run.key]}


def _digest(said: object) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:8]


def _state_of(seen: Mapping[str, Any], head: Decision | None) -> str:
    """Names what a person sees, of a defect its box, of a part its verdict and why, with its newest entry."""
    return f"{head.id if head else 0}-{_digest(seen)}"


def _verdict_of(session: Session, image: Image) -> Verdict | None:
    of_image = (Verdict.image_id == image.id, Verdict.image_generation == image.generation, Verdict.current)
    return session.scalar(select(Verdict).where(*of_image))
