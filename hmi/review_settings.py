"""The section `review`: what people decide, in which words, and what that needs."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, field_validator, model_validator

from hmi.section import Section

Word = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")]


class PlantWords(Section):
    """What is written into "Defects".disposition."""

    okay: Word
    scrap: Word


class Labels(Section):
    """What screens call the decisions."""

    okay: Word
    scrap: Word
    use_as_is: Word
    rework: Word
    impregnate: Word
    scrap_part: Word
    hold: Word


class Meanings(Section):
    """What a signature stands for, as the record prints it."""

    decide: Word
    second: Word
    undo: Word


Name = Literal["okay", "scrap", "use_as_is", "rework", "impregnate", "scrap_part", "hold"]


class Review(Section):
    since: AwareDatetime | Literal[""]
    expire_days: Annotated[int, Field(ge=0)]
    plant_words: PlantWords
    labels: Labels
    reason_needed: Literal["never", "parts", "always"]
    second_person: bool
    signed: tuple[Name, ...]
    meanings: Meanings

    @field_validator("since")
    @classmethod
    def _in_our_time(cls, since: datetime | str) -> datetime | str:
        if isinstance(since, datetime) and not 2000 <= since.year < 3000:
            raise ValueError("must lie between 2000 and 3000")
        return since

    @model_validator(mode="after")
    def _words_that_differ(self) -> Self:
        if self.plant_words.okay == self.plant_words.scrap:
            raise ValueError("plant_words: okay and scrap must differ")
        return self
