"""The audit as people read it: by filter, newest first, page by page."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hmi.store.audit import AuditEntry

LARGEST_PAGE = 1_000
MOST_KINDS = 200


@dataclass(frozen=True, slots=True)
class AuditFilters:
    """None or empty: not filtered. `who` and `subject` are whole names; with `pieces`, pieces of any case."""

    kinds: tuple[str, ...] = ()
    who: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    pieces: bool = False


def entries(
    session: Session, filters: AuditFilters | None = None, before: int | None = None, limit: int = 100
) -> list[AuditEntry]:
    """One page; `before` is the id of the last entry of the page before."""
    filters = filters or AuditFilters()
    chosen = select(AuditEntry)
    if filters.kinds:
        chosen = chosen.where(AuditEntry.kind.in_(filters.kinds))
    for column, wanted in ((AuditEntry.who, filters.who), (AuditEntry.subject, filters.subject)):
        if wanted is not None:
            is_found = column.icontains(wanted, autoescape=True) if filters.pieces else column == wanted
            chosen = chosen.where(is_found)
    if filters.since is not None:
        chosen = chosen.where(AuditEntry.at >= filters.since)
    if filters.until is not None:
        chosen = chosen.where(AuditEntry.at <= filters.until)
    if before is not None:
        chosen = chosen.where(AuditEntry.id < before)
    limit = max(1, min(limit, LARGEST_PAGE))
    return list(session.scalars(chosen.order_by(AuditEntry.id.desc()).limit(limit)))


def kinds(session: Session) -> tuple[str, ...]:
    """The kinds of entries that there are, in order, without walking through them."""
    found: list[str] = []
    last = session.scalar(select(func.min(AuditEntry.kind)))
    while last is not None and len(found) < MOST_KINDS:
        found.append(last)
        last = session.scalar(select(func.min(AuditEntry.kind)).where(AuditEntry.kind > last))
    return tuple(found)
