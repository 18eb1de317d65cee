"""`/api/verdicts`: what the rules said, all of it: verdicts are only ever added."""

from typing import Annotated, Any

from flask import Blueprint, Response
from pydantic import Field
from sqlalchemy.orm import Session

from hmi.api import lists, schemas, stated
from hmi.api.lists import CSV, ListQuery, Ref
from hmi.api.operations import operation
from hmi.auth import SEE, requires
from hmi.store import listing
from hmi.store.runs import key_of

blueprint = Blueprint("api_verdicts", __name__, url_prefix="/api/verdicts")


class VerdictsQuery(ListQuery):
    run: Ref | None = None
    image: Ref | None = None
    cursor: Annotated[str, Field(pattern=listing.NUMBER, description="From next")] | None = None


@blueprint.get("")
@requires(SEE, passive=True)
@operation("Verdicts, newest first", schemas.Verdicts, query=VerdictsQuery, media=(CSV,))
def listed(query: VerdictsQuery) -> Response:
    """One a camera of a run each time that it changed; `current` marks the one that counts."""
    run, image = query.run and key_of(query.run), query.image and key_of(query.image)

    def fetch(session: Session, place: str, limit: int) -> tuple[list[Any], str | None]:
        rows, following = listing.verdicts(session, run or None, image or None, place, limit)
        return stated.verdicts(rows), following

    return lists.answer(query, query.cursor or "", schemas.Verdicts, fetch)
