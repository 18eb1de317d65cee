"""Giving out tokens, each with its audit entry: to a person for a while, to a machine until it is revoked."""

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import request
from sqlalchemy.orm import Session

from hmi.auth import bearers, people, proxy
from hmi.auth.accounts import Refused
from hmi.auth.permissions import SCOPE_PERMISSIONS
from hmi.auth.signing_in import prove
from hmi.parts import parts
from hmi.store import sessions, tokens
from hmi.store.audit import record
from hmi.store.sessions import SignedIn
from hmi.store.tokens import MachineToken
from hmi.store.users import User

_NAME = re.compile(r"\w(?:[\w .\-]{0,58}\w)?")


class Owes(Exception):
    """The proof was good, but something must be set up first, at /account."""


@dataclass(frozen=True, slots=True)
class Given:
    token: str
    lasts_s: int


def for_person(name: str, password: str, code: str) -> Given:
    """A token for whoever proves to be this person. Raises Owes, and what `prove` raises."""

    def begin(session: Session, user: User) -> Given | None:
        settings, now = parts().settings, bearers.now()
        lasts = timedelta(minutes=settings.auth.access_token_expire_minutes)
        ends_at = now + min(lasts, timedelta(hours=settings.auth.absolute_hours))
        address = proxy.address_of(request, settings.auth)
        session_id = secrets.token_urlsafe(32)
        signed_in = SignedIn(
            token_hash=sessions.hash_of(session_id),
            user_id=user.id,
            how=sessions.TOKEN,
            address=address,
            began_at=now,
            seen_at=now,
            ends_at=ends_at,
        )
        if people.owes(signed_in, user, settings) is not None:
            return None
        session.add(signed_in)
        record(session, "sign-in", user.name, None, user.name, {"how": sessions.TOKEN, "address": address})
        signed = bearers.signed(settings.auth, user, session_id, now, ends_at)
        return Given(signed, int((ends_at - now).total_seconds()))

    given = prove(name, password, code, begin)
    if given is None:
        raise Owes
    return given


def make(session: Session, who: str, name: str, scopes: Collection[str]) -> str:
    """A token for a machine, returned here and kept nowhere. Raises Refused."""
    if not _NAME.fullmatch(name):
        raise Refused("name", "1 to 60 letters, digits, spaces and . - _ only.")
    if tokens.by_name(session, name) is not None:
        raise Refused("name", "There is, or was, a token with this name.")
    if not scopes or not set(scopes) <= set(SCOPE_PERMISSIONS):
        raise Refused("scopes", "Choose what it is for.")
    token = bearers.MACHINE + secrets.token_urlsafe(32)
    made = MachineToken(
        name=name,
        token_hash=sessions.hash_of(token),
        scopes=sorted(scopes),
        made_by=who,
        made_at=datetime.now(UTC),
    )
    session.add(made)
    session.flush()
    record(session, "token made", who, None, people.machine_name(made), {"scopes": made.scopes})
    return token


def revoke(session: Session, who: str, number: int) -> bool:
    """It is no token any more, from the next request on; False where there is none."""
    found = session.get(MachineToken, number, with_for_update=True)
    if found is None:
        return False
    if found.revoked_at is None:
        found.revoked_at, found.revoked_by = datetime.now(UTC), who
        record(session, "token revoked", who, None, people.machine_name(found), {})
    return True
