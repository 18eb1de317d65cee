"""What can be decided, for the keys of a page."""

import secrets
from dataclasses import dataclass

from hmi.settings import Settings
from hmi.store import decisions
from hmi.wording import decision_label


@dataclass(frozen=True, slots=True)
class Word:
    """`may_need_reason`: where it overrides the rules."""

    word: str
    label: str
    may_need_reason: bool
    must_be_signed: bool


def words(settings: Settings, subject: str) -> tuple[Word, ...]:
    """The decisions on a defect or on a part, in the order of their keys."""
    review = settings.review
    needed = {"never": (), "parts": (decisions.PART,), "always": (decisions.PART, decisions.DEFECT)}
    return tuple(
        Word(
            word,
            decision_label(review.labels, subject, word),
            subject in needed[review.reason_needed],
            decisions.name_of(subject, word) in review.signed,
        )
        for word in decisions.WORDS[subject]
    )


def new_key() -> str:
    """An idempotency key for one form: however often it is sent, it is one decision."""
    return secrets.token_urlsafe(16)
