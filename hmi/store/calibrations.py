"""Who found out when how many pixels a millimetre has, camera by camera. Append-only."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from hmi.store.columns import Base, BigId, JsonOrNull


class Calibration(Base):
    """`line` is what was measured: {from: [x, y], to: [x, y], length_mm}, px of the full image."""

    __tablename__ = "hmi_calibration"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    camera: Mapped[str] = mapped_column(Text)
    px_per_mm: Mapped[float]
    line: Mapped[dict[str, Any] | None] = mapped_column(JsonOrNull)
    who: Mapped[str] = mapped_column(Text)
    why: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    version: Mapped[int]  # the version of the rules that it became

    __table_args__ = (Index(None, "camera", "id"),)


def of_camera(session: Session, camera: str, limit: int = 50) -> list[Calibration]:
    """The newest first."""
    found = select(Calibration).where(Calibration.camera == camera).order_by(Calibration.id.desc())
    return list(session.scalars(found.limit(limit)))
