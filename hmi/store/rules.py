"""Published rules: one number for the plant, each version frozen whole. And the "Regions" table."""

from datetime import datetime
from typing import Any

from sqlalchemy import REAL, CheckConstraint, Index, Text, func, true
from sqlalchemy.orm import Mapped, mapped_column

from hmi.store.columns import Base, BigId, Json


class RulesVersion(Base):
    __tablename__ = "hmi_rules"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    body: Mapped[dict[str, Any]] = mapped_column(Json)
    sha256: Mapped[str] = mapped_column(Text)
    who: Mapped[str] = mapped_column(Text)
    why: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class Region(Base):
    """The published regions, under the columns that other tools read.

    Lengths in mm, the polygon in px of the full image: [{"x": …, "y": …}, …].
    """

    __tablename__ = "Regions"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    camera_id: Mapped[str] = mapped_column(Text)
    region_id: Mapped[str] = mapped_column(Text)
    size_threshold: Mapped[float | None] = mapped_column(REAL)
    density_threshold: Mapped[int | None]
    proximity_threshold: Mapped[float | None] = mapped_column(REAL)
    polygon: Mapped[list[dict[str, float]]] = mapped_column(Json)
    part_number: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(server_default=func.current_timestamp())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.current_timestamp())
    active: Mapped[bool] = mapped_column(server_default=true())
    description: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text, server_default="inspect")
    ignore_below_mm: Mapped[float] = mapped_column(REAL, server_default="0")

    # NaN and infinity sort above every number, so an upper bound refuses them
    __table_args__ = (
        CheckConstraint("size_threshold >= 0 AND size_threshold <= 1e6", "size"),
        CheckConstraint("proximity_threshold >= 0 AND proximity_threshold <= 1e6", "proximity"),
        CheckConstraint("density_threshold >= 1", "density"),
        CheckConstraint("ignore_below_mm >= 0 AND ignore_below_mm <= 1e6", "ignore_below"),
        CheckConstraint("kind IN ('inspect', 'ignore')", "kind"),
        Index("uq_regions_name", "camera_id", "region_id", func.coalesce(part_number, ""), unique=True),
    )
