"""Runs (one a trigger), their images and the defects on them, under the plant's ids.

A key is (generation, plant id): see `hmi.plant.rows`.
"""

import re
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from hmi.store.columns import Base, BigId, JsonOrNull

Key = tuple[int, int]

_REFERENCE = re.compile(r"([1-9][0-9]{0,18})(?:\.([1-9][0-9]{0,3}))?", re.ASCII)


def reference(key: Key) -> str:
    """The key as it stands in addresses: the plant's id, and its generation from the second one on."""
    generation, number = key
    return str(number) if generation == 1 else f"{number}.{generation}"


def key_of(text: str) -> Key:
    """The key that `reference` made. Raises ValueError for anything else."""
    found = _REFERENCE.fullmatch(text)
    if found is None or found[2] == "1" or int(found[1]) >= 2**63:
        raise ValueError(f"not a reference: {text[:40]!r}")
    return int(found[2] or 1), int(found[1])


class Run(Base):
    """One trigger: a part in front of the cameras."""

    __tablename__ = "hmi_run"

    generation: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    at: Mapped[datetime | None]  # the trigger's own time; None where the plant's is unusable
    order_ms: Mapped[int] = mapped_column(BigInteger)  # `at` in ms since 1970; 0 sorts unknown times last
    serial: Mapped[str | None] = mapped_column(Text)
    serial_upper: Mapped[str | None] = mapped_column(Text)
    part: Mapped[str | None] = mapped_column(Text)
    belt: Mapped[str | None] = mapped_column(Text)
    label: Mapped[int | None]
    first_seen: Mapped[datetime]
    past: Mapped[bool]  # brought in by the backfill, not seen live
    gone: Mapped[bool] = mapped_column(default=False)  # the vision system deleted it
    verdict: Mapped[str] = mapped_column(Text, default="waiting")
    cameras_expected: Mapped[int] = mapped_column(default=0)
    cameras_judged: Mapped[int] = mapped_column(default=0)
    rules_version: Mapped[int | None]
    settled_at: Mapped[datetime | None]  # since when no camera of it is waiting
    changed_at: Mapped[datetime | None]  # when its verdict last changed after it had settled
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None] = mapped_column(Text)  # station
    late: Mapped[bool] = mapped_column(default=False)  # every camera had its time
    part_decision: Mapped[str | None] = mapped_column(Text)  # the word in force on the part
    review_open: Mapped[bool] = mapped_column(default=False)  # people have something to decide here
    changed_after_at: Mapped[datetime | None]  # when the vision system last changed what was decided on
    expected: Mapped[dict[str, Any] | None] = mapped_column(JsonOrNull)  # see judging.expected
    expired_at: Mapped[datetime | None]  # when its review was closed because nobody had come for so long

    __table_args__ = (
        Index(None, "review_open", "order_ms"),
        Index(None, "part_decision", "order_ms"),
        Index(None, "part", "order_ms"),
        Index(None, "order_ms", "generation", "id"),
        Index(None, "serial", "order_ms"),
        Index(None, "serial_upper"),
        Index(None, "verdict", "order_ms"),
    )

    @property
    def key(self) -> Key:
        return self.generation, self.id


class Image(Base):
    """One picture of a run, and what became of its file."""

    __tablename__ = "hmi_image"

    generation: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    run_generation: Mapped[int]
    run_id: Mapped[int | None] = mapped_column(BigInteger)
    camera: Mapped[str | None] = mapped_column(Text)
    part: Mapped[str | None] = mapped_column(Text)  # its run's, so that an index can answer for it
    path: Mapped[str | None] = mapped_column(Text)
    order_ms: Mapped[int] = mapped_column(BigInteger)
    first_seen: Mapped[datetime]
    gone: Mapped[bool] = mapped_column(default=False)
    width: Mapped[int | None]  # px, from the file
    height: Mapped[int | None]
    file_state: Mapped[str] = mapped_column(Text, default="unread")
    file_stamp: Mapped[str | None] = mapped_column(Text)
    verdict: Mapped[str] = mapped_column(Text, default="waiting")
    rules_version: Mapped[int | None]
    defects: Mapped[int] = mapped_column(default=0)
    fails: Mapped[int] = mapped_column(default=0)
    reviews: Mapped[int] = mapped_column(default=0)
    picture: Mapped[str | None] = mapped_column(Text)  # version of the drawn picture, in its address
    settled: Mapped[bool] = mapped_column(default=False)  # all its rows and its file had come
    lost: Mapped[bool] = mapped_column(default=False)  # its file had its time and did not come
    undecided: Mapped[int] = mapped_column(default=0)  # defects that fail or are for review, and wait

    __table_args__ = (
        Index(None, "run_id", "run_generation"),
        Index(None, "camera", "order_ms", "generation", "id"),
        Index(None, "camera", "verdict", "order_ms", "generation", "id"),
        Index(None, "camera", "part", "verdict", "order_ms", "generation", "id"),
    )

    @property
    def key(self) -> Key:
        return self.generation, self.id

    @property
    def run_key(self) -> Key | None:
        return None if self.run_id is None else (self.run_generation, self.run_id)


class Defect(Base):
    """A box that the vision system drew, in px of the full image."""

    __tablename__ = "hmi_defect"

    generation: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    image_generation: Mapped[int]
    image_id: Mapped[int | None] = mapped_column(BigInteger)
    x: Mapped[int | None]
    y: Mapped[int | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    confidence: Mapped[float | None]
    type: Mapped[str | None] = mapped_column(Text)
    disposition: Mapped[str | None] = mapped_column(Text)  # as last seen in the plant database
    dispositioned_at: Mapped[datetime | None]
    mark: Mapped[str | None] = mapped_column(Text)  # metadata.hmi.decision, as last seen there
    changed_after_at: Mapped[datetime | None]  # when the vision system changed it after a decision
    suppressed: Mapped[bool]  # by the defect's own time stamp
    suppressed_by_row: Mapped[bool] = mapped_column(default=False)  # by a row in Suppressed_Defects
    first_seen: Mapped[datetime]
    gone: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (Index(None, "image_id", "image_generation"),)

    @property
    def key(self) -> Key:
        return self.generation, self.id


class Suppression(Base):
    """A row of the plant's Suppressed_Defects; it may come before its defect."""

    __tablename__ = "hmi_suppression"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    defect_generation: Mapped[int] = mapped_column(primary_key=True)
    defect_id: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (Index(None, "defect_id"),)
