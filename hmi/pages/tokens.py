"""`/admin/tokens`: tokens of machines: what they may do, when they were used, and taking them back."""

from collections.abc import Mapping, Sequence

from flask import Blueprint, Response, abort, render_template
from werkzeug.wrappers import Response as BaseResponse

from hmi import forms, respond
from hmi.auth import ADMIN, person, requires, tokens
from hmi.auth.accounts import Refused
from hmi.auth.permissions import SCOPE_PERMISSIONS
from hmi.parts import parts
from hmi.store.tokens import all_of_them

blueprint = Blueprint("tokens", __name__, url_prefix="/admin/tokens")

#: scope → what it allows, in words
SCOPES = {
    "read": "read what screens show",
    "decide": "decide on defects",
    "regions": "draw regions and set limits",
}


@blueprint.get("")
@requires(ADMIN)
def show() -> Response:
    return _page()


@blueprint.post("")
@requires(ADMIN)
def make() -> Response:
    """A new token, shown in the answer and never again."""
    sent = forms.read("name", *SCOPES)
    name = sent["name"].strip()
    scopes = [scope for scope in SCOPE_PERMISSIONS if sent[scope]]
    try:
        with parts().store.write() as session:
            given = tokens.make(session, _who(), name, scopes)
    except Refused as error:
        return _page(422, errors={error.field: str(error)}, name=name, chosen=scopes)
    return _page(given=(name, given))


@blueprint.post("/<int:number>/revoke")
@requires(ADMIN)
def revoke(number: int) -> BaseResponse:
    forms.read()
    with parts().store.write() as session:
        if number >= 2**31 or not tokens.revoke(session, _who(), number):
            abort(404)
    return respond.after_post("/admin/tokens")


def _page(
    status: int = 200,
    *,
    given: tuple[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    name: str = "",
    chosen: Sequence[str] = ("read",),
) -> Response:
    with parts().store.read() as session:
        listed = all_of_them(session)
    body = render_template(
        "tokens/tokens.html",
        tokens=listed,
        scopes=SCOPES,
        given=given,
        errors=errors or {},
        name=name,
        chosen=chosen,
        zone=parts().settings.time.zone_info,
    )
    return respond.no_store(body, status)


def _who() -> str:
    caller = person()
    return caller.name if caller is not None else ""
