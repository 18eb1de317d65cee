"""Small tables of the plant as they were last read, and hand inspections, for pages that show them."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from hmi.store.columns import Base, Json


class MirroredTable(Base):
    """One whole table of the plant: "Cameras", "Part_Information", "Current_Part" or "Outflow"."""

    __tablename__ = "hmi_mirror"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    rows: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    read_at: Mapped[datetime]


class HandInspection(Base):
    """What people found on a casting by hand: a row of the plant's HumanInspect."""

    __tablename__ = "hmi_hand_inspection"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    serial: Mapped[str | None] = mapped_column(Text)
    row: Mapped[dict[str, Any]] = mapped_column(Json)

    __table_args__ = (Index(None, "serial"),)
