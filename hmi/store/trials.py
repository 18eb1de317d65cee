"""Drafts tried against the past: how far each trial is and what it found, for every process to read."""

from datetime import datetime
from typing import Any

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from hmi.store.columns import Base, BigId, JsonOrNull

RUNNING, READY, CANCELLED, FAILED = "running", "ready", "cancelled", "failed"


class Trial(Base):
    __tablename__ = "hmi_trial"

    number: Mapped[int] = mapped_column(BigId, primary_key=True)
    camera: Mapped[str] = mapped_column(Text)
    who: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(Text)
    done: Mapped[int]
    total: Mapped[int]
    result: Mapped[dict[str, Any] | None] = mapped_column(JsonOrNull)
