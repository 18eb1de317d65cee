"""`/api/parts`: runs, one a trigger."""

from typing import Annotated, Any

from flask import Blueprint, Response
from pydantic import Field
from sqlalchemy.orm import Session

from hmi import review
from hmi.api import lists, schemas, stated
from hmi.api.images import run_or_404
from hmi.api.lists import CSV, ListQuery, Moment, Plain
from hmi.api.operations import operation
from hmi.auth import SEE, requires
from hmi.parts import parts
from hmi.store import line, listing
from hmi.store.listing import RunFilter

blueprint = Blueprint("api_parts", __name__, url_prefix="/api/parts")


class PartsQuery(ListQuery):
    serial: Annotated[Plain | None, Field(description="The whole serial")] = None
    part_type: Plain | None = None
    verdict: schemas.VerdictWord | None = None
    since: Annotated[Moment | None, Field(description="Triggered at this time or later")] = None
    until: Annotated[Moment | None, Field(description="Triggered before this time")] = None
    cursor: Annotated[str, Field(pattern=listing.PLACE, description="From next")] | None = None


@blueprint.get("")
@requires(SEE, passive=True)
@operation("Parts, newest first", schemas.Parts, query=PartsQuery, media=(CSV,))
def listed(query: PartsQuery) -> Response:
    """By trigger time. The newest run of a serial is the current one."""
    wanted = RunFilter(query.serial, query.part_type, query.verdict, query.since, query.until)

    def fetch(session: Session, place: str, limit: int) -> tuple[list[Any], str | None]:
        rows, following = listing.runs(session, wanted, place, limit)
        return stated.parts(session, rows), following

    return lists.answer(query, query.cursor or "", schemas.Parts, fetch)


@blueprint.get("/<run>")
@requires(SEE, passive=True)
@operation("One part", schemas.PartWithAll)
def show(run: str) -> schemas.PartWithAll:
    """With its images, its present verdicts and all that people said of it and its defects."""
    with parts().store.read() as session:
        row = run_or_404(session, run)
        said = review.of_run(session, parts().settings, row.key)
        return schemas.PartWithAll(
            **dict(stated.parts(session, [row])[0]),
            images=stated.images(session, line.images_of(session, row)),
            verdicts=stated.verdicts(line.verdicts_of(session, row)),
            decisions=[stated.decided(one) for one in said],
        )
