"""Published rules: what a version holds, and finding what judges an image.

A version freezes everything that judges, for all cameras, so that a verdict can be repeated from its number
alone. A region that cannot judge (drawn by hand into the table, say) makes its camera unjudgeable and is
named; it is never left out in silence.
"""

from collections.abc import Mapping
from threading import Lock
from typing import Any

from cachetools import LRUCache
from sqlalchemy import select
from sqlalchemy.orm import Session

import regions
from hmi.store.rules import RulesVersion, newest_version

#: What a camera may have of its own instead of the plant's.
OF_CAMERAS = ("px_per_mm", "default", "outside_regions", "uncertainty_px")


#: Versions never change, and one of a hundred regions takes 50 ms to read: the last ones that were asked for.
_read: LRUCache[tuple[int, str], "Rulebook"] = LRUCache(3)
_lock = Lock()


class Rulebook:
    """One published version: `rules_for` gives what judges a camera's image of a part type."""

    def __init__(self, version: int, body: Mapping[str, Any], sha256: str) -> None:
        self.version = version
        self.body = body
        self.sha256 = sha256  # of all but the faults that were found
        self.shown: dict[
            str, Any
        ] = {}  # camera → its rules in the form that pages show, once they were asked for
        self._known: dict[tuple[str, str | None], regions.CameraRules] = {}

    def rules_for(self, camera: str, part: str | None) -> regions.CameraRules:
        key = (camera, part)
        if key not in self._known:
            self._known[key] = regions.CameraRules.from_json(self._case(camera, part))
        return self._known[key]

    def px_per_mm(self, camera: str) -> float | None:
        """The scale that judges this camera, None where it cannot be judged."""
        scale: float | None = self.of_camera(camera, "px_per_mm")
        return scale

    def of_camera(self, camera: str, name: str) -> Any:
        """One of OF_CAMERAS: the camera's own, else the plant's."""
        return self.body["cameras"].get(camera, {}).get(name, self.body[name])

    def regions_of(self, camera: str) -> list[Mapping[str, Any]]:
        return [region for region in self.body["regions"] if region["camera_id"] == camera]

    @property
    def cameras(self) -> list[str]:
        """Those that this version has something of their own for."""
        drawn = {region["camera_id"] for region in self.body["regions"]}
        return sorted(drawn | set(self.body["cameras"]))

    @property
    def faults(self) -> Mapping[str, str]:
        """camera → why nothing on it can be judged."""
        faults: Mapping[str, str] = self.body["faults"]
        return faults

    def fault_of(self, camera: str) -> str | None:
        """Why nothing on this camera can be judged, in words, or None."""
        return self.faults.get(camera)

    def _case(self, camera: str, part: str | None) -> dict[str, Any]:
        own = [region for region in self.regions_of(camera) if region["part_number"] in (None, part)]
        faulty = camera in self.faults
        return {
            "px_per_mm": None if faulty else self.px_per_mm(camera),
            "uncertainty_px": self.of_camera(camera, "uncertainty_px"),
            "outside_regions": self.of_camera(camera, "outside_regions"),
            "judge_suppressed": self.body["judge_suppressed"],
            "default": self.of_camera(camera, "default"),
            "regions": [] if faulty else own,
        }


def newest(session: Session, known: Rulebook | None = None) -> Rulebook | None:
    """The version in force; `known` itself if it is that one. None before the first."""
    version = newest_version(session)
    if known is not None and known.version == version:
        return known
    return rulebook(session, version) if version else None


def rulebook(session: Session, version: int) -> Rulebook:
    """A version by its number. Raises LookupError for one that was never published."""
    named = select(RulesVersion.sha256).where(RulesVersion.version == version)
    sha256 = session.scalar(named)
    if sha256 is None:
        raise LookupError(f"rules v{version}")
    with _lock:
        known = _read.get((version, sha256))
    if known is None:
        found = session.get_one(RulesVersion, version)
        known = Rulebook(found.version, found.body, found.sha256)
        with _lock:
            _read[version, sha256] = known
    return known
