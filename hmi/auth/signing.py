"""Signatures: a person proves once more who they are, for one act; no session begins or ends."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy.orm import Session

from hmi.auth.people import Person
from hmi.auth.permissions import DECIDE, ROLE_PERMISSIONS, SIGN
from hmi.auth.signing_in import prove
from hmi.auth.stations import station
from hmi.parts import parts
from hmi.store.decisions import Decider, Signature
from hmi.store.users import User

Result = TypeVar("Result")


class MayNotSign(Exception):
    """The proof was good, but this person may not do it; in words for a person."""


def signed(
    caller: Person, name: str, password: str, code: str, then: Callable[[Session, Decider], Result]
) -> Result:
    """What `then` returns, called with whoever signed in the transaction that accepts the proof.

    `name` may be somebody else's than the caller's: a second person signs at the same screen. Raises
    MayNotSign, and what `prove` raises.
    """

    def accepted(session: Session, user: User) -> Result:
        _check(user)
        signature = Signature(user.name, datetime.now(UTC), caller.name)
        return then(session, Decider(user.name, user.role, station(), signature))

    return prove(name or caller.name, password, code, accepted)


def _check(user: User) -> None:
    if not {DECIDE, SIGN} <= ROLE_PERMISSIONS.get(user.role, frozenset()):
        raise MayNotSign(f"{user.name} may not decide")
    if user.must_change:
        raise MayNotSign(f"{user.name} must choose a password of their own first")
    if user.code_key is None and user.role in parts().settings.auth.totp_roles:
        raise MayNotSign(f"{user.name} must set up one-time codes first")
