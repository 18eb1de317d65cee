"""The sections `server` and `logging`: how the product is reached, and what it writes down about itself."""

from typing import Annotated, Literal

from pydantic import Field

from hmi.section import Section

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

Port = Annotated[int, Field(ge=1, le=65535)]


class Server(Section):
    host: str
    port: Port
    hosts: tuple[str, ...]
    https: bool
    threads: Annotated[int, Field(ge=2, le=256)]
    connection_limit: Annotated[int, Field(ge=40, le=10_000)]
    connections_per_address: Annotated[int, Field(ge=0, le=10_000)]
    max_body_bytes: Annotated[int, Field(ge=1024)]
    max_header_bytes: Annotated[int, Field(ge=1024)]


class Logging(Section):
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]
    file: str
    format: Literal["json", "text"]
    requests: bool
    max_size_mb: Annotated[float, Field(gt=0)]
    backup_count: Annotated[int, Field(ge=1, le=1000)]
