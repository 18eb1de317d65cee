"""Who is signed in: one row a session, found by the hash of what the browser holds."""

from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import ForeignKey, Index, Text, and_, delete, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from hmi.store.columns import Base, BigId
from hmi.store.users import User

TOKEN = "token"  # how: a person's token for programs  # noqa: S105 - a word


class SignedIn(Base):
    """A session. Whoever reads this table cannot sign in with what stands in it."""

    __tablename__ = "hmi_session"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    token_hash: Mapped[str] = mapped_column(Text)
    user_id: Mapped[int] = mapped_column(ForeignKey("hmi_user.id"))
    how: Mapped[str] = mapped_column(Text)  # password, badge, proxy or token
    station: Mapped[str | None] = mapped_column(Text)  # the kiosk that it was begun on
    address: Mapped[str] = mapped_column(Text)
    began_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ends_at: Mapped[datetime]  # whatever happens

    __table_args__ = (
        Index("uq_hmi_session_token_hash", "token_hash", unique=True),
        Index(None, "user_id"),
    )


def hash_of(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def find(session: Session, token: str, *, by_token: bool = False) -> tuple[SignedIn, User] | None:
    """The session of this token with its user, whether or not it has ended by time.

    One of a browser is no session of a program (`by_token`), nor the reverse.
    """
    asked = select(SignedIn, User).join(User, User.id == SignedIn.user_id)
    asked = asked.where(SignedIn.how == TOKEN if by_token else SignedIn.how != TOKEN)
    found = session.execute(asked.where(SignedIn.token_hash == hash_of(token))).first()
    return (found[0], found[1]) if found else None


def of_user(session: Session, user_id: int) -> list[SignedIn]:
    """Newest first."""
    return list(
        session.scalars(
            select(SignedIn).where(SignedIn.user_id == user_id).order_by(SignedIn.seen_at.desc(), SignedIn.id)
        )
    )


def saw(session: Session, number: int, at: datetime) -> None:
    session.execute(update(SignedIn).where(SignedIn.id == number).values(seen_at=at))


def end(session: Session, number: int) -> None:
    session.execute(delete(SignedIn).where(SignedIn.id == number))


def end_all(session: Session, user_id: int, *, but: int | None = None) -> int:
    """End the user's sessions; returns how many there were."""
    ended = session.execute(
        delete(SignedIn).where(SignedIn.user_id == user_id, SignedIn.id != (but or 0)).returning(SignedIn.id)
    )
    return len(list(ended))


def sweep(session: Session, now: datetime, idle: timedelta, kiosk_idle: timedelta) -> None:
    """Remove what has ended by time. Tokens of programs last as long as they say."""
    at_a_desk = and_(SignedIn.station.is_(None), SignedIn.how != TOKEN, SignedIn.seen_at < now - idle)
    at_a_kiosk = and_(SignedIn.station.is_not(None), SignedIn.seen_at < now - kiosk_idle)
    session.execute(delete(SignedIn).where(or_(SignedIn.ends_at < now, at_a_desk, at_a_kiosk)))
