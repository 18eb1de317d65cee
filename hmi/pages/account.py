"""`/account`: what people do to their own account; everything that matters asks for the password again."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, render_template
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from hmi import forms, respond
from hmi.auth import PERSON, Person, accounts, codes, passwords, people, person, requires, signing_in
from hmi.parts import parts
from hmi.store import sessions
from hmi.store.users import User

blueprint = Blueprint("account", __name__, url_prefix="/account")


@blueprint.get("")
@requires(PERSON)
def show() -> Response:
    return _page()


@blueprint.post("/password")
@requires(PERSON)
def change_password() -> BaseResponse:
    """A password of one's own choice; every other session of this person ends."""
    sent = forms.read("password", "code", "new", "again")
    wrong = _what_is_wrong(sent["new"], sent["again"])
    if wrong:
        return _page(422, wrong)

    def change(session: Session, user: User) -> None:
        accounts.change_password(session, user, sent["new"], keep=None)
        people.begin(session, user, "password")

    return _proven(sent, change, "password")


@blueprint.post("/codes")
@requires(PERSON)
def set_up_codes() -> BaseResponse:
    """From now on a one-time code belongs to the password; the first one shows that the phone has the key."""
    sent = forms.read("password", "code", "new_code", "sealed_key")
    secret = parts().settings.auth.secret_key
    key = codes.unseal(sent["sealed_key"], _me().id, secret)
    if key is None:
        return _page(422, {"new_code": "This page is too old: scan the picture anew."})
    if not codes.is_of(key, sent["new_code"]):
        return _page(422, {"new_code": "This is not the code of now: look at the phone again."}, key)

    def set_up(session: Session, user: User) -> None:
        accounts.set_codes(session, user.name, user, sent["sealed_key"])
        codes.take(user, sent["new_code"], secret)

    return _proven(sent, set_up, "codes_password", key)


@blueprint.post("/codes/remove")
@requires(PERSON)
def remove_codes() -> BaseResponse:
    sent = forms.read("password", "code")

    def remove(session: Session, user: User) -> None:
        accounts.set_codes(session, user.name, user, None)

    return _proven(sent, remove, "codes_password")


@blueprint.post("/sign-out-elsewhere")
@requires(PERSON)
def sign_out_elsewhere() -> BaseResponse:
    forms.read()
    me = _me()
    with parts().store.write() as session:
        accounts.sign_out_everywhere(session, me.name, session.get_one(User, me.id), keep=me.session)
    return respond.after_post("/account")


def _proven(sent: Mapping[str, str], then: Any, field: str, key: str | None = None) -> BaseResponse:
    """Do it if the password (and code) that came with it is right."""
    try:
        signing_in.prove(_me().name, sent["password"], sent["code"], then)
    except passwords.TooLong as error:
        return _page(422, {field: f"{error}.".capitalize()}, key)
    except signing_in.NotProven:
        return _page(422, {field: "Password or code is wrong."}, key)
    except signing_in.TooManyTries as error:
        response = _page(429, {field: "Too many tries: wait some minutes."}, key)
        response.headers["Retry-After"] = str(int(error.wait_s) + 1)
        return response
    except signing_in.Busy:
        return _page(503, {field: "Many sign in now: try again in a moment."}, key)
    return respond.after_post("/account")


def _what_is_wrong(new: str, again: str) -> Mapping[str, str]:
    try:
        accounts.check_choice(parts().settings, _me().name, new)
    except (passwords.Weak, passwords.TooLong) as error:
        return {"new": str(error)}
    return {} if new == again else {"again": "The two are not the same."}


def _page(status: int = 200, errors: Mapping[str, str] | None = None, key: str | None = None) -> Response:
    """`key` is the one that was scanned: the same picture stays while somebody mistypes."""
    me, settings = _me(), parts().settings
    with parts().store.read() as session:
        user = session.get_one(User, me.id)
        listed = sessions.of_user(session, me.id)
    key = key or codes.new_key()
    body = render_template(
        "account/account.html",
        me=me,
        user=user,
        sessions=[one for one in listed if people.is_in_time(one, settings)],
        errors=errors or {},
        picture=codes.picture(key, user.name, settings.ui.customer),
        key=codes.spelt(key),
        sealed_key=codes.seal(key, me.id, settings.auth.secret_key),
        fewest=settings.auth.password_min,
        zone=settings.time.zone_info,
    )
    response = respond.no_store(body, status)
    if status == 503:
        response.headers["Retry-After"] = "1"
    return response


def _me() -> Person:
    found = person()
    assert found is not None, "the guard lets nobody else come here"  # noqa: S101
    return found
