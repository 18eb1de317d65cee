"""`/admin/users`: who can sign in, and as what."""

from collections.abc import Mapping

from flask import Blueprint, Response, abort, render_template
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from hmi import forms, respond
from hmi.auth import ADMIN, accounts, badges, passwords, person, requires
from hmi.auth.accounts import Refused
from hmi.parts import parts
from hmi.store import users
from hmi.store.users import User

blueprint = Blueprint("users", __name__, url_prefix="/admin/users")


@blueprint.get("")
@requires(ADMIN)
def show() -> Response:
    return _page()


@blueprint.post("")
@requires(ADMIN)
def add() -> Response:
    """A new user; the password that is given out is shown in the answer and never again."""
    sent = forms.read("name", "role", "signs_in_by")
    given = None if sent["signs_in_by"] == "proxy" else passwords.generated()
    try:
        with parts().store.write() as session:
            user = accounts.add(session, _who(), sent["name"], sent["role"], password=given)
    except Refused as error:
        return _page(422, errors={error.field: str(error)}, typed=sent)
    return _page(given=(user.name, given) if given else None)


@blueprint.post("/<int:number>/password")
@requires(ADMIN)
def reset_password(number: int) -> Response:
    """Another password for one use, shown in the answer and never again."""
    forms.read()
    with parts().store.write() as session:
        user = _user_or_404(session, number)
        given = accounts.reset_password(session, _who(), user)
    return _page(given=(user.name, given))


@blueprint.post("/<int:number>/role")
@requires(ADMIN)
def set_role(number: int) -> BaseResponse:
    sent = forms.read("role")
    try:
        with parts().store.write() as session:
            accounts.set_role(session, _who(), _user_or_404(session, number), sent["role"])
    except Refused as error:
        return _page(422, errors={str(number): str(error)})
    return respond.after_post("/admin/users")


@blueprint.post("/<int:number>/disabled")
@requires(ADMIN)
def set_disabled(number: int) -> BaseResponse:
    sent = forms.read("disabled")
    if sent["disabled"] not in ("yes", "no"):
        abort(422)
    try:
        with parts().store.write() as session:
            accounts.set_disabled(session, _who(), _user_or_404(session, number), sent["disabled"] == "yes")
    except Refused as error:
        return _page(422, errors={str(number): str(error)})
    return respond.after_post("/admin/users")


@blueprint.post("/<int:number>/sign-out")
@requires(ADMIN)
def sign_out(number: int) -> BaseResponse:
    forms.read()
    with parts().store.write() as session:
        accounts.sign_out_everywhere(session, _who(), _user_or_404(session, number))
    return respond.after_post("/admin/users")


@blueprint.post("/<int:number>/codes")
@requires(ADMIN)
def remove_codes(number: int) -> BaseResponse:
    """For whoever lost the phone."""
    forms.read()
    with parts().store.write() as session:
        accounts.set_codes(session, _who(), _user_or_404(session, number), None)
    return respond.after_post("/admin/users")


@blueprint.post("/<int:number>/badge")
@requires(ADMIN)
def set_badge(number: int) -> BaseResponse:
    """The badge that names this user; an empty field takes it away."""
    sent = forms.read("badge")
    try:
        sealed = badges.sealed(sent["badge"], parts().settings.auth.secret_key) if sent["badge"] else None
        with parts().store.write() as session:
            accounts.set_badge(session, _who(), _user_or_404(session, number), sealed)
    except (badges.NotRecognised, Refused) as error:
        return _page(422, errors={str(number): str(error)})
    return respond.after_post("/admin/users")


def _page(
    status: int = 200,
    *,
    given: tuple[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    with parts().store.read() as session:
        listed = users.everybody(session)
    body = render_template(
        "users/users.html",
        users=listed,
        roles=users.ROLES,
        given=given,
        errors=errors or {},
        typed=typed or {"name": "", "role": users.OPERATOR, "signs_in_by": "password"},
        by_proxy=bool(parts().settings.auth.proxy_header),
        zone=parts().settings.time.zone_info,
    )
    return respond.no_store(body, status)


def _user_or_404(session: Session, number: int) -> User:
    user = users.locked(session, number) if number < 2**31 else None
    if user is None:
        abort(404)
    return user


def _who() -> str:
    caller = person()
    return caller.name if caller is not None else ""
