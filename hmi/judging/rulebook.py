"""Published rules: composing a version from settings and regions, and finding what judges an image.

A version freezes everything that judges, for all cameras, so that a verdict can be repeated from its number
alone. A region that cannot judge (drawn by hand into the table, say) makes its camera unjudgeable and is
named; it is never left out in silence.
"""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

import regions
from hmi.settings import Settings
from hmi.store.rules import Region, RulesVersion

log = logging.getLogger(__name__)


class Rulebook:
    """One published version: `rules_for` gives what judges a camera's image of a part type."""

    def __init__(self, version: int, body: Mapping[str, Any]) -> None:
        self.version = version
        self.body = body
        self._known: dict[tuple[str, str | None], regions.CameraRules] = {}

    def rules_for(self, camera: str, part: str | None) -> regions.CameraRules:
        key = (camera, part)
        if key not in self._known:
            self._known[key] = regions.CameraRules.from_json(self._case(camera, part))
        return self._known[key]

    def px_per_mm(self, camera: str) -> float | None:
        """The scale that judges this camera, None where it cannot be judged."""
        return self.body["cameras"].get(camera, {}).get("px_per_mm", self.body["px_per_mm"])

    @property
    def faults(self) -> Mapping[str, str]:
        """camera → why nothing on it can be judged."""
        faults: Mapping[str, str] = self.body["faults"]
        return faults

    def fault_of(self, camera: str) -> str | None:
        """Why nothing on this camera can be judged, in words, or None."""
        return self.faults.get(camera)

    def _case(self, camera: str, part: str | None) -> dict[str, Any]:
        own = [
            region
            for region in self.body["regions"]
            if region["camera_id"] == camera and region["part_number"] in (None, part)
        ]
        faulty = camera in self.faults
        return {
            "px_per_mm": None if faulty else self.px_per_mm(camera),
            "uncertainty_px": self.body["uncertainty_px"],
            "outside_regions": self.body["outside_regions"],
            "judge_suppressed": self.body["judge_suppressed"],
            "default": self.body["default"],
            "regions": [] if faulty else own,
        }


def compose(session: Session, settings: Settings) -> dict[str, Any]:
    """The rules as settings and "Regions" have them now, not yet looked at for faults."""
    rules = settings.regions
    drawn = session.scalars(select(Region).where(Region.active).order_by(Region.camera_id, Region.id))
    return {
        "px_per_mm": rules.px_per_mm,
        "cameras": {
            camera.serial: {"px_per_mm": camera.px_per_mm}
            for camera in settings.line.cameras
            if camera.px_per_mm is not None
        },
        "uncertainty_px": rules.uncertainty_px,
        "outside_regions": rules.outside_regions,
        "judge_suppressed": rules.judge_suppressed,
        "default": rules.default_rule.model_dump(),
        "regions": [_as_json(region) for region in drawn],
    }


def publish_if_changed(
    session: Session, settings: Settings, now: datetime, in_force: Rulebook | None
) -> Rulebook:
    """The rules in force; what was changed in the settings or in the table by hand becomes a version."""
    composed = compose(session, settings)
    digest = _digest(composed)
    newest = session.execute(
        select(RulesVersion.version, RulesVersion.sha256).order_by(RulesVersion.version.desc()).limit(1)
    ).first()
    if newest and newest.sha256 == digest:
        is_known = in_force is not None and in_force.version == newest.version
        return in_force if is_known and in_force else rulebook(session, newest.version)
    before = in_force or (rulebook(session, newest.version) if newest else None)
    return _publish(session, composed, digest, before, now)


def _publish(
    session: Session, composed: dict[str, Any], digest: str, before: Rulebook | None, now: datetime
) -> Rulebook:
    version = before.version + 1 if before else 1
    body = {**composed, "faults": _faults(composed["regions"])}
    who = _who_changed(before, body)
    why = f"changed in the {who}"
    session.add(RulesVersion(version=version, body=body, sha256=digest, who=who, why=why, at=now))
    session.flush()
    for camera, fault in body["faults"].items():
        log.error("rules v%d cannot judge camera %s: %s", version, camera, fault)
    log.info("rules v%d in force (by %s)", version, who)
    return Rulebook(version, body)


def rulebook(session: Session, version: int) -> Rulebook:
    """A version by its number. Raises LookupError for one that was never published."""
    found = session.get(RulesVersion, version)
    if found is None:
        raise LookupError(f"rules v{version}")
    return Rulebook(found.version, found.body)


def _as_json(region: Region) -> dict[str, Any]:
    return {
        "camera_id": region.camera_id,
        "part_number": region.part_number,
        "region_id": region.region_id,
        "kind": region.kind,
        "active": True,
        "polygon": region.polygon,
        "size_threshold": region.size_threshold,
        "density_threshold": region.density_threshold,
        "proximity_threshold": region.proximity_threshold,
        "ignore_below_mm": region.ignore_below_mm,
    }


def _faults(drawn: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """camera → why its regions cannot judge."""
    found: dict[str, str] = {}
    for region in drawn:
        fault = _fault(region)
        if fault:
            found.setdefault(region["camera_id"], fault)
    return found


def _fault(region: Mapping[str, Any]) -> str | None:
    try:
        regions.validate_region(regions.Region.from_json(region))
    except (ValueError, TypeError, KeyError) as error:
        return f"region {region['region_id']}: {error}"
    return None


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _who_changed(before: Rulebook | None, body: Mapping[str, Any]) -> str:
    if before is not None and before.body["regions"] != body["regions"]:
        return "database"
    return "settings"
