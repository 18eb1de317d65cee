"""Tokens of machines: long-lived, with scopes, found by the hash of what the machine holds."""

from datetime import datetime

from sqlalchemy import Index, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from hmi.store.columns import Base, BigId, Json
from hmi.store.sessions import hash_of


class MachineToken(Base):
    """They are revoked, never deleted: what was done with one keeps its name."""

    __tablename__ = "hmi_token"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    token_hash: Mapped[str] = mapped_column(Text)
    scopes: Mapped[list[str]] = mapped_column(Json)
    made_by: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime]
    used_at: Mapped[datetime | None]  # to the minute
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index("uq_hmi_token_name", "name", unique=True),
        Index("uq_hmi_token_token_hash", "token_hash", unique=True),
    )


def by_token(session: Session, token: str) -> MachineToken | None:
    """The one that this is, revoked or not."""
    return session.scalar(select(MachineToken).where(MachineToken.token_hash == hash_of(token)))


def by_name(session: Session, name: str) -> MachineToken | None:
    return session.scalar(select(MachineToken).where(MachineToken.name == name))


def all_of_them(session: Session) -> list[MachineToken]:
    """Those that count first, then by name."""
    order = (MachineToken.revoked_at.is_not(None), MachineToken.name)
    return list(session.scalars(select(MachineToken).order_by(*order)))
