"""What differs between two states of a camera's rules, in words and as pairs to draw over each other."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hmi.judging.publishing import LIMITS
from hmi.rules.shapes import DEFAULT_LIMITS, JsonObject, State

#: field → how screens call it, and its unit
WORDS: Mapping[str, tuple[str, str]] = {
    "size_threshold": ("size limit", "mm"),
    "density_threshold": ("defects in a cluster", ""),
    "proximity_threshold": ("gap that links", "mm"),
    "ignore_below_mm": ("ignored below", "mm"),
    "max_count": ("most defects", ""),
    "max_area_percent": ("most area", "%"),
    "min_edge_mm": ("least distance to the edge", "mm"),
    "min_confidence": ("least confidence", ""),
    "uncertainty_px": ("measurement doubt", "px"),
    "outside_regions": ("outside all regions", ""),
    "part_number": ("part type", ""),
    "description": ("description", ""),
    "kind": ("kind", ""),
    "px_per_mm": ("scale", "px/mm"),
}


DEFAULT = "default rule"
_OUTSIDE = {"default": "by the default rule", "ignore": "not judged"}
_OF_REGIONS = ("kind", "part_number", "description", *LIMITS)
_OF_DEFAULT = (*DEFAULT_LIMITS, "outside_regions", "uncertainty_px")


@dataclass(frozen=True, slots=True)
class Change:
    """One region that is new, gone or another one; `before` and `after` are its states."""

    name: str
    before: JsonObject | None
    after: JsonObject | None
    words: tuple[str, ...]


def changes(before: State, after: State) -> list[Change]:
    """Region by region, those of `after` first in their order; what is alike is left out."""
    old = {region["key"]: region for region in before.regions}
    found = []
    for region in after.regions:
        one = old.pop(region["key"], None)
        said = tuple(_words(one, region)) if one else ("new", *_set(region, _OF_REGIONS))
        if said:
            found.append(Change(region["region_id"], one, region, said))
    found += [Change(region["region_id"], region, None, ("deleted",)) for region in old.values()]
    return found


def words(before: State, after: State) -> list[str]:
    """All differences, one line each."""
    said = [f"{change.name}: {', '.join(change.words)}" for change in changes(before, after)]
    limits = list(_changed(before.default, after.default, _OF_DEFAULT))
    return [*said, f"{DEFAULT}: {', '.join(limits)}"] if limits else said


def told(state: State) -> list[str]:
    """All that a state holds, one line a region with what is set there, and one for the default rule."""
    return [*told_regions(state), f"{DEFAULT}: {told_default(state.default)}"]


def told_regions(state: State) -> list[str]:
    """The regions of a state, one line each with what is set there."""
    return [f"{region['region_id']}: {', '.join(_set(region, _OF_REGIONS))}" for region in state.regions]


def told_default(default: JsonObject) -> str:
    return ", ".join(_set(default, _OF_DEFAULT))


def _set(values: JsonObject, names: tuple[str, ...]) -> Iterator[str]:
    if not values.get("active", True):
        yield "not active"
    for name in names:
        if values.get(name) is not None:
            label, unit = WORDS[name]
            yield f"{label} {_value(name, values[name], unit)}"


def count(before: State, after: State) -> int:
    """How many regions, and the default rule, are others."""
    return len(changes(before, after)) + (before.default != after.default)


def _words(before: JsonObject, after: JsonObject) -> Iterator[str]:
    if before["region_id"] != after["region_id"]:
        yield f"renamed from {before['region_id']}"
    if before["polygon"] != after["polygon"]:
        yield _moved(before["polygon"], after["polygon"])
    if before["active"] != after["active"]:
        yield "active again" if after["active"] else "not active any more"
    yield from _changed(before, after, _OF_REGIONS)


def _changed(before: JsonObject, after: JsonObject, names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        if before.get(name) != after.get(name):
            label, unit = WORDS[name]
            yield f"{label} {_value(name, before.get(name))} → {_value(name, after.get(name), unit)}"


def _value(name: str, value: Any, unit: str = "") -> str:
    if name == "outside_regions":
        return _OUTSIDE.get(value, str(value))
    if value is None:
        return "all" if name == "part_number" else "none" if name == "description" else "off"
    text = f"{value:g}" if isinstance(value, int | float) else str(value)
    return f"{text} {unit}".strip()


def _moved(before: list[list[float]], after: list[list[float]]) -> str:
    """How a polygon changed: moved as a whole, vertices moved, added or taken away."""
    if len(before) == len(after) and before:
        steps = np.asarray(after, dtype=float) - np.asarray(before, dtype=float)
        if np.ptp(steps, axis=0).max() < 0.005:
            return f"moved by {steps[0][0]:+.0f}, {steps[0][1]:+.0f} px"
        moved = int((np.abs(steps) > 0.005).any(axis=1).sum())
        return f"{moved} of {len(after)} vertices moved"
    return f"outline drawn anew, {len(before)} → {len(after)} vertices"


def scale(before: float | None, after: float | None) -> list[str]:
    """What became of the scale, in words; nothing if it is as it was."""
    if before == after:
        return []
    return [f"scale {_value('px_per_mm', before)} → {_value('px_per_mm', after, 'px/mm')}"]
