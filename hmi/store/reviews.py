"""Defects that wait for people: one row each while it is open, with what the queue filters and sorts by."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import BigInteger, Index, Text, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from hmi.store.columns import Base, BigId
from hmi.store.runs import Key

DEFAULT_RULE, NO_REGION = "default rule", "no region"
CHUNK = 400


class OpenReview(Base):
    """A defect that fails or is for review, and on which nobody has decided."""

    __tablename__ = "hmi_review"

    generation: Mapped[int] = mapped_column(primary_key=True)
    defect_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    image_generation: Mapped[int]
    image_id: Mapped[int] = mapped_column(BigInteger)
    run_generation: Mapped[int]
    run_id: Mapped[int] = mapped_column(BigInteger)
    camera: Mapped[str] = mapped_column(Text)
    part: Mapped[str | None] = mapped_column(Text)
    region: Mapped[str] = mapped_column(Text)  # the one whose limit it breaks, or DEFAULT_RULE, or NO_REGION
    kind: Mapped[str] = mapped_column(Text)  # fail or review
    order_ms: Mapped[int] = mapped_column(BigInteger)  # of the run; first_seen where its time is unknown
    first_seen: Mapped[datetime]  # of the run
    past: Mapped[bool]  # of the run

    __table_args__ = (
        Index(None, "order_ms", "generation", "defect_id"),
        Index(None, "camera", "order_ms", "generation", "defect_id"),
        Index(None, "region", "order_ms", "generation", "defect_id"),
        Index(None, "part", "order_ms", "generation", "defect_id"),
        Index(None, "run_id", "run_generation"),
    )

    @property
    def defect_key(self) -> Key:
        return self.generation, self.defect_id

    @property
    def image_key(self) -> Key:
        return self.image_generation, self.image_id

    @property
    def run_key(self) -> Key:
        return self.run_generation, self.run_id


def keep(session: Session, runs: Iterable[Key], rows: Sequence[OpenReview]) -> None:
    """From now on exactly these defects of these runs are open."""
    wanted = {row.defect_key: row for row in rows}
    there = _of_runs(session, set(runs)) | _of_defects(session, wanted)
    for key in there.keys() - wanted.keys():
        session.delete(there[key])
    for key, row in wanted.items():
        known = there.get(key)
        if known is None:
            session.add(row)
            continue
        for name, value in _values(row).items():
            if getattr(known, name) != value:
                setattr(known, name, value)
    session.flush()


def close_runs(session: Session, runs: Iterable[Key]) -> None:
    for generation, number in runs:
        session.execute(
            delete(OpenReview).where(OpenReview.run_generation == generation, OpenReview.run_id == number)
        )


def _of_runs(session: Session, runs: set[Key]) -> dict[Key, OpenReview]:
    ids, found = sorted({key[1] for key in runs}), {}
    for start in range(0, len(ids), CHUNK):
        chosen = select(OpenReview).where(OpenReview.run_id.in_(ids[start : start + CHUNK]))
        for row in session.scalars(chosen, execution_options={"populate_existing": True}):
            if row.run_key in runs:
                found[row.defect_key] = row
    return found


def _of_defects(session: Session, defects: Mapping[Key, OpenReview]) -> dict[Key, OpenReview]:
    """A defect may have moved here from another run."""
    ids, found = sorted({key[1] for key in defects}), {}
    for start in range(0, len(ids), CHUNK):
        chosen = select(OpenReview).where(
            OpenReview.generation.in_({key[0] for key in defects}),
            OpenReview.defect_id.in_(ids[start : start + CHUNK]),
        )
        for row in session.scalars(chosen):
            if row.defect_key in defects:
                found[row.defect_key] = row
    return found


def _values(row: OpenReview) -> dict[str, object]:
    return {column.key: getattr(row, column.key) for column in OpenReview.__mapper__.column_attrs}
