"""Verdicts: append-only; of each camera of a run the newest is current."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from hmi.store.columns import Base, BigId, Json
from hmi.store.runs import Key


class Verdict(Base):
    """What the rules said of one camera of one run, by which rules and scale, and why.

    `findings` holds the defects that did not simply pass, worst first; see `hmi.judging.findings`.
    """

    __tablename__ = "hmi_verdict"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    run_generation: Mapped[int]
    run_id: Mapped[int] = mapped_column(BigInteger)
    camera: Mapped[str] = mapped_column(Text)
    image_generation: Mapped[int | None]
    image_id: Mapped[int | None] = mapped_column(BigInteger)
    verdict: Mapped[str] = mapped_column(Text)
    rules_version: Mapped[int | None]
    px_per_mm: Mapped[float | None]
    findings: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    text: Mapped[str] = mapped_column(Text)  # one line: what is abnormal, or how many defects passed
    at: Mapped[datetime]
    current: Mapped[bool]

    __table_args__ = (
        Index(None, "run_id", "run_generation", "current"),
        Index(None, "image_id", "image_generation"),
    )

    @property
    def run_key(self) -> Key:
        return self.run_generation, self.run_id

    @property
    def image_key(self) -> Key | None:
        if self.image_generation is None or self.image_id is None:
            return None
        return self.image_generation, self.image_id
