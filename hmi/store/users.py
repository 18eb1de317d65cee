"""People who can sign in. They are disabled, never deleted: what they decided keeps their name."""

import unicodedata
from datetime import datetime

from sqlalchemy import Index, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from hmi.store.columns import Base, BigId

OPERATOR, SUPERVISOR, ENGINEER, ADMINISTRATOR = "operator", "supervisor", "engineer", "administrator"
ROLES = (OPERATOR, SUPERVISOR, ENGINEER, ADMINISTRATOR)


class User(Base):
    """`name` is as it was written, `name_key` what two names are compared by."""

    __tablename__ = "hmi_user"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str | None] = mapped_column(Text)  # None: signs in through the proxy only
    must_change: Mapped[bool] = mapped_column(default=False)  # the password was given out by somebody else
    disabled: Mapped[bool] = mapped_column(default=False)
    code_key: Mapped[str | None] = mapped_column(Text)  # sealed; of the one-time codes
    code_step: Mapped[int | None]  # the last time step whose code was taken: no code counts twice
    badge: Mapped[str | None] = mapped_column(Text)  # HMAC of what the scanner reads
    created_at: Mapped[datetime]
    password_at: Mapped[datetime | None]
    signed_in_at: Mapped[datetime | None]

    __table_args__ = (
        Index("uq_hmi_user_name_key", "name_key", unique=True),
        Index("uq_hmi_user_badge", "badge", unique=True),
    )


def key_of_name(name: str) -> str:
    """Names that look alike are one name: Müller, MÜLLER and the same with a combining mark."""
    return unicodedata.normalize("NFKC", name).casefold().strip()


def by_name(session: Session, name: str) -> User | None:
    return session.scalar(select(User).where(User.name_key == key_of_name(name)))


def by_badge(session: Session, sealed: str) -> User | None:
    return session.scalar(select(User).where(User.badge == sealed))


def locked(session: Session, number: int) -> User | None:
    """The user, held against other writers until the transaction ends."""
    return session.scalar(select(User).where(User.id == number).with_for_update())


def everybody(session: Session) -> list[User]:
    return list(session.scalars(select(User).order_by(User.disabled, User.name_key)))


def enabled_administrators(session: Session) -> int:
    """How many administrators can sign in. Their rows are held: two who demote each other take turns."""
    found = session.scalars(
        select(User.id).where(User.role == ADMINISTRATOR, User.disabled.is_(False)).with_for_update()
    )
    return len(list(found))


def is_empty(session: Session) -> bool:
    return not session.scalar(select(func.count()).select_from(User))
