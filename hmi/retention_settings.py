"""The section `retention`: how long what the plant brought is kept."""

from typing import Annotated

from pydantic import Field, field_validator

from hmi.section import Section

SHORTEST_DAYS = 7  # below, what is being looked at would go


class Retention(Section):
    days: Annotated[int, Field(ge=0, le=36_500)]

    @field_validator("days")
    @classmethod
    def _not_too_short(cls, days: int) -> int:
        if 0 < days < SHORTEST_DAYS:
            raise ValueError(f"must be 0 (keep everything) or at least {SHORTEST_DAYS}")
        return days
