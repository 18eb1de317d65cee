"""How much of the past is wanted, and how far it is in. The leader brings it; everybody can ask for more."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from sqlalchemy.orm import Session

from hmi.store import state

NAME = "backfill"


@dataclass(frozen=True, slots=True)
class Past:
    """Parts before the trigger `before` (an id of the plant) are wanted: `parts` of them, or all of them
    from the trigger `since` on."""

    before: int
    parts: int | None
    since: int | None
    brought: int = 0

    def next_parts(self, most: int) -> int:
        return most if self.parts is None else min(most, self.parts)


def begin(session: Session, before: int | None, parts: int) -> Past | None:
    """At the first start: the last `parts` parts before the feed's first trigger."""
    return _keep(session, before, Past(before or 0, parts, None))


def ask_since(session: Session, since: int) -> Past | None:
    """Ask for everything from the trigger `since` on that is not in yet. None if all of it is."""
    said = state.get(session, NAME) or {}
    before = said.get("before")
    if before is None or before <= since:
        return None
    return _keep(session, before, Past(before, None, since))


def has_begun(session: Session) -> bool:
    """Whether a worker has read the plant once, so that it is known where the past begins."""
    return state.get(session, NAME) is not None


def wanted(session: Session) -> Past | None:
    """What is still to be brought; None if nothing is."""
    said = state.get(session, NAME)
    if said is None or said["before"] is None:
        return None
    past = Past(said["before"], said["parts"], said["since"], said["brought"])
    return None if _is_done(past) else past


def advance(session: Session, past: Past, triggers: Sequence[int]) -> Past | None:
    """Note that these triggers are in; returns what is left, None at the end.

    Somebody may have asked for more since `past` was read.
    """
    past = replace(wanted(session) or past, before=past.before)
    if not triggers:
        return _keep(session, None, past)
    count = len(triggers)
    left = None if past.parts is None else max(0, past.parts - count)
    return _keep(session, min(triggers), replace(past, parts=left, brought=past.brought + count))


def _keep(session: Session, before: int | None, past: Past) -> Past | None:
    past = replace(past, before=before or 0)
    state.put(session, NAME, {**asdict(past), "before": before})
    return None if before is None or _is_done(past) else past


def _is_done(past: Past) -> bool:
    if past.since is not None:
        return past.before <= past.since
    return not past.parts
