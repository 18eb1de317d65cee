"""The settings in force, in words: each with its value, where it comes from, and what it means. No secret."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from hmi.backup.without_secrets import cleaned
from hmi.configuration_page import Key, sections, sentences
from hmi.settings import DEFAULTS, SECRETS, Settings, load_settings

DEFAULT, DEMO = "default", "the demo plant"
_ASKED = re.compile(r"(?<=://)([^?\s]*)\?.*")  # what is asked of an address may hold a key


@dataclass(frozen=True, slots=True)
class Setting:
    name: str
    value: str
    origin: str
    help: str

    @property
    def is_own(self) -> bool:
        return self.origin != DEFAULT

    @property
    def is_listed(self) -> bool:
        """Its value takes more than one line."""
        return "\n" in self.value


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    help: str
    settings: tuple[Setting, ...]


def in_force(settings: Settings) -> list[Group]:
    """By section, in the order of config/default.yaml."""
    values = settings.model_dump(mode="json")
    return [
        Group(
            section.name,
            sentences(section.help),
            tuple(_setting(settings, section.name, key, values) for key in section.keys),
        )
        for section in sections(DEFAULTS.read_text(encoding="utf-8"))
    ]


def _setting(settings: Settings, section: str, key: Key, values: dict[str, Any]) -> Setting:
    value = values[section][key.name]
    origin = settings.origins.of(section, key.name)
    if not origin:  # only the demo sets what nobody gave
        origin = DEFAULT if value == _defaults()[section][key.name] else DEMO
    words = _set_or_not(value) if (section, key.name) in SECRETS else _words(cleaned(value))
    return Setting(key.name, words, origin, sentences(key.help))


@cache
def _defaults() -> dict[str, Any]:
    """As the settings would give them: 06:00 of the file is a time there."""
    return load_settings(environment={}).model_dump(mode="json")


def _set_or_not(secret: str) -> str:
    return "set" if secret else "not set"


def _words(value: Any) -> str:
    """As one would write it in YAML, but nothing is empty."""
    if value is None or value == "":
        return "empty"
    if value == []:
        return "none"
    if isinstance(value, str):
        return _ASKED.sub(r"\1?…", value)
    if isinstance(value, list) and not any(isinstance(one, dict) for one in value):
        return ", ".join(str(one) for one in value)
    return yaml.safe_dump(_plain(value), allow_unicode=True, sort_keys=False).removesuffix("...\n").strip()


def _plain(value: Any) -> Any:
    """Whole numbers without their point, and of entries what is set."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [
            {key: _plain(part) for key, part in one.items() if part not in ("", None, [])} for one in value
        ]
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return value
