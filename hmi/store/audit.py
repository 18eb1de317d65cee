"""What people did and what was done to their records: append-only, every entry sealed to the one before.

Each entry carries an HMAC over itself and the HMAC of its predecessor, under a key that is not in the
database. Ids have no gaps. The newest id and HMAC stand in `hmi_state` too, so that entries cut off at the
end are missed.
"""

import hmac
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Index, Text, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, Session, mapped_column

from hmi.store.columns import Base, BigId, Json
from hmi.store.database import StoreUnavailable
from hmi.store.state import State

HEAD = "audit"
FIRST = ""  # what the first entry has for a predecessor
PAGE = 1_000
KEY = "audit_key"  # where a session of the store holds the key


class AuditEntry(Base):
    __tablename__ = "hmi_audit"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(Text)
    who: Mapped[str] = mapped_column(Text)
    station: Mapped[str | None] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column(Json)
    prev_hmac: Mapped[str] = mapped_column(Text)
    hmac: Mapped[str] = mapped_column(Text)

    __table_args__ = (
        Index(None, "kind", "id"),
        Index(None, "who", "id"),
        Index(None, "subject", "id"),
        Index(None, "at", "id"),
    )


@dataclass(frozen=True, slots=True)
class Verified:
    """What a look at the whole audit found; `faults` is empty where it is untouched."""

    entries: int
    head: str
    faults: tuple[str, ...]


def record(
    session: Session, kind: str, who: str, station: str | None, subject: str, details: Mapping[str, Any]
) -> None:
    """Append an entry within the caller's transaction.

    Entries are appended one after the other: the next caller waits until this transaction has ended. Raises
    StoreUnavailable when the entry cannot be written; then nothing of the transaction may be kept.
    """
    key = session.info.get(KEY)
    if not key:
        raise StoreUnavailable("the audit has no key")
    try:
        newest = session.get(State, HEAD, with_for_update=True, populate_existing=True)
        if newest is None:
            newest = State(name=HEAD, number=0, body=FIRST)
            session.add(newest)
        entry = AuditEntry(
            id=(newest.number or 0) + 1,
            at=datetime.now(UTC),
            kind=_plain(kind),
            who=_plain(who),
            station=_plain(station),
            subject=_plain(subject),
            details=_plain(dict(details)),
            prev_hmac=newest.body,
        )
        entry.hmac = sealed(entry, key)
        newest.number, newest.body = entry.id, entry.hmac
        session.add(entry)
        session.flush()
    except DBAPIError as error:
        raise StoreUnavailable("the audit cannot be written") from error


def sealed(entry: AuditEntry, key: bytes) -> str:
    """The HMAC of an entry's content and of its predecessor's HMAC."""
    said = [
        entry.id,
        entry.at.astimezone(UTC).isoformat(),
        entry.kind,
        entry.who,
        entry.station,
        entry.subject,
        entry.details,
        entry.prev_hmac,
    ]
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return hmac.new(key, text.encode(), "sha256").hexdigest()


def head(session: Session) -> tuple[int, str]:
    """How many entries there should be, and the HMAC of the newest one."""
    newest = session.get(State, HEAD, populate_existing=True)
    return (newest.number or 0, str(newest.body)) if newest else (0, FIRST)


def verify(session: Session, key: bytes) -> Verified:
    """Look at every entry: changed, missing and reordered ones are named, and those cut off at the end."""
    return verified(_in_order(session), lambda: head(session), key)


def verified(entries: Iterable[AuditEntry], newest: Callable[[], tuple[int, str]], key: bytes) -> Verified:
    """The same of entries from anywhere, by id. `newest` says, after them, which one should be the last."""
    faults: list[str] = []
    before, seal = 0, FIRST
    for entry in entries:
        if entry.id != before + 1:
            faults.append(f"{_numbers(before + 1, entry.id - 1)} missing")
        elif entry.prev_hmac != seal:
            faults.append(f"entry {entry.id} does not follow entry {before}")
        if not hmac.compare_digest(entry.hmac, sealed(entry, key)):
            faults.append(f"entry {entry.id} was changed, or sealed with another key")
        before, seal = entry.id, entry.hmac
    number, body = newest()
    if number > before:
        faults.append(f"{_numbers(before + 1, number)} missing at the end")
    elif (number, body) != (before, seal):
        faults.append(f"the newest entry should be {number}, and is {before}")
    return Verified(before, seal, tuple(faults))


def _in_order(session: Session) -> Iterator[AuditEntry]:
    after = 0
    while True:
        page = select(AuditEntry).where(AuditEntry.id > after).order_by(AuditEntry.id).limit(PAGE)
        entries = session.scalars(page).all()
        yield from entries
        if len(entries) < PAGE:
            return
        after = entries[-1].id
        session.expunge_all()


def _numbers(first: int, last: int) -> str:
    return f"entry {first} is" if first == last else f"entries {first} to {last} are"


def _plain(value: Any) -> Any:
    """As every database gives it back unchanged: no fractions, no NUL, no half characters, times as text."""
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, float):
        return str(value) if math.isfinite(value) else None
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Mapping):
        return {_plain(str(name)): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
