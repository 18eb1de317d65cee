"""What is done to accounts, by an administrator, by a command, or by the person: each with its audit entry.

A new role counts from the person's next request; a new password and a disabled account end their sessions.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hmi.auth import passwords
from hmi.auth.stations import station_or_none
from hmi.settings import Settings
from hmi.store import sessions, users
from hmi.store.audit import record
from hmi.store.users import ADMINISTRATOR, User

_NAME = re.compile(r"[\w](?:[\w .@'\\-]{0,62}[\w.])?")
COMMAND = "command line"
THERE_ALREADY = "There is a user with this name already."


class Refused(ValueError):
    """Why something is not done, fit for a person; `field` is where it belongs."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


def add(
    session: Session, who: str, name: str, role: str, *, password: str | None, must_change: bool = True
) -> User:
    """A new user. Without a password they can only come in through the proxy. Raises Refused."""
    if not _NAME.fullmatch(name):
        raise Refused("name", "1 to 64 letters, digits, spaces and . @ ' \\ - _ only.")
    if role not in users.ROLES:
        raise Refused("role", f"One of: {', '.join(users.ROLES)}.")
    if users.by_name(session, name) is not None:
        raise Refused("name", THERE_ALREADY)
    now = datetime.now(UTC)
    user = User(name=name, name_key=users.key_of_name(name), role=role, created_at=now, disabled=False)
    _give(user, password, must_change=must_change and password is not None)
    session.add(user)
    try:
        session.flush()
    except IntegrityError:  # somebody else was a moment faster
        raise Refused("name", THERE_ALREADY) from None
    _note(session, "user added", who, user, role=role, signs_in_by="password" if password else "proxy")
    return user


def reset_password(session: Session, who: str, user: User) -> str:
    """A password for one use, returned here and kept nowhere; the person must choose another one."""
    given = passwords.generated()
    _give(user, given, must_change=True)
    sessions.end_all(session, user.id)
    _note(session, "password reset", who, user)
    return given


def change_password(session: Session, user: User, new: str, keep: int | None) -> None:
    """The person's own choice, already checked; other sessions than `keep` end."""
    _give(user, new, must_change=False)
    sessions.end_all(session, user.id, but=keep)
    _note(session, "password changed", user.name, user)


def set_role(session: Session, who: str, user: User, role: str) -> None:
    """Counts from the next request. Raises Refused."""
    if role not in users.ROLES:
        raise Refused("role", f"One of: {', '.join(users.ROLES)}.")
    if role == user.role:
        return
    _keep_an_administrator(session, user)
    before, user.role = user.role, role
    _note(session, "role changed", who, user, before=before, after=role)


def set_disabled(session: Session, who: str, user: User, disabled: bool) -> None:
    """A disabled user is signed out at once and cannot sign in. Raises Refused."""
    if disabled == user.disabled:
        return
    if disabled:
        _keep_an_administrator(session, user)
        sessions.end_all(session, user.id)
    user.disabled = disabled
    _note(session, "user disabled" if disabled else "user enabled", who, user)


def sign_out_everywhere(session: Session, who: str, user: User, keep: int | None = None) -> int:
    """End the user's sessions, but for `keep`; returns how many ended."""
    ended = sessions.end_all(session, user.id, but=keep)
    _note(session, "signed out everywhere", who, user, sessions=ended)
    return ended


def set_codes(session: Session, who: str, user: User, sealed_key: str | None) -> None:
    """From now on the user needs one-time codes of this key; None: none."""
    if user.code_key is None and sealed_key is None:
        return
    user.code_key, user.code_step = sealed_key, None
    _note(session, "one-time codes set up" if sealed_key else "one-time codes removed", who, user)


def set_badge(session: Session, who: str, user: User, sealed: str | None) -> None:
    """From now on this badge names the user; None: none does. Raises Refused."""
    if sealed == user.badge:
        return
    owner = users.by_badge(session, sealed) if sealed else None
    if owner is not None:
        raise Refused("badge", f"This is the badge of {owner.name}.")
    user.badge = sealed
    _note(session, "badge set" if sealed else "badge removed", who, user)


def check_choice(settings: Settings, user_name: str, password: str) -> None:
    """Raises passwords.Weak or TooLong if this may not become the person's password."""
    passwords.check(password, settings.auth.password_min, [user_name, *_names_of(settings)])


def _names_of(settings: Settings) -> Iterable[str]:
    return settings.ui.customer, settings.ui.site, settings.ui.line


def _give(user: User, password: str | None, *, must_change: bool) -> None:
    user.password_hash = passwords.hash_of(password) if password is not None else None
    user.password_at = datetime.now(UTC) if password is not None else None
    user.must_change = must_change


def _keep_an_administrator(session: Session, user: User) -> None:
    is_one = user.role == ADMINISTRATOR and not user.disabled
    if is_one and users.enabled_administrators(session) < 2:
        raise Refused("role", "This is the only administrator: make somebody else one first.")


def _note(session: Session, kind: str, who: str, user: User, **details: object) -> None:
    record(session, kind, who, station_or_none(), user.name, details)
