"""Published rules: one number for the plant, each version frozen whole. And the "Regions" table."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import REAL, CheckConstraint, Index, Text, func, select, true
from sqlalchemy.orm import Mapped, Session, mapped_column

from hmi.store.columns import Base, BigId, Json, JsonOrNull


class RulesVersion(Base):
    __tablename__ = "hmi_rules"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    body: Mapped[dict[str, Any]] = mapped_column(Json)
    sha256: Mapped[str] = mapped_column(Text)
    who: Mapped[str] = mapped_column(Text)
    why: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    cameras: Mapped[list[str] | None] = mapped_column(JsonOrNull)  # whose rules it changed; None: maybe all
    changes: Mapped[list[str] | None] = mapped_column(JsonOrNull)  # what it changed, in words


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
    max_count: Mapped[int | None]
    max_area_percent: Mapped[float | None] = mapped_column(REAL)
    min_edge_mm: Mapped[float | None] = mapped_column(REAL)
    min_confidence: Mapped[float | None] = mapped_column(REAL)
    region_key: Mapped[str | None] = mapped_column(Text)  # stays with a region over all its versions

    # NaN and infinity sort above every number, so an upper bound refuses them
    __table_args__ = (
        CheckConstraint("size_threshold >= 0 AND size_threshold <= 1e6", "size"),
        CheckConstraint("proximity_threshold >= 0 AND proximity_threshold <= 1e6", "proximity"),
        CheckConstraint("density_threshold >= 1", "density"),
        CheckConstraint("ignore_below_mm >= 0 AND ignore_below_mm <= 1e6", "ignore_below"),
        CheckConstraint("max_count >= 0", "max_count"),
        CheckConstraint("max_area_percent >= 0 AND max_area_percent <= 100", "max_area"),
        CheckConstraint("min_edge_mm >= 0 AND min_edge_mm <= 1e6", "min_edge"),
        CheckConstraint("min_confidence >= 0 AND min_confidence <= 1", "min_confidence"),
        CheckConstraint("kind IN ('inspect', 'ignore')", "kind"),
        Index("uq_regions_name", "camera_id", "region_id", func.coalesce(part_number, ""), unique=True),
    )


def newest_version(session: Session) -> int:
    """0 before the first."""
    return session.scalar(select(func.max(RulesVersion.version))) or 0


def last_change(session: Session, camera: str) -> int:
    """The newest version that changed what judges this camera; 0 before the first."""
    versions = select(RulesVersion.version, RulesVersion.cameras).order_by(RulesVersion.version.desc())
    for version, cameras in session.execute(versions.execution_options(yield_per=50)):
        if cameras is None or camera in cameras:
            return int(version)
    return 0


def rows_of(session: Session, camera: str) -> list[Region]:
    """The camera's rows of "Regions" as they stand in the database, in the order of their ids."""
    rows = select(Region).where(Region.camera_id == camera).order_by(Region.id)
    return list(session.scalars(rows, execution_options={"populate_existing": True}))


@dataclass(frozen=True, slots=True)
class Published:
    """A version without its body, for lists."""

    version: int
    who: str
    why: str
    at: datetime
    cameras: list[str] | None
    changes: list[str] | None


def versions_of(session: Session, camera: str, before: int | None, limit: int) -> list[Published]:
    """Those that changed this camera, the newest first; `before` is the last one that was seen."""
    names = ("version", "who", "why", "at", "cameras", "changes")
    found = select(*(getattr(RulesVersion, name) for name in names)).order_by(RulesVersion.version.desc())
    if before is not None:
        found = found.where(RulesVersion.version < before)
    kept: list[Published] = []
    for row in session.execute(found.execution_options(yield_per=50)):
        version = Published(*row)
        if version.cameras is None or camera in version.cameras:
            kept.append(version)
        if len(kept) == limit:
            break
    return kept
