"""The section `iiif`: how images are served in pieces, to our own viewer and to others."""

from typing import Annotated

from pydantic import Field

from hmi.section import Section


class Iiif(Section):
    cors: bool
    keep_mb: Annotated[float, Field(ge=1, le=1000)]
    keep_s: Annotated[float, Field(ge=1, le=600)]
    jpeg_quality: Annotated[int, Field(ge=10, le=95)]
