"""Regions as a picture: outlines in px of the full image, of one version or of two over each other."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from hmi.judging.expected import Camera
from hmi.judging.judging import last_sizes
from hmi.rules.shapes import JsonObject, State

USUAL_PX = 1000


@dataclass(frozen=True, slots=True)
class Drawn:
    """One outline. `how`: same, before or after; `at` is where its name stands."""

    name: str
    kind: str
    how: str
    points: str
    at: tuple[float, float]
    furthest: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Frame:
    """The image that is drawn on, px; `stroke` is a line that can be seen at its size."""

    width: float
    height: float

    @property
    def stroke(self) -> float:
        return round(max(self.width, self.height) / 400, 2)

    def around(self, drawn: Sequence[Drawn]) -> "Frame":
        """Where the image's size is not known: as large as what is drawn."""
        if self.width and self.height:
            return self
        return Frame(
            max([USUAL_PX, *(one.furthest[0] for one in drawn)]),
            max([USUAL_PX, *(one.furthest[1] for one in drawn)]),
        )


def frame_of(session: Session, camera: Camera) -> Frame:
    width, height = last_sizes(session, [camera]).get(camera.serial, (0, 0))
    return Frame(width, height)


def outlines(state: State, how: str = "same") -> list[Drawn]:
    """The active regions."""
    return [_drawn(region, how) for region in state.regions if region["active"] and region["polygon"]]


def compared(before: State, after: State) -> list[Drawn]:
    """What both have alike once; of the others the old outline below the new one."""
    old = {region["key"]: region for region in before.regions}
    same = [
        region
        for region in after.regions
        if (one := old.get(region["key"])) and _outline(one) == _outline(region)
    ]
    alike = {region["key"] for region in same}
    return [
        *(_drawn(region, "same") for region in same if region["polygon"] and region["active"]),
        *(one for one in _others(before, alike, "before")),
        *(one for one in _others(after, alike, "after")),
    ]


def _others(state: State, alike: set[str], how: str) -> list[Drawn]:
    others = [region for region in state.regions if region["key"] not in alike]
    return [_drawn(region, how) for region in others if region["active"] and region["polygon"]]


def _outline(region: JsonObject) -> tuple[object, ...]:
    return region["polygon"], region["kind"], region["active"]


def _drawn(region: JsonObject, how: str) -> Drawn:
    polygon = region["polygon"]
    top = min(polygon, key=lambda vertex: (vertex[1], vertex[0]))
    name = "".join(letter if letter.isprintable() else "�" for letter in region["region_id"])
    return Drawn(
        name=name,
        kind=region["kind"],
        how=how,
        points=" ".join(f"{x:g},{y:g}" for x, y in polygon),
        at=(top[0], top[1]),
        furthest=(max(x for x, _ in polygon), max(y for _, y in polygon)),
    )
