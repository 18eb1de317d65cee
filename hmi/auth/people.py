"""Who asks: the person behind the request, from a session in the store. The only module on Flask-Login."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import Flask, Request, current_app, g, request
from flask_login import AnonymousUserMixin, LoginManager, UserMixin, current_user
from sqlalchemy import update
from sqlalchemy.orm import Session

from hmi import steady
from hmi.auth import bearers, cookies, proxy
from hmi.auth.stations import station
from hmi.parts import parts
from hmi.settings import Settings
from hmi.store import StoreUnavailable, sessions, users
from hmi.store.audit import record
from hmi.store.sessions import TOKEN, SignedIn
from hmi.store.tokens import MachineToken
from hmi.store.users import User

SEEN_EVERY = timedelta(minutes=1)
CLOCK_DOUBT = timedelta(minutes=5)
PASSWORD, CODE, BADGE = "password", "code", "badge"
MACHINE = "machine"  # the role of whom a machine token names


@dataclass(frozen=True, eq=False)
class Person(UserMixin):
    """Somebody who is signed in, as the store said when this request began."""

    id: int
    name: str
    role: str
    session: int
    how: str  # password, badge, proxy or token
    idle_s: int
    owes: str | None  # PASSWORD or CODE: what must be set up before anything else
    scopes: frozenset[str] | None = None  # of a machine: all that it may do


def register(app: Flask) -> None:
    manager = LoginManager()
    manager.session_protection = None  # sessions are ours, in the store
    manager.anonymous_user = AnonymousUserMixin
    manager.request_loader(_load)
    manager.init_app(app, add_context_processor=False)
    app.after_request(cookies.hand_out)


def person() -> Person | None:
    """Who asks; None if nobody is signed in, or if the store cannot say (`is_unknown`)."""
    return current_user._get_current_object() if current_user.is_authenticated else None


def is_unknown() -> bool:
    """Whether the store did not answer when it was asked who this is."""
    return bool(g.get("hmi_unknown_person"))


def has_ended() -> bool:
    """Whether the caller was signed in until time ended it."""
    return bool(g.get("hmi_ended"))


def lives(signed_in: SignedIn, user: User, settings: Settings, now: datetime) -> bool:
    """Whether this session still counts. `now` is the steady clock's; for a token the machine's, by which it
    was signed. A clock that shows a time before the session's own does not make it last longer. Who came by a
    badge alone is out as soon as it is no more enough: another role may do more than a badge is good for."""
    if user.disabled or (signed_in.how == BADGE and not is_badge_enough(user, settings)):
        return False
    return is_in_time(signed_in, settings, now)


def is_badge_enough(user: User, settings: Settings) -> bool:
    """Whether this person's badge alone signs them in."""
    auth = settings.auth
    owes_more = user.must_change or user.code_key is not None or user.role in auth.totp_roles
    return user.role in auth.badge_roles and not owes_more


def is_in_time(signed_in: SignedIn, settings: Settings, now: datetime | None = None) -> bool:
    now = now or (datetime.now(UTC) if signed_in.how == TOKEN else steady.now())
    if signed_in.how == TOKEN:  # it says itself how long it lasts, and nobody sits in front of it
        return signed_in.began_at - CLOCK_DOUBT <= now < signed_in.ends_at
    unseen = now - signed_in.seen_at
    return -CLOCK_DOUBT <= unseen <= idle_of(signed_in, settings) and now < signed_in.ends_at


def idle_of(signed_in: SignedIn, settings: Settings) -> timedelta:
    auth = settings.auth
    return timedelta(minutes=auth.kiosk_idle_minutes if signed_in.station else auth.idle_minutes)


def owes(signed_in: SignedIn, user: User, settings: Settings) -> str | None:
    """What must be set up before anything else; whom a proxy signed in has done so there."""
    if signed_in.how not in ("password", TOKEN):
        return None
    if user.must_change:
        return PASSWORD
    return CODE if user.role in settings.auth.totp_roles and not user.code_key else None


def _load(asked: Request) -> Person | None:
    try:
        token = bearers.sent(asked)
        if token is not None:
            return _of_bearer(token)
        return _proxied(asked) or _of_cookie(asked)
    except StoreUnavailable:
        g.hmi_unknown_person = True
        return None


def is_refused() -> bool:
    """Whether a token was sent that names nobody."""
    return bool(g.get("hmi_refused_token"))


def machine_name(token: MachineToken) -> str:
    """As records name it: no user can be called so."""
    return f"{token.name} (token)"


def _of_bearer(token: str) -> Person | None:
    house, now = parts(), datetime.now(UTC)
    with house.store.read() as session:
        holder = bearers.holder(session, house.settings.auth, token)
    if holder is not None and holder.machine is not None:
        return _machine(holder.machine, now)
    if holder is None or holder.session is None or not lives(*holder.session, house.settings, now):
        g.hmi_refused_token = True
        return None
    return _person(*holder.session, house.settings)


def _machine(token: MachineToken, now: datetime) -> Person:
    if token.used_at is None or now - token.used_at >= SEEN_EVERY:
        with suppress(StoreUnavailable), parts().store.write() as session:
            session.execute(update(MachineToken).where(MachineToken.id == token.id).values(used_at=now))
    return Person(0, machine_name(token), MACHINE, 0, TOKEN, 0, None, frozenset(token.scopes))


def _of_cookie(asked: Request) -> Person | None:
    token = cookies.token_of(asked.cookies, parts().settings)
    if not token:
        return None
    house, now = parts(), steady.now()
    with house.store.read() as session:
        found = sessions.find(session, token)
    if found is None or not lives(*found, house.settings, now):
        g.hmi_ended = found is not None and not found[1].disabled
        return None
    signed_in, user = found
    if now - signed_in.seen_at >= SEEN_EVERY and not _is_passive():
        with house.store.write() as session:
            sessions.saw(session, signed_in.id, now)
    return _person(signed_in, user, house.settings)


def _proxied(asked: Request) -> Person | None:
    """Whom a trusted proxy names. The first request that is more than a picture begins a session."""
    name = proxy.named(asked, parts().settings.auth)
    if not name:
        return None
    known = _of_cookie(asked)
    if known is not None and users.key_of_name(known.name) == users.key_of_name(name):
        return known
    with parts().store.write() as session:
        user = users.by_name(session, name)
        if user is None or user.disabled:
            return None
        signed_in = begin(session, user, "proxy")
        session.flush()
        return _person(signed_in, user, parts().settings)


def begin(session: Session, user: User, how: str) -> SignedIn:
    """A new session with an id of its own; what this browser was signed in as before ends."""
    settings, now = parts().settings, steady.now()
    idle, kiosk_idle = (
        timedelta(minutes=settings.auth.idle_minutes),
        timedelta(minutes=settings.auth.kiosk_idle_minutes),
    )
    sessions.sweep(session, now, idle, kiosk_idle)
    before = sessions.find(session, cookies.token_of(request.cookies, parts().settings))
    if before is not None:
        sessions.end(session, before[0].id)
    token = cookies.new_token()
    if how != "proxy":  # whom a proxy names is met while a page is being made: its forms must stay good
        cookies.renew_forms()
    signed_in = SignedIn(
        token_hash=sessions.hash_of(token),
        user_id=user.id,
        how=how,
        station=station(),
        address=proxy.address_of(request, settings.auth),
        began_at=now,
        seen_at=now,
        ends_at=now + timedelta(hours=settings.auth.absolute_hours),
    )
    session.add(signed_in)
    user.signed_in_at = datetime.now(UTC)
    record(session, "sign-in", user.name, station(), user.name, {"how": how, "address": signed_in.address})
    return signed_in


def _person(signed_in: SignedIn, user: User, settings: Settings) -> Person:
    idle_s = int(idle_of(signed_in, settings).total_seconds())
    return Person(
        user.id, user.name, user.role, signed_in.id, signed_in.how, idle_s, owes(signed_in, user, settings)
    )


def _is_passive() -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    passive: bool | str = getattr(view, "hmi_passive", False)
    return passive in request.args if isinstance(passive, str) else passive
