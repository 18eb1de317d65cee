"""`/decisions`: decisions of people on defects and parts, one or many, signed where that is needed.

Programs are answered in JSON; people with the decision panel, as it stands now or with what is wrong.
"""

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, abort, jsonify, render_template, request
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from hmi import errors, forms, panels, respond
from hmi.auth import DECIDE, SEE, origins, requires
from hmi.deciding import LONGEST_KEY
from hmi.deciding.asked import Asked, AskedMany, Item, read
from hmi.parts import parts
from hmi.store import OutcomeUnknown
from hmi.store.decisions import Decision
from hmi.store.runs import key_of
from hmi.web_decisions import UNKNOWN, Answer, Unsigned, decided, stated

blueprint = Blueprint("decisions", __name__)
blueprint.before_request(forms.refuse_nul)

_OF_THE_FORM = ("csrf_token", "next", "item")  # fields that are no part of the decision as they are
_OF_A_TICK = ("of", "state", "key", "image")


@blueprint.post("/decisions")
@requires(DECIDE)
def take() -> BaseResponse:
    """201 with the decision, 200 if it was taken before, 409 with who was first, 422 with what is wrong."""
    try:
        asked = read(Asked, _fields())
        wishes = asked.wishes()
    except ValueError as error:
        return errors.answer(422, str(error))
    try:
        answers = decided(asked, wishes)
    except Unsigned as error:
        return _unsigned(error, asked)
    except OutcomeUnknown:
        return _unknown(wishes[0].idempotency, asked)
    return _answer(answers[0], asked)


@blueprint.post("/decisions/batch")
@requires(DECIDE)
def take_many() -> BaseResponse:
    """200 with those that were taken and those that were refused, each with why.

    A browser without JavaScript goes on where it was, or sees what was refused with what was typed.
    """
    try:
        asked = read(AskedMany, _fields() if request.is_json else _fields() | {"items": _ticked()})
        wishes = asked.wishes()
    except ValueError as error:
        return errors.answer(422, str(error))
    try:
        answers = decided(asked, wishes)
    except Unsigned as error:
        return _unsigned(error, asked)
    except OutcomeUnknown:
        return _unknown(wishes[0].idempotency, asked)
    return _answer_many(answers, asked)


@blueprint.get("/decisions/keys/<key>")
@requires(DECIDE)
def find(key: str) -> BaseResponse:
    """The decision that was taken under this idempotency key; 404 if none was."""
    if len(key) > LONGEST_KEY:
        abort(404)
    with parts().store.read() as session:
        entry = session.scalar(select(Decision).where(Decision.key == key))
        if entry is None:
            abort(404)
        found = stated(session, entry)
    return respond.no_store(jsonify(decision=found))


@blueprint.get("/decisions/panel/<subject>/<of>")
@requires(SEE)
def show(subject: str, of: str) -> Response:
    """The panel alone, for a page that shows something else now; for people who follow a link, as a page."""
    try:
        key = key_of(of)
        with parts().store.read() as session:
            panel = panels.of_subject(session, subject, key)
    except (ValueError, LookupError):
        abort(404)
    is_page = _is_for_people() and not respond.wants_fragment()
    template = "panel.html" if is_page else "_panel.html"
    return respond.no_store(render_template(f"decisions/{template}", panel=panel))


def _fields() -> Answer:
    if not request.is_json:
        sent: Any = request.form.to_dict()
    else:
        try:
            sent = request.get_json()
        except RecursionError:
            abort(400)
    if isinstance(sent, dict):
        return {name: value for name, value in sent.items() if name not in _OF_THE_FORM}
    raise ValueError("a decision is an object with fields")


def _ticked() -> list[dict[str, str]]:
    """What the ticks of a form name; one that names too little is refused as any other item."""
    return [dict(zip(_OF_A_TICK, tick.split(" "), strict=False)) for tick in request.form.getlist("item")]


def _answer_many(answers: list[Answer], asked: AskedMany) -> BaseResponse:
    taken = [answer for answer in answers if "decision" in answer]
    refused = [answer for answer in answers if "decision" not in answer]
    if not _is_for_people():
        return respond.no_store(jsonify(taken=taken, refused=refused))
    if not refused:
        return respond.after_post(origins.own_path(request.form.get("next")))
    again = {one["of"] for one in refused if one.get("needs")}  # what lacked something, not what was decided
    needs = next((one["needs"] for one in refused if one.get("needs")), None)
    told = {"status": refused[0]["status"], "refused": refused, "taken": len(taken), "needs": needs}
    return _batch(told, asked, [item for item in asked.items if item.of in again])


def _answer(told: Answer, asked: Asked) -> BaseResponse:
    if "decision" not in told:
        return _refusal(told, asked)
    if respond.wants_fragment():
        return _panel(asked, 200)
    if _is_for_people():
        return respond.after_post(origins.own_path(request.form.get("next")))
    return respond.no_store(jsonify(told), 200 if told["repeated"] else 201)


def _refusal(told: Answer, asked: Asked | AskedMany) -> Response:
    if not (respond.wants_fragment() or _is_for_people()):
        return respond.no_store(jsonify(told), told["status"])
    if isinstance(asked, AskedMany):
        return _batch(told, asked, asked.items)
    return _panel(asked, told["status"], told)


def _batch(told: Answer, asked: AskedMany, again: list[Item]) -> Response:
    """Why not all were decided, and those that can be sent again with what was typed."""
    batch = panels.of_many(
        origins.own_path(request.form.get("next")),
        ticks=[" ".join((item.of, item.state, item.key, item.image)) for item in again],
        reason=asked.reason,
        signer=asked.signer,
        **{name: told[name] for name in ("error", "needs", "refused", "taken") if name in told},
    )
    return respond.no_store(render_template("decisions/refused_many.html", batch=batch), told["status"])


def _panel(asked: Asked, status: int, told: Answer | None = None) -> Response:
    """The panel as it stands now; where nothing was decided, with why and with what was typed."""
    with parts().store.read() as session:
        try:
            panel = panels.of_subject(session, asked.subject, key_of(asked.of))
        except LookupError:
            return errors.answer(404, "There is no such defect or part any more.")
    if told is not None:
        first, needs = _first(told.get("first")), told.get("needs")
        panel = panel.refused(
            told["error"], first=first, needs=needs, reason=asked.reason, signer=asked.signer
        )
        if told.get("outcome") == "unknown":
            panel = replace(panel, key=asked.key)  # sent again it counts once
    template = "_panel.html" if respond.wants_fragment() else "panel.html"
    return respond.no_store(render_template(f"decisions/{template}", panel=panel), status)


def _first(said_first: Answer | None) -> str:
    """Who was first, and what they said."""
    if not said_first:
        return ""
    what = "took it back" if said_first["act"] == "undo" else f"said “{said_first['label']}”"
    why = f": {said_first['reason']}" if said_first["reason"] else ""
    return f"{said_first['who']} {what} at {said_first['when']}{why}"


def _unsigned(error: Unsigned, asked: Asked | AskedMany) -> Response:
    response = _refusal({"status": error.status, "error": str(error), "needs": "signature"}, asked)
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(int(error.retry_after_s) + 1)
    return response


def _unknown(key: str, asked: Asked | AskedMany) -> Response:
    """It may stand or not: never said to be saved, never sent again before somebody looked."""
    response = _refusal({"status": 503, "error": UNKNOWN, "outcome": "unknown", "key": key}, asked)
    response.headers["Retry-After"] = "1"
    return response


def _is_for_people() -> bool:
    return request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"
