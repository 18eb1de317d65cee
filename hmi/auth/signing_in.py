"""Proving who one is, by password and where needed by a one-time code; and signing in and out.

However a proof fails, the answer is the same and takes as long: nobody learns which names exist.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import BoundedSemaphore
from typing import TypeVar

from flask import request
from sqlalchemy.orm import Session

from hmi import steady
from hmi.auth import badges, codes, cookies, passwords, people, proxy
from hmi.auth.stations import station
from hmi.parts import parts
from hmi.store import guesses, sessions, users
from hmi.store.audit import record
from hmi.store.guesses import Guesses
from hmi.store.users import User

PER_USER, PER_ADDRESS = 10, 60  # tries that are looked at, in guesses.WINDOW_S seconds
UNKNOWN_BADGE = "unknown badge"
UNKNOWN_NAME = "unknown name"  # people type passwords into the wrong field: such a name is never written down
_PATIENCE_S = 1.0
_PLACES = BoundedSemaphore(2)  # polls need the other threads, and the other cores

Result = TypeVar("Result")


class NotProven(Exception):
    """Name, password or code is wrong; which of them is not told."""


class TooManyTries(Exception):
    """Nothing was looked at; `wait_s` says when it will be again."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"too many tries; again in {wait_s:.0f} s")
        self.wait_s = wait_s


class Busy(Exception):
    """So many people sign in at this moment that others would suffer."""


def prove(name: str, password: str, code: str, then: Callable[[Session, User], Result]) -> Result:
    """What `then` returns, called in the transaction that accepts the proof: for a sign-in or a signature.

    Raises TooManyTries, NotProven, Busy, or passwords.TooLong before anything is looked at.
    """
    passwords.bound(password)
    if not _PLACES.acquire(timeout=_PATIENCE_S):
        raise Busy
    try:
        return _prove(name, password, code, then)
    finally:
        _PLACES.release()


def sign_in(name: str, password: str, code: str) -> str | None:
    """Begin a session for this browser; returns what the person owes before anything else, see `Person`.

    Raises as `prove` does.
    """

    def begin(session: Session, user: User) -> str | None:
        return people.owes(people.begin(session, user, "password"), user, parts().settings)

    return prove(name, password, code, begin)


def by_badge(scanned: str) -> str | None:
    """Begin a session where a badge alone is enough; else the name of the person, whose password must follow.

    Raises badges.NotRecognised, NotProven for a badge that nobody has, and TooManyTries.
    """
    sealed = badges.sealed(scanned, parts().settings.auth.secret_key)
    at_s = steady.seconds()
    address = proxy.address_of(request, parts().settings.auth)
    with parts().store.write() as session:
        row = guesses.locked(session, guesses.key_of_address(address), at_s)
        wait_s = guesses.wait_s(row, PER_ADDRESS, at_s)
        user = users.by_badge(session, sealed) if not wait_s else None
        if wait_s:
            _tell_once(session, row, "", at_s)
        elif user is None or user.disabled:
            user = None
            guesses.add(row, at_s)
            record(session, "sign-in failed", UNKNOWN_BADGE, station(), UNKNOWN_BADGE, {"address": address})
        elif people.is_badge_enough(user, parts().settings):
            people.begin(session, user, people.BADGE)
            return None
    if wait_s:
        raise TooManyTries(wait_s)
    if user is None:
        raise NotProven
    return user.name


def sign_out() -> None:
    """End the session of this browser; does nothing where there is none."""
    token = cookies.token_of(request.cookies, parts().settings)
    cookies.forget()
    if not token:
        return
    with parts().store.write() as session:
        found = sessions.find(session, token)
        if found is None:
            return
        sessions.end(session, found[0].id)
        record(session, "sign-out", found[1].name, station(), found[1].name, {})


def _prove(name: str, password: str, code: str, then: Callable[[Session, User], Result]) -> Result:
    at_s = steady.seconds()
    address = proxy.address_of(request, parts().settings.auth)
    keys = (guesses.key_of_address(address), guesses.key_of_user(name))
    known, is_first = _admit(name, keys, at_s)
    stored = known.password_hash if known is not None and not known.disabled else None
    matches = passwords.matches(stored, password)
    with parts().store.write() as session:
        user = users.locked(session, known.id) if known is not None and matches else None
        if user is not None and _is_proof(user, stored, code):
            guesses.take_back(session, keys, at_s, at_s)
            return then(session, user)
        if is_first:
            who = known.name if known is not None else UNKNOWN_NAME
            record(session, "sign-in failed", who, station(), who, {"address": address})
    raise NotProven


def _is_proof(user: User, stored: str | None, code: str) -> bool:
    """The password matched what was stored a moment ago: is that still so, and the code good?"""
    if user.disabled or user.password_hash != stored:
        return False
    return user.code_key is None or codes.take(user, code, parts().settings.auth.secret_key)


def _admit(name: str, keys: tuple[str, str], at_s: float) -> tuple[User | None, bool]:
    """Count this try for address and user before it is looked at, in one transaction for all processes."""
    with parts().store.write() as session:
        guesses.sweep(session, at_s)
        rows: list[Guesses] = []
        for key, limit in zip(keys, (PER_ADDRESS, PER_USER), strict=True):
            row = guesses.locked(session, key, at_s)
            wait_s = guesses.wait_s(row, limit, at_s)
            if wait_s:
                _tell_once(session, row, name, at_s)
                break
            rows.append(row)
        else:
            for row in rows:
                guesses.add(row, at_s)
            return users.by_name(session, name), len(rows[-1].times) == 1
    raise TooManyTries(wait_s)


def _tell_once(session: Session, row: Guesses, name: str, at_s: float) -> None:
    """One entry for each wait, however often somebody knocks."""
    if row.told_at is not None and at_s - row.told_at < guesses.WINDOW_S:
        return
    row.told_at = at_s
    known = users.by_name(session, name)
    who = known.name if known is not None else UNKNOWN_NAME
    address = proxy.address_of(request, parts().settings.auth)
    details = {
        "address": address,
        "until": (datetime.now(UTC) + timedelta(seconds=guesses.WINDOW_S)).isoformat(),
    }
    record(session, "sign-in limited", who, station(), who, details)
