"""Decisions that come in over the web, of pages and of programs: by whom, what became of each, in words."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, TypeVar

from flask import abort
from sqlalchemy.orm import Session

from hmi import drawing
from hmi.auth import person
from hmi.auth.passwords import TooLong
from hmi.auth.signing import MayNotSign, signed
from hmi.auth.signing_in import Busy, NotProven, TooManyTries
from hmi.auth.stations import station
from hmi.deciding import (
    Conflict,
    NotThere,
    Refused,
    SecondPersonNeeded,
    Taken,
    Wish,
    asks_of,
    decide_each,
    state_of_defect,
    state_of_part,
)
from hmi.deciding.asked import Signing
from hmi.parts import parts
from hmi.pictures.renditions import Drawing, Rendition
from hmi.review import said
from hmi.store import decisions
from hmi.store.decisions import PART, Decider, Decision
from hmi.store.runs import Defect, Run, reference

WRONG = "Name, password or code is wrong."
UNKNOWN = "The answer of the store was lost: ask whether it was taken."

Answer = dict[str, Any]
Result = TypeVar("Result")


class Unsigned(Exception):
    """What is wrong with the signature; nothing was decided."""

    def __init__(self, status: int, text: str, retry_after_s: float | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.retry_after_s = retry_after_s


def decided(asked: Signing, wishes: list[Wish]) -> list[Answer]:
    """Decide, show it, and say what became of each wish. Raises Unsigned and what the store raises."""

    def deciding(session: Session, by: Decider) -> tuple[list[Answer], list[tuple[Rendition, Drawing]]]:
        answers, judged = decide_each(session, parts().settings, wishes, by, datetime.now(UTC))
        drawn = drawing.of_images(session, judged.images)
        told = [_told(session, wish, one) for wish, one in zip(wishes, answers, strict=True)]
        return told, drawn

    told, drawn = _by(asked, deciding)
    parts().follower.poke()
    for rendition, what in drawn:
        parts().gallery.prepare(rendition, what)
    return told


def stated(session: Session, entry: Decision) -> Answer:
    """An entry with the state that the next decision is made on."""
    head = decisions.heads(session, entry.subject, [entry.subject_key]).get(entry.subject_key)
    if entry.subject == PART:
        run = session.get_one(Run, entry.subject_key)
        now = state_of_part(run, head, asks_of(session, [run]))
    else:
        now = state_of_defect(session.get_one(Defect, entry.subject_key), head)
    return {**_in_words(entry), "state": now}


def _by(asked: Signing, then: Callable[[Session, Decider], Result]) -> Result:
    """`then`, by whoever is signed in or has signed. Raises Unsigned."""
    caller = person()
    if caller is None:
        abort(401)
    if not asked.is_signed:
        with parts().store.write() as session:
            return then(session, Decider(caller.name, caller.role, station()))
    try:
        return signed(caller, asked.signer, asked.password, asked.code, then)
    except (NotProven, TooLong):
        raise Unsigned(403, WRONG) from None
    except MayNotSign as error:
        raise Unsigned(403, str(error)) from None
    except TooManyTries as error:
        raise Unsigned(429, "Too many tries. Nothing was looked at.", error.wait_s) from None
    except Busy:
        raise Unsigned(503, "Many sign now: try again in a moment.", 1.0) from None


def _told(session: Session, wish: Wish, answer: Taken | Refused) -> Answer:
    """What became of a wish, as it is sent."""
    if isinstance(answer, Taken):
        return {"decision": stated(session, answer.decision), "repeated": answer.repeated}
    told: Answer = {"of": reference(wish.key), "status": _status(answer), "error": str(answer)}
    if answer.needs is not None:
        told["needs"] = answer.needs
    if isinstance(answer, Conflict):
        told["state"] = answer.state
        told["first"] = _in_words(answer.first) if answer.first is not None else None
    return told


def _in_words(entry: Decision) -> Answer:
    found = asdict(said(parts().settings, entry))
    return {name: one.isoformat() if isinstance(one, datetime) else one for name, one in found.items()}


def _status(refused: Refused) -> int:
    if isinstance(refused, NotThere):
        return 404
    return 409 if isinstance(refused, Conflict | SecondPersonNeeded) else 422
