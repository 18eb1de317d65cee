"""What settings demand of a decision: a reason, a signature, a second person."""

from hmi.deciding.refusals import ReasonNeeded, SecondPersonNeeded, SignatureNeeded
from hmi.deciding.targets import Target
from hmi.deciding.wishes import Wish
from hmi.review_settings import Review
from hmi.store import decisions
from hmi.store.decisions import COMMENT, DEFECT, PROPOSE, UNDO, Decider, Decision, name_of
from hmi.store.runs import Key
from hmi.store.verdicts import Verdict


def check_reason(review: Review, wish: Wish, target: Target) -> None:
    """Raises ReasonNeeded where it overrides the rules and says nothing."""
    if not wish.reason and _needs_reason(review, wish, target):
        raise ReasonNeeded("this overrides the rules: say why")


def check_signature(review: Review, wish: Wish, word: str | None, by: Decider) -> None:
    """Raises SignatureNeeded. `word` is what is decided; of an undo, what it takes back."""
    if wish.word == COMMENT or by.signature is not None or word is None:
        return
    if name_of(wish.subject, word) in review.signed:
        raise SignatureNeeded("this must be signed")


def needs_second_person(review: Review, wish: Wish, by: Decider, target: Target) -> bool:
    """Whether somebody else must agree before it counts. Raises SecondPersonNeeded for the same person.

    Nobody agrees to what was proposed for something else than is there now: it is proposed anew.
    """
    head = target.head
    if wish.word != decisions.USE_AS_IS or not review.second_person:
        return False
    if head is None or head.act != PROPOSE or not target.is_as_in(head.seen):
        return True
    if head.who == by.name:
        raise SecondPersonNeeded("a second person must agree to use it as is")
    return False


def meaning_of(review: Review, entry: Decision) -> str:
    """What the signature under this entry stands for."""
    if entry.act == UNDO:
        return review.meanings.undo
    return review.meanings.second if entry.seconds is not None else review.meanings.decide


def _needs_reason(review: Review, wish: Wish, target: Target) -> bool:
    needed = review.reason_needed
    if needed == "never" or (needed == "parts" and wish.subject == DEFECT):
        return False
    if wish.subject == DEFECT:
        said = _rules_say(target.verdict, wish.key)
        return said == "fail" if wish.word == decisions.OKAY else said == "pass"
    verdict = target.run.verdict if target.run else "fail"
    is_good = verdict in ("pass", "accepted")
    return not is_good if wish.word == decisions.USE_AS_IS else is_good and wish.word != decisions.HOLD


def _rules_say(verdict: Verdict | None, defect: Key) -> str:
    findings = verdict.findings if verdict else []
    return next((str(found["state"]) for found in findings if tuple(found["defect"]) == defect), "pass")
