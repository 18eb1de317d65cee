"""Why a decision is not taken, in words for whoever made it."""

from hmi.store.decisions import Decision


class Refused(Exception):
    """Nothing was decided. `needs` names what was left out, if that is why."""

    needs: str | None = None


class NotThere(Refused):
    """There is no such defect or part."""


class UnknownWord(Refused):
    """Not a decision that can be made on this."""


class ReasonNeeded(Refused):
    """It overrides the rules, or is a comment, and says nothing."""

    needs = "reason"


class SignatureNeeded(Refused):
    """Settings demand that it is signed."""

    needs = "signature"


class SecondPersonNeeded(Refused):
    """The same person cannot agree with themselves."""

    needs = "second person"


class KeyReused(Refused):
    """The idempotency key was used for something else."""


class Conflict(Refused):
    """It was made on a state that is no more. `first` is the newest entry, if that is why."""

    def __init__(self, text: str, now: str, first: Decision | None = None) -> None:
        super().__init__(text)
        self.state = now
        self.first = first
