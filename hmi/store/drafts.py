"""Rules that somebody draws and that judge nothing yet: one draft a camera."""

from datetime import datetime
from typing import Any

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from hmi.store.columns import Base, Json, JsonOrNull


class Draft(Base):
    """`body` holds regions and default rule as `hmi.rules.shapes` writes them; None: nothing is drafted.

    The row stays when its draft ends, so that `revision` only ever counts up. `base_version` is the version
    that the draft was begun from. `log` says who changed what, by revision, the newest last.
    """

    __tablename__ = "hmi_draft"

    camera: Mapped[str] = mapped_column(Text, primary_key=True)
    revision: Mapped[int]
    base_version: Mapped[int]
    body: Mapped[dict[str, Any] | None] = mapped_column(JsonOrNull)
    log: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    who: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
