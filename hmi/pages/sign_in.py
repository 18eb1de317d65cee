"""`/sign-in` and `/sign-out`: plain forms, which need no script."""

from collections.abc import Mapping

from flask import Blueprint, Response, render_template, request
from werkzeug.exceptions import Unauthorized
from werkzeug.wrappers import Response as BaseResponse

from hmi import errors, forms, respond
from hmi.auth import PUBLIC, origins, people, requires, signing_in, stations
from hmi.auth.badges import NotRecognised
from hmi.auth.passwords import TooLong
from hmi.problems import is_for_programs

blueprint = Blueprint("sign_in", __name__)

WRONG = "Name, password or code is wrong."
LONGEST_NAME = 256


@blueprint.get("/sign-in")
@requires(PUBLIC)
def show() -> Response:
    return page(origins.own_path(request.args.get("next")))


@blueprint.post("/sign-in")
@requires(PUBLIC)
def sign_in() -> BaseResponse:
    """A new session and on to `next`; or the form again with what is wrong."""
    sent = forms.read("name", "password", "code", "next")
    following = origins.own_path(sent["next"])
    name = sent["name"][:LONGEST_NAME]
    try:
        owes = signing_in.sign_in(name, sent["password"], sent["code"])
    except TooLong:
        return page(following, 422, name=name, wrong={"password": "A password has at most 1024 bytes."})
    except signing_in.NotProven:
        return page(following, 422, name=name, wrong={"password": WRONG})
    except signing_in.TooManyTries as error:
        return too_many(page(following, 429, name=name, wrong={"password": wait_text(error)}), error)
    except signing_in.Busy:
        return page(following, 503, name=name, wrong={"password": "Many sign in now: try again in a moment."})
    return respond.after_post("/account" if owes else following)


@blueprint.post("/sign-in/badge")
@requires(PUBLIC)
def sign_in_by_badge() -> BaseResponse:
    """A badge names the person, whose password follows; or it is enough by itself."""
    sent = forms.read("badge", "next")
    following = origins.own_path(sent["next"])
    try:
        name = signing_in.by_badge(sent["badge"])
    except (NotRecognised, signing_in.NotProven):
        return page(following, 422, wrong={"badge": "This badge is not known."})
    except signing_in.TooManyTries as error:
        return too_many(page(following, 429, wrong={"badge": wait_text(error)}), error)
    return page(following, name=name) if name else respond.after_post(following)


@blueprint.post("/sign-out")
@requires(PUBLIC)
def sign_out() -> BaseResponse:
    """End this browser's session; what it kept of pages goes too."""
    forms.read()
    signing_in.sign_out()
    response = respond.after_post("/")
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def page(
    following: str, status: int = 200, *, name: str = "", wrong: Mapping[str, str] | None = None
) -> Response:
    """The form. It is also the answer to whoever asks for what needs a sign-in."""
    body = render_template(
        "sign_in/sign_in.html",
        following=following,
        name=name,
        errors=wrong or {},
        has_ended=status == 401 and people.has_ended(),
        is_needed=status == 401,
        is_kiosk=stations.station() is not None,
    )
    response = respond.no_store(body, status)
    if status == 503:
        response.headers["Retry-After"] = "1"
    return response


def too_many(response: Response, error: signing_in.TooManyTries) -> Response:
    response.headers["Retry-After"] = str(int(error.wait_s) + 1)
    return response


def wait_text(error: signing_in.TooManyTries) -> str:
    minutes = max(1, round(error.wait_s / 60 + 0.5))
    return f"Too many tries. Nothing was looked at; try again in {minutes} min."


@blueprint.app_errorhandler(401)
def needed(_error: Unauthorized) -> Response:
    """Whoever asks for a page that needs a sign-in is given the form, and then the page."""
    is_for_people = request.accept_mimetypes.best_match(["text/html", "application/json"]) == "text/html"
    if is_for_programs() or not is_for_people or respond.wants_fragment():
        return errors.answer(401, errors.TEXTS[401])
    return page(origins.own_path(request.full_path.rstrip("?")) if request.method == "GET" else "/", 401)
