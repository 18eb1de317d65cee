"""`/api/audit`: who did what, sealed entry to entry; for administrators."""

from typing import Annotated, Any

from flask import Blueprint, Response
from pydantic import Field
from sqlalchemy.orm import Session

from hmi.api import lists, schemas
from hmi.api.lists import CSV, ListQuery, Moment, Plain
from hmi.api.operations import operation
from hmi.auth import ADMIN, requires
from hmi.store import audit_pages
from hmi.store.audit_pages import AuditFilters
from hmi.store.listing import NUMBER

blueprint = Blueprint("api_audit", __name__, url_prefix="/api/audit")


class AuditQuery(ListQuery):
    kind: Plain | None = None
    who: Plain | None = None
    subject: Plain | None = None
    since: Moment | None = None
    until: Moment | None = None
    cursor: Annotated[str, Field(pattern=NUMBER, description="From next")] | None = None


@blueprint.get("")
@requires(ADMIN, passive=True)
@operation("Audit, newest first", schemas.AuditEntries, query=AuditQuery, media=(CSV,))
def listed(query: AuditQuery) -> Response:
    """Every entry carries an HMAC over itself and the one before."""
    kinds = (query.kind,) if query.kind else ()
    filters = AuditFilters(kinds, query.who, query.subject, query.since, query.until)

    def fetch(session: Session, place: str, limit: int) -> tuple[list[Any], str | None]:
        found = audit_pages.entries(session, filters, int(place) if place else None, limit + 1)
        rows = [
            schemas.AuditEntry(**{name: getattr(row, name) for name in schemas.AuditEntry.model_fields})
            for row in found[:limit]
        ]
        return rows, str(rows[-1].id) if len(found) > limit else None

    return lists.answer(query, query.cursor or "", schemas.AuditEntries, fetch)
