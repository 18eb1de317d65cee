"""`/cameras/<serial>/what-if`: what the draft would have done; `…/dots`: where defects lie."""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from hmi import respond, sent
from hmi.asked_camera import camera_or_404
from hmi.auth import REGIONS, person, requires
from hmi.judging import rulebook
from hmi.parts import parts
from hmi.plant_time import NoSuchTime, moment_of
from hmi.rules import drafts, recent, spots, trials
from hmi.rules.recent import MOST_PARTS, Asked
from hmi.rules.trials import TooMany
from hmi.store.trials import FAILED

blueprint = Blueprint("what_if", __name__, url_prefix="/cameras/<path:serial>")

MOST_BYTES = 4096
USUAL_PARTS, MOST_DOTTED_PARTS = 200, 2_000
LONGEST = 100


@blueprint.post("/what-if")
@requires(REGIONS)
def begin(serial: str) -> Response:
    """202 with the number of the trial, its size, and the revision of the draft that is tried."""
    asked = _asked()
    with parts().store.read() as session:
        camera = camera_or_404(session, serial)
        book = rulebook.newest(session)
        if book is None:
            return sent.told(422, "No rules are published yet: the worker has not run.")
        draft = drafts.draft_of(session, camera)
    now = datetime.now(UTC)
    try:
        trial = parts().trials.begin(camera.serial, _who(), asked, book, draft.state, now)
    except TooMany:
        return sent.told(503, "Many trials run at the moment: try again in a moment.")
    answer = jsonify(number=trial.number, total=trial.total, revision=draft.revision)
    return respond.no_store(answer, 202)


@blueprint.get("/what-if/<number>")
@requires(REGIONS)
def show(serial: str, number: str) -> Response:
    """How far one's own trial is, and what it found."""
    if not (number.isascii() and number.isdigit() and len(number) < 16):
        abort(404)
    with parts().store.read() as session:
        trial = trials.of_person(session, int(number), serial.replace("\0", ""), _who())
    if trial is None:
        abort(404)
    answer: dict[str, Any] = {"done": trial.done, "total": trial.total, "state": trial.state}
    if trial.result is not None:
        answer |= trial.result if trial.state == FAILED else {"result": trial.result}
    return respond.no_store(jsonify(answer))


@blueprint.get("/dots")
@requires(REGIONS)
def dots(serial: str) -> Response:
    """Defects of the last parts as dots, recurring spots and sizes, by the rules in force."""
    text = request.args.get("parts", str(USUAL_PARTS))
    part_type = request.args.get("part_type", "")
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        abort(422)
    if "\0" in part_type:
        abort(400)
    if len(part_type) > LONGEST:
        abort(422)
    asked = Asked(min(int(text), MOST_DOTTED_PARTS), None, part_type or None)
    with parts().store.read() as session:
        camera = camera_or_404(session, serial)
        book = rulebook.newest(session)
        read = recent.read(session, camera.serial, asked)
    if book is None:
        return sent.told(422, "No rules are published yet: the worker has not run.")
    return respond.no_store(jsonify(spots.found_in(read, camera.serial, book)))


def _asked() -> Asked:
    """The newest so many parts, or all since a time of the plant's clocks."""
    body = sent.json_object(MOST_BYTES)
    if not set(body) <= {"parts", "since", "revision"} or ("parts" in body) == ("since" in body):
        abort(422)
    if "since" in body:
        try:
            since = moment_of(str(body["since"]), parts().settings.time.zone_info)
        except NoSuchTime:
            abort(422)
        return Asked(MOST_PARTS, since)
    number = body["parts"]
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= MOST_PARTS:
        abort(422)
    return Asked(number)


def _who() -> str:
    caller = person()
    if caller is None:
        abort(401)
    return caller.name
