"""The settings as a file that can be used again: what differs from the defaults, and no secret."""

import re
from typing import Any

import yaml

from hmi.settings import DEFAULTS, SECRETS, Settings

_PASSWORD = re.compile(r"(?<=://)([^/@:]*):.*(?=@)")
_PARAMETER = re.compile(r"(?<=[?&])((?:ssl)?password)=[^&]*&?")
HEAD = "# What differed from the defaults when this was written. It holds no secret: set those anew.\n"


def without_secrets(settings: Settings) -> str:
    """YAML that `load_settings` reads. Passwords in addresses are left out too."""
    defaults = yaml.safe_load(DEFAULTS.read_text(encoding="utf-8"))
    found: dict[str, dict[str, Any]] = {}
    for section, keys in settings.model_dump(mode="json").items():
        own = {
            key: cleaned(value)
            for key, value in keys.items()
            if (section, key) not in SECRETS and value != defaults[section][key]
        }
        if own:
            found[section] = own
    return HEAD + yaml.safe_dump(found, allow_unicode=True, sort_keys=False)


def cleaned(value: Any) -> Any:
    """The same without the passwords of the addresses in it."""
    if isinstance(value, str):
        return _PARAMETER.sub("", _PASSWORD.sub(r"\1", value)) if "://" in value else value
    if isinstance(value, list):
        return [cleaned(one) for one in value]
    if isinstance(value, dict):
        return {key: cleaned(one) for key, one in value.items()}
    return value
