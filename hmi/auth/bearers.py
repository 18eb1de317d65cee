"""What programs send as `Authorization: Bearer …`: a signed token of a person, or the token of a machine.

A person's token (JWT) names a session in the store: it ends with it, whatever stands in the token. Such a
request has no cookies, whatever it sends.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import jwt
from flask import Request, request
from sqlalchemy.orm import Session

from hmi.auth_settings import Auth
from hmi.keys import derived
from hmi.store import sessions, tokens
from hmi.store.sessions import SignedIn
from hmi.store.tokens import MachineToken
from hmi.store.users import User

ISSUER, AUDIENCE, KIND = "porosity-hmi", "porosity-hmi api", "at+jwt"
MACHINE = "hmi_"  # how the token of a machine begins
LONGEST = 2048
_CLAIMS = ["iss", "aud", "sub", "iat", "nbf", "exp", "jti"]


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose token it is: a person's session, or a machine."""

    session: tuple[SignedIn, User] | None = None
    machine: MachineToken | None = None


def sent(asked: Request = request) -> str | None:
    """What was sent as the token; None where no token was sent at all."""
    scheme, _, token = asked.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def signed(auth: Auth, user: User, session_id: str, now: datetime, ends_at: datetime) -> str:
    """A token of this person for this session."""
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(user.id),
        "iat": now,
        "nbf": now,
        "exp": ends_at,
        "jti": session_id,
    }
    return jwt.encode(claims, _key(auth), auth.algorithm, headers={"typ": KIND})


def holder(session: Session, auth: Auth, token: str) -> Holder | None:
    """Whose it is, as the store says now; None for what is no token of ours, or none any more."""
    if not token or len(token) > LONGEST:
        return None
    if token.startswith(MACHINE):
        machine = tokens.by_token(session, token)
        return Holder(machine=machine) if machine is not None and machine.revoked_at is None else None
    claims = _claims(auth, token)
    found = sessions.find(session, claims["jti"], by_token=True) if claims else None
    if found is None or claims is None or claims["sub"] != str(found[1].id):
        return None
    return Holder(session=found)


def _claims(auth: Auth, token: str) -> dict[str, str] | None:
    """Only what we signed, in the one way that is set, for this use, and for now."""
    try:
        if jwt.get_unverified_header(token).get("typ") != KIND:
            return None
        claims: dict[str, str] = jwt.decode(
            token,
            _key(auth),
            algorithms=[auth.algorithm],
            audience=AUDIENCE,
            issuer=ISSUER,
            options={"require": _CLAIMS},
        )
    except (jwt.PyJWTError, ValueError, RecursionError):
        return None
    return claims if isinstance(claims["jti"], str) else None


def _key(auth: Auth) -> bytes:
    """64 bytes: enough for every algorithm that can be set."""
    return derived(auth.secret_key, "api tokens") + derived(auth.secret_key, "api tokens, second half")


def now() -> datetime:
    """To the second: tokens know no fractions."""
    return datetime.now(UTC).replace(microsecond=0)
