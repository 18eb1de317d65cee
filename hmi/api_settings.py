"""The sections `api` and `webhook`: who may read from elsewhere, and who is told."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from hmi.section import Section

Origin = Annotated[str, Field(pattern=r"^https?://[a-z0-9.\-\[\]:]{1,200}$")]


class Api(Section):
    cors_origins: tuple[Origin, ...]


class Webhook(Section):
    url: Annotated[str, Field(pattern=r"^$|^https?://[^\s@]{1,500}$")]
    secret: str
    secret_file: str
    verdicts: bool
    decisions: bool
    timeout_s: Annotated[float, Field(gt=0, le=60)]
    keep_days: Annotated[int, Field(ge=1, le=365)]

    @model_validator(mode="after")
    def _signed(self) -> Self:
        if self.url and len(self.secret) < 16:
            raise ValueError("secret is missing or too short: at least 16 characters (HMI_WEBHOOK__SECRET)")
        return self
