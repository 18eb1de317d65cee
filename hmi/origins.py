"""Where each setting was last set: kept beside the settings, for administrators who wonder."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Names = tuple[str, str]  # section and key


@dataclass(frozen=True, slots=True)
class Origins:
    """Settings with the same values are equal, wherever the values come from: so are all of these."""

    found: Mapping[Names, str] = field(default_factory=dict, compare=False)

    def of(self, section: str, key: str) -> str:
        """In words; empty for what nobody set."""
        return self.found.get((section, key), "")


def keys_of(layer: Mapping[str, Any]) -> list[Names]:
    """What a layer of settings sets."""
    return [(section, key) for section, keys in layer.items() if keys for key in keys]
