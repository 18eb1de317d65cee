"""`/api/defects/statistics`: what the counts say, by the very query of the page."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from flask import Blueprint
from pydantic import Field, RootModel

from hmi import statistics
from hmi.api.lists import Moment, Plain
from hmi.api.operations import operation
from hmi.api.reading import Invalid, Query
from hmi.auth import SEE, requires
from hmi.parts import parts
from hmi.statistics import BadQuestion, Statistics

blueprint = Blueprint("api_statistics", __name__, url_prefix="/api/defects")

Step = Literal["hour", "shift", "day", "week", "month"]


class StatisticsQuery(Query):
    since: Annotated[Moment | None, Field(description="Included; the last 30 days where it is left out")] = (
        None
    )
    until: Annotated[Moment | None, Field(description="Not included; now where it is left out")] = None
    camera: Annotated[Plain | None, Field(description="Serial number; then images are counted")] = None
    part_type: Plain | None = None
    step: Annotated[Step | None, Field(description="Of the series; one that fits where it is left out")] = (
        None
    )


class Counted(RootModel[Statistics]):
    """Totals, by type, camera, region, reason, disposition and shift, and over time. Times are UTC."""


@blueprint.get("/statistics")
@requires(SEE, passive=True)
@operation("Statistics", Counted, query=StatisticsQuery)
def show(query: StatisticsQuery) -> Counted:
    """From counts that judging keeps; days and shifts are the plant's. `progress` below 1: still counting."""
    settings = parts().settings
    try:
        asked = statistics.question(
            datetime.now(UTC),
            settings.time,
            since=query.since,
            until=query.until,
            cameras=(query.camera,) if query.camera else (),
            parts=(query.part_type,) if query.part_type else (),
            step=query.step,
        )
    except BadQuestion as error:
        field = "part_type" if error.field == "part" else error.field
        raise Invalid([{"field": field, "text": str(error)}]) from None
    with parts().store.read() as session:
        return Counted(parts().answers.of(session, settings, asked))
