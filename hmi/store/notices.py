"""What is to be told to others by webhook, and what became of it.

Verdicts and decisions are told from their own tables: `hmi_state` holds up to which id that was done, so
telling costs those who judge and decide nothing. A notice stands here while it is being delivered.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Index, Text, UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from hmi.store import state
from hmi.store.columns import Base, BigId, Json

WAITING, DELIVERED, GIVEN_UP = "waiting", "delivered", "given up"


class Notice(Base):
    __tablename__ = "hmi_notice"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    event: Mapped[str] = mapped_column(Text)  # names what is told: verdict-8412, decision-17
    body: Mapped[dict[str, Any]] = mapped_column(Json)
    state: Mapped[str] = mapped_column(Text, default=WAITING)
    queued_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    trouble: Mapped[str] = mapped_column(Text, default="")  # why it could not be delivered yet
    ended_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("event"), Index(None, "state", "id"))


def told_until(session: Session, kind: str) -> int | None:
    """Up to which id rows of this kind have been queued; None: never yet."""
    found = state.get(session, f"told {kind}")
    return None if found is None else int(found)


def tell_from(session: Session, kind: str, number: int) -> None:
    state.put(session, f"told {kind}", number)


def forget(session: Session) -> None:
    """Nobody is told: where telling begins again, what was in between is not told."""
    for kind in ("verdict", "decision"):
        if told_until(session, kind) is not None:
            state.put(session, f"told {kind}", None)


def waiting(session: Session, limit: int) -> list[Notice]:
    """In the order in which they are to be told."""
    return list(
        session.scalars(select(Notice).where(Notice.state == WAITING).order_by(Notice.id).limit(limit))
    )


def sweep(session: Session, now: datetime, days: int) -> None:
    """Remove what was delivered, and give up what nobody took for so long."""
    before = now - timedelta(days=days)
    session.execute(delete(Notice).where(Notice.state != WAITING, Notice.ended_at < before))
    for notice in session.scalars(
        select(Notice).where(Notice.state == WAITING, Notice.queued_at < before).limit(500)
    ):
        notice.state, notice.ended_at = GIVEN_UP, now
