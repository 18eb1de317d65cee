"""Settings: config/default.yaml, then your own YAML file, then the environment; one frozen value.

Whatever is wrong stops the start with one line that names the key: an unknown key, a wrong type, a missing
secret. A secret never has a default.
"""

import json
import os
from collections.abc import Mapping
from copy import deepcopy
from datetime import time
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import Field, PrivateAttr, ValidationError, field_validator, model_validator

from hmi.api_settings import Api, Webhook
from hmi.auth_settings import Auth
from hmi.database_address import address_of, place_of, with_password
from hmi.iiif_settings import Iiif
from hmi.origins import Names, Origins, keys_of
from hmi.retention_settings import Retention
from hmi.review_settings import Review
from hmi.section import Section
from hmi.serving_settings import LOOPBACK, Logging, Port, Server

PROJECT = Path(__file__).resolve().parent.parent
DEFAULTS = PROJECT / "config" / "default.yaml"
ENVIRONMENT_PREFIX = "HMI_"
SECRETS = {
    ("database", "password"),
    ("store", "password"),
    ("storage", "password"),
    ("auth", "secret_key"),
    ("auth", "audit_key"),
    ("webhook", "secret"),
}
LOGO_TYPES = {".png", ".jpg", ".jpeg", ".svg"}


class SettingsError(Exception):
    """Settings that cannot be used; the message is one line and names the key."""


Seconds = Annotated[float, Field(ge=0, le=31_536_000)]
Positive = Annotated[float, Field(gt=0)]


class Database(Section):
    url: str
    host: str
    port: Port
    username: str
    password: str
    password_file: str
    dbname: str
    connect_timeout_s: Annotated[int, Field(ge=1, le=60)]
    deadline_s: Annotated[float, Field(gt=0, le=60)]
    lock_timeout_ms: Annotated[int, Field(ge=1, le=60_000)]

    @property
    def address(self) -> str:
        """The SQLAlchemy URL, or an empty string where no plant is set (the demo)."""
        if self.url:
            return with_password(self.url, self.password)
        if not self.host:
            return ""
        url = address_of(self.host, self.port, self.username, self.dbname)
        return with_password(url, self.password)


class Store(Section):
    url: str
    password: str
    password_file: str
    pool_size: Annotated[int, Field(ge=1, le=50)]

    @property
    def address(self) -> str:
        return with_password(self.url, self.password)


class Feed(Section):
    poll_s: Annotated[float, Field(ge=0.05, le=60)]
    tail_s: Seconds
    missing_s: Seconds
    window: Annotated[int, Field(ge=10, le=100_000)]
    backfill_parts: Annotated[int, Field(ge=0)]


class Root(Section):
    prefix: Annotated[str, Field(min_length=1)]
    source: Annotated[str, Field(min_length=1)]
    username: str = ""
    password_file: str = ""
    known_hosts: str = ""


class Storage(Section):
    roots: tuple[Root, ...]
    password: str
    formats: tuple[Literal["JPEG", "PNG", "TIFF", "BMP"], ...]
    max_file_mb: Positive
    max_mpx: Positive
    workers: Annotated[int, Field(ge=1, le=16)]
    deadline_s: Annotated[float, Field(gt=0, le=60)]
    cache_enabled: bool
    cache_folder: str
    cache_size_mb: Positive
    cache_ttl_seconds: Positive
    thumbnail_px: Annotated[int, Field(ge=100, le=2000)]
    jpeg_quality: Annotated[int, Field(ge=10, le=95)]
    overlay_markers: Annotated[int, Field(ge=1, le=5000)]


class Ui(Section):
    customer: str
    site: str
    line: str
    logo: str
    theme: Literal["light", "dark", "auto"]
    strip_parts: Annotated[int, Field(ge=3, le=30)]
    frozen_s: Annotated[int, Field(ge=5, le=3600)]

    @field_validator("logo")
    @classmethod
    def _a_picture(cls, logo: str) -> str:
        if logo and not Path(logo).is_file():
            raise ValueError(f"there is no file {logo}")
        if logo and Path(logo).suffix.lower() not in LOGO_TYPES:
            raise ValueError("must be a PNG, JPEG or SVG file")
        return logo


class Camera(Section):
    serial: Annotated[str, Field(min_length=1)]
    name: str = ""
    order: int = 0
    px_per_mm: float | None = None
    belts: tuple[str, ...] = ()
    part_types: tuple[str, ...] = ()


class Line(Section):
    cameras: tuple[Camera, ...]
    settle_s: Seconds
    grace_s: Seconds
    idle_after_s: Seconds

    @field_validator("cameras")
    @classmethod
    def _no_camera_twice(cls, cameras: tuple[Camera, ...]) -> tuple[Camera, ...]:
        serials = [camera.serial for camera in cameras]
        for serial in serials:
            if serials.count(serial) > 1:
                raise ValueError(f"camera {serial} is listed twice")
        return cameras


class Shift(Section):
    name: Annotated[str, Field(min_length=1)]
    start: time


class PlantTime(Section):
    zone: str
    shifts: Annotated[tuple[Shift, ...], Field(min_length=1)]

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"no time zone is called {zone!r}") from error
        return zone

    @property
    def zone_info(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


class DefaultRule(Section):
    size_threshold: Annotated[float, Field(ge=0)] | None
    density_threshold: Annotated[int, Field(ge=1)] | None
    proximity_threshold: Annotated[float, Field(ge=0)] | None
    ignore_below_mm: Annotated[float, Field(ge=0)]


class Regions(Section):
    px_per_mm: Positive
    uncertainty_px: Annotated[float, Field(ge=0)]
    outside_regions: Literal["default", "ignore"]
    judge_suppressed: bool
    default_rule: DefaultRule


class Demo(Section):
    folder: str
    seed: int
    cameras: Annotated[int, Field(ge=1, le=64)]
    period_s: Positive
    history_parts: Annotated[int, Field(ge=0)]


class Settings(Section):
    database: Database
    store: Store
    feed: Feed
    server: Server
    storage: Storage
    iiif: Iiif
    auth: Auth
    api: Api
    webhook: Webhook
    logging: Logging
    ui: Ui
    line: Line
    time: PlantTime
    regions: Regions
    review: Review
    retention: Retention
    demo: Demo
    _origins: Origins = PrivateAttr(default_factory=Origins)

    @property
    def origins(self) -> Origins:
        return self._origins

    @property
    def is_demo(self) -> bool:
        return not self.database.address

    @model_validator(mode="after")
    def _fit_for_a_plant(self) -> Self:
        if self.is_demo:
            return self
        if not self.store.url:
            raise ValueError("store.url is missing: a real plant needs a store of its own")
        if place_of(self.store.url) == place_of(self.database.address):
            raise ValueError("store.url is the plant database; nothing of ours is ever created there")
        if not self.auth.secret_key:
            raise ValueError("auth.secret_key is missing: set HMI_AUTH__SECRET_KEY or auth.secret_key_file")
        if len(self.auth.secret_key) < 32:
            raise ValueError("auth.secret_key is too short: at least 32 characters")
        if self.server.host not in LOOPBACK and not self.server.hosts:
            raise ValueError("server.hosts is missing: needed unless server.host is a loopback address")
        return self


def load_settings(
    config: str | Path | None = None, environment: Mapping[str, str] | None = None, **overrides: Any
) -> Settings:
    """Read the settings.

    `config` is a YAML file; without it the one that HMI_CONFIG names, if any. `overrides` are sections as
    mappings, laid over everything else (the demo and the tests come in here).
    Raises SettingsError with one line that names the key.
    """
    environment = os.environ if environment is None else environment
    merged = deepcopy(_defaults())
    named = config or environment.get("HMI_CONFIG") or None
    own = _read_yaml(Path(named)) if named else {}
    _refuse_secrets_in_yaml(own, str(named))
    _lay_over(merged, own, str(named))
    set_outside = _from_environment(merged, environment)
    _lay_over(merged, set_outside, "the environment")
    _lay_over(merged, overrides, "the caller")
    origins = dict.fromkeys(keys_of(own), f"file {named}")
    origins |= {names: f"variable {variable_of(*names)}" for names in keys_of(set_outside)}
    origins |= dict.fromkeys(keys_of(overrides), "the program")
    origins |= _read_secret_files(merged)
    try:
        settings = Settings.model_validate_json(json.dumps(merged, default=str), strict=True)
    except ValidationError as error:
        raise SettingsError(_one_line(error)) from None
    settings._origins = Origins(origins)
    return settings


def variable_of(section: str, key: str) -> str:
    """The environment variable that sets it."""
    return f"{ENVIRONMENT_PREFIX}{section.upper()}__{key.upper()}"


@cache
def _defaults() -> dict[str, Any]:
    return _read_yaml(DEFAULTS)


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: is not UTF-8 text") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise SettingsError(f"{path}{where}: is not valid YAML") from None
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise SettingsError(f"{path}: holds no sections")
    return loaded


def _lay_over(base: dict[str, Any], own: Mapping[str, Any], source: str) -> None:
    for section, keys in own.items():
        if section not in base:
            raise SettingsError(f"{section}: no such section (in {source})")
        if keys is None:
            continue
        if not isinstance(keys, Mapping):
            raise SettingsError(f"{section}: must be a section with keys (in {source})")
        for key, value in keys.items():
            if key not in base[section]:
                raise SettingsError(f"{section}.{key}: no such setting (in {source})")
            if isinstance(base[section][key], dict) and isinstance(value, Mapping):
                base[section][key] = {**base[section][key], **value}
            else:
                base[section][key] = value


def _from_environment(known: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, text in environment.items():
        if not name.startswith(ENVIRONMENT_PREFIX) or "__" not in name:
            continue
        section, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__", 1)
        if key not in known.get(section, {}):
            raise SettingsError(f"{section}.{key}: no such setting (in the environment: {name})")
        found.setdefault(section, {})[key] = _value_of(name, text, known[section][key])
    return found


def _value_of(name: str, text: str, default: Any) -> Any:
    if isinstance(default, str):
        return text
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        raise SettingsError(f"{name}: is not a valid value") from None


def _refuse_secrets_in_yaml(own: Mapping[str, Any], source: str) -> None:
    for section, key in SECRETS:
        keys = own.get(section)
        if isinstance(keys, Mapping) and keys.get(key):
            name = variable_of(section, key)
            raise SettingsError(
                f"{section}.{key}: a secret does not belong into {source}; use {name} or a file"
            )


def _read_secret_files(merged: dict[str, Any]) -> dict[Names, str]:
    """Puts the secrets into their places; tells which of them came so."""
    found: dict[Names, str] = {}
    for section, keys in merged.items():
        for key in [key for key in keys if key.endswith("_file") and keys[key]]:
            secret = key.removesuffix("_file")
            if keys.get(secret):
                raise SettingsError(f"{section}.{key}: set either it or {section}.{secret}, not both")
            keys[secret] = read_secret(keys[key], f"{section}.{key}")
            found[section, secret] = f"the file that {key} names"
    return found


def read_secret(path: str, key: str) -> str:
    """The one line that the file holds. Raises SettingsError naming the key, never the content."""
    try:
        secret = Path(path).read_text(encoding="utf-8").strip("\r\n")
    except (OSError, ValueError, TypeError):
        raise SettingsError(f"{key}: the file cannot be read") from None
    if not secret or "\n" in secret:
        raise SettingsError(f"{key}: the file must hold one line, the secret")
    return secret


def _one_line(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(step) for step in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message
