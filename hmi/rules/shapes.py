"""The forms in which regions and default rules are drafted, sent and compared: plain JSON, one for each.

A region: key, region_id (the name), kind, part_number, active, description, polygon as [[x, y], …] in px of
the full image, and its limits in mm, null where off. A default rule: limits, outside_regions, uncertainty_px.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hmi.judging.publishing import LIMITS
from hmi.judging.rulebook import Rulebook
from hmi.store.rules import Region
from regions.rules import OF_OUTLINES

JsonObject = dict[str, Any]

DEFAULT_LIMITS = tuple(name for name in LIMITS if name not in OF_OUTLINES)
ABOUT = ("key", "region_id", "kind", "part_number", "active", "description", "polygon")


@dataclass(frozen=True)
class State:
    """Everything that somebody can draft for one camera."""

    regions: tuple[JsonObject, ...] = ()
    default: JsonObject = field(default_factory=dict)

    def region(self, key: str) -> JsonObject | None:
        return next((region for region in self.regions if region["key"] == key), None)

    def to_json(self) -> JsonObject:
        return {"regions": list(self.regions), "default": self.default}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "State":
        return cls(tuple(body["regions"]), dict(body["default"]))


def published(book: Rulebook, camera: str) -> State:
    """What this version holds for the camera; made once, so nobody may alter it."""
    if camera not in book.shown:
        book.shown[camera] = _published(book, camera)
    state: State = book.shown[camera]
    return state


def plants_default(book: Rulebook) -> JsonObject:
    """The default rule of cameras that have none of their own."""
    return _default(book, "")


def _published(book: Rulebook, camera: str) -> State:
    return State(tuple(_region(region) for region in book.regions_of(camera)), _default(book, camera))


def _default(book: Rulebook, camera: str) -> JsonObject:
    return {
        **{name: book.of_camera(camera, "default").get(name) for name in DEFAULT_LIMITS},
        "outside_regions": book.of_camera(camera, "outside_regions"),
        "uncertainty_px": book.of_camera(camera, "uncertainty_px"),
    }


def judging_case(state: State, camera: str, book: Rulebook) -> Rulebook:
    """The rulebook as it would be if this state of the camera were published; for trials."""
    own = {**book.body["cameras"].get(camera, {}), **own_of_state(state)}
    others = [region for region in book.body["regions"] if region["camera_id"] != camera]
    drafted = [{**drawn(region), "camera_id": camera} for region in state.regions]
    body = {
        **book.body,
        "cameras": {**book.body["cameras"], camera: own},
        "regions": [*others, *drafted],
        "faults": {name: why for name, why in book.faults.items() if name != camera},
    }
    return Rulebook(book.version, body, "")


def own_of_state(state: State) -> JsonObject:
    """The default rule as a version keeps it for one camera."""
    default = state.default
    return {
        "default": {name: default[name] for name in DEFAULT_LIMITS},
        "outside_regions": default["outside_regions"],
        "uncertainty_px": default["uncertainty_px"],
    }


def drawn(region: Mapping[str, Any]) -> JsonObject:
    """The region in the columns of "Regions" and of a version."""
    polygon = [{"x": x, "y": y} for x, y in region["polygon"]]
    return {**region, "polygon": polygon, "ignore_below_mm": region["ignore_below_mm"] or 0.0}


def columns(region: Mapping[str, Any]) -> JsonObject:
    """What a row of "Regions" is given for it."""
    row = drawn(region)
    return {"region_key": row.pop("key"), **{name: row[name] for name in row if hasattr(Region, name)}}


def vertices(polygon: Any) -> list[list[float]]:
    """A stored polygon as pairs; what cannot be read is left out (the version names it as a fault)."""
    found = polygon if isinstance(polygon, list) else ()
    pairs: Iterable[list[Any]] = ([one.get("x"), one.get("y")] for one in found if isinstance(one, dict))
    return [pair for pair in pairs if all(map(_is_number, pair))]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _region(stored: Mapping[str, Any]) -> JsonObject:
    """Versions from before a field was known have not got it."""
    about = {name: stored.get(name) for name in ABOUT}
    limits = {name: stored.get(name) for name in LIMITS}
    if stored["kind"] == "ignore":
        limits = dict.fromkeys(LIMITS)
    return {
        **about,
        "key": stored.get("key") or _key_from_before(stored),
        "polygon": vertices(stored["polygon"]),
        **limits,
        "ignore_below_mm": limits["ignore_below_mm"] or None,
    }


def _key_from_before(stored: Mapping[str, Any]) -> str:
    """Versions from before regions had keys: their names told them apart."""
    name = f"{stored['region_id']}|{stored['part_number'] or ''}"
    return f"old-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:12]}"
