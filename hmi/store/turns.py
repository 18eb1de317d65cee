"""One at a time: whoever judges a run or decides on it must see what the other one did.

On SQLite every transaction that writes has its turn from its first statement on.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

JUDGING, RULES = 7_202_612, 7_202_613  # numbers that nobody else takes for advisory locks


def take(session: Session, turn: int = JUDGING) -> None:
    """Wait until no other transaction has this turn; it ends with our transaction."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": turn})
