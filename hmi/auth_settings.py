"""The section `auth`: who is it, and for how long."""

from typing import Annotated, Literal, Self

from pydantic import Field, IPvAnyNetwork, model_validator

from hmi.keys import derived
from hmi.section import Section

Role = Literal["operator", "supervisor", "engineer", "administrator"]


class Auth(Section):
    secret_key: str
    secret_key_file: str
    audit_key: str
    audit_key_file: str
    algorithm: Literal["HS256", "HS384", "HS512"]
    access_token_expire_minutes: Annotated[int, Field(ge=1, le=1440)]
    open_grid: bool
    idle_minutes: Annotated[float, Field(gt=0, le=1440)]
    kiosk_idle_minutes: Annotated[float, Field(gt=0, le=1440)]
    absolute_hours: Annotated[float, Field(gt=0, le=168)]
    password_min: Annotated[int, Field(ge=8, le=64)]
    totp_roles: tuple[Role, ...]
    badge_roles: tuple[Literal["operator", "supervisor"], ...]
    trusted_proxies: tuple[IPvAnyNetwork, ...]
    proxy_header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{0,64}$")]

    @property
    def chain_key(self) -> bytes:
        """What seals the audit: audit_key, or a key derived from secret_key."""
        return derived(self.audit_key or self.secret_key, "audit chain")

    @model_validator(mode="after")
    def _a_header_comes_from_somebody(self) -> Self:
        if self.proxy_header and not self.trusted_proxies:
            raise ValueError("proxy_header needs trusted_proxies: whoever else sends it is not believed")
        return self
