"""`/api/decisions`: what people said, read-only. Decisions are made by PATCH /api/defects/<id>."""

from typing import Annotated, Any

from flask import Blueprint, Response
from pydantic import Field
from sqlalchemy.orm import Session

from hmi import review
from hmi.api import lists, schemas, stated
from hmi.api.lists import CSV, EARLIEST, ListQuery, Moment
from hmi.api.operations import operation
from hmi.api.reading import Invalid
from hmi.auth import SEE, requires
from hmi.parts import parts
from hmi.store.listing import NUMBER

blueprint = Blueprint("api_decisions", __name__, url_prefix="/api/decisions")


class DecisionsQuery(ListQuery):
    since: Annotated[Moment | None, Field(description="Made at this time or later")] = None
    cursor: Annotated[str, Field(pattern=NUMBER, description="From next")] | None = None


@blueprint.get("")
@requires(SEE, passive=True)
@operation("Decisions, newest first", schemas.Decisions, query=DecisionsQuery, media=(CSV,))
def listed(query: DecisionsQuery) -> Response:
    """Entries on defects and parts, comments and undone ones included."""

    def fetch(session: Session, place: str, limit: int) -> tuple[list[Any], str | None]:
        try:
            page = review.decided_since(session, parts().settings, query.since or EARLIEST, place, limit)
        except ValueError as error:
            raise Invalid([{"field": "cursor", "text": str(error)}]) from None
        return [stated.decided(said) for said in page.items], page.next

    return lists.answer(query, query.cursor or "", schemas.Decisions, fetch)
