"""`/api/defects`: what the vision system found, and what people decide on it."""

from typing import Annotated, Any, Literal

from flask import Blueprint, Response, abort
from flask.sansio.blueprints import BlueprintSetupState
from pydantic import Field
from sqlalchemy.orm import Session
from werkzeug.routing import BaseConverter
from werkzeug.wrappers import Response as BaseResponse

from hmi.api import lists, schemas, stated
from hmi.api.images import image_or_404
from hmi.api.lists import CSV, ListQuery
from hmi.api.operations import in_json, operation
from hmi.api.reading import Body, Invalid
from hmi.auth import DECIDE, SEE, requires
from hmi.deciding import LONGEST_KEY, LONGEST_REASON
from hmi.deciding.asked import Asked
from hmi.parts import parts
from hmi.problems import problem
from hmi.store import OutcomeUnknown
from hmi.store.runs import Defect, Image, Key, key_of
from hmi.web_decisions import UNKNOWN, Answer, Unsigned, decided

blueprint = Blueprint("api_defects", __name__, url_prefix="/api/defects")


class ButStatistics(BaseConverter):
    """Any word but one: the statistics beside the defects are no defect that could be decided on."""

    regex = "(?!statistics$)[^/]+"
    part_isolating = True


@blueprint.record_once
def _know_it(state: BlueprintSetupState) -> None:
    state.app.url_map.converters["but_statistics"] = ButStatistics


Line = Annotated[str, Field(pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")]


class DefectsQuery(ListQuery):
    limit: Annotated[lists.Whole, Field(ge=1, le=lists.MOST)] = lists.MOST
    cursor: Annotated[str, Field(pattern=lists.REFERENCE, description="From next")] | None = None


class DefectDecision(Body):
    """What is decided on a defect, on which state of it."""

    disposition: Literal["okay", "scrap", "undo", "comment"] = Field(
        description="okay: a false call; scrap: a true defect; undo: take back what is in force",
        examples=["okay"],
    )
    state: Annotated[
        Line, Field(max_length=60, description="As read with the defect", examples=["0-1f2e3d4c"])
    ]
    key: Annotated[
        Line,
        Field(
            min_length=8,
            max_length=LONGEST_KEY,
            description="Idempotency: the same for every try of this decision",
            examples=["mes-2026-05-08-000123"],
        ),
    ]
    reason: Annotated[Line, Field(max_length=LONGEST_REASON, examples=["tool mark"])] = ""
    signer: Annotated[Line, Field(max_length=256, description="Where settings ask for a signature")] = ""
    password: Annotated[Line, Field(max_length=1024)] = ""
    code: Annotated[Line, Field(max_length=30)] = ""


@blueprint.get("/image/<image_id>")
@requires(SEE, passive=True)
@operation("Defects of an image", schemas.Defects, query=DefectsQuery, media=(CSV,))
def of_image(image_id: str, query: DefectsQuery) -> Response:
    """In the order of their ids: box, size, what the rules say and why, what people decided."""
    with parts().store.read() as session:
        key = image_or_404(session, image_id).key

    found: list[schemas.Defect] = []  # judged once, however many pages a table takes

    def fetch(session: Session, place: str, limit: int) -> tuple[list[Any], str | None]:
        image = session.get(Image, key)
        if image is not None and not found:  # or retention took it meanwhile
            found.extend(stated.defects(session, parts().settings, image))
        left = [one for one in found if not place or _in_order(one.id) > _in_order(place)]
        return left[:limit], left[limit - 1].id if len(left) > limit else None

    return lists.answer(query, query.cursor or "", schemas.Defects, fetch)


@blueprint.get("/<but_statistics:defect>")
@requires(SEE, passive=True)
@operation("One defect", schemas.Defect)
def show(defect: str) -> schemas.Defect:
    """With the `state` that a decision on it names."""
    with parts().store.read() as session:
        row = _defect_or_404(session, defect)
        image = session.get(Image, (row.image_generation, row.image_id or 0))
        if image is None:
            abort(404)
        found = stated.defects(session, parts().settings, image)
    one = next((one for one in found if one.id == defect), None)
    if one is None:
        abort(404)
    return one


@blueprint.patch("/<but_statistics:defect>")
@requires(DECIDE)
@operation(
    "Decide on a defect",
    schemas.Decided,
    status=201,
    body=DefectDecision,
    problems=(409, 429),
    also={200: "It had been taken before, under the same key."},
)
def decide(defect: str, body: DefectDecision) -> BaseResponse:
    """The very decision of the pages: audited, written to the plant database, never over somebody else's.

    409: somebody was first (`first` says who and what) or the defect changed; `state` is the present one. 422
    with `needs`: a reason or a signature is missing. 503 with `outcome: unknown`: send the same again.
    """
    with parts().store.read() as session:
        _defect_or_404(session, defect)
    try:
        asked = Asked(
            subject="defect", of=defect, word=body.disposition, **body.model_dump(exclude={"disposition"})
        )
        (told,) = decided(asked, asked.wishes())
    except ValueError as error:
        raise Invalid([{"field": "body", "text": str(error)}]) from None
    except Unsigned as error:
        return _unsigned(error)
    except OutcomeUnknown:
        return problem(503, UNKNOWN, outcome="unknown", key=body.key)
    return _answer(told)


def _in_order(reference: str) -> Key:
    """Defects of an image come by their id."""
    generation, number = key_of(reference)
    return number, generation


def _answer(told: Answer) -> BaseResponse:
    if "decision" in told:
        entry = dict(told["decision"])
        state = entry.pop("state")
        done = schemas.Decided(
            decision=schemas.Decision(**{name: entry[name] for name in schemas.Decision.model_fields}),
            state=state,
            repeated=told["repeated"],
        )
        return in_json(done, 200 if told["repeated"] else 201)
    status, text = told.pop("status"), told.pop("error")
    return problem(status, f"{text}.".capitalize(), **told)


def _unsigned(error: Unsigned) -> Response:
    response = problem(error.status, str(error), needs="signature")
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(int(error.retry_after_s) + 1)
    return response


def _defect_or_404(session: Session, text: str) -> Defect:
    try:
        row = session.get(Defect, key_of(text))
    except ValueError:
        row = None
    if row is None or row.gone:
        abort(404)
    return row
