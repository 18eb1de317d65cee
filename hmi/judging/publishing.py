"""Making a version of the rules: from the settings, from "Regions" as it stands, from what people published.

"Regions" and the settings can be changed by hand; what was changed there becomes a version too. What people
published for a camera beside its regions (its default rule, its calibrated scale) goes from version to
version.
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
from hmi.judging import rulebook
from hmi.judging.rulebook import OF_CAMERAS, Rulebook
from hmi.settings import Settings
from hmi.store import turns
from hmi.store.rules import Region, RulesVersion

log = logging.getLogger(__name__)

FORM = 2  # of a version's body
LIMITS = (
    "size_threshold",
    "density_threshold",
    "proximity_threshold",
    "ignore_below_mm",
    "max_count",
    "max_area_percent",
    "min_edge_mm",
    "min_confidence",
)
Own = Mapping[str, Mapping[str, Any]]


def publish_if_changed(
    session: Session, settings: Settings, now: datetime, in_force: Rulebook | None
) -> Rulebook:
    """The rules in force; what was changed in the settings or in the table by hand becomes a version."""
    known = rulebook.newest(session, in_force)
    if known and known.sha256 == _digest(compose(session, settings, known)):
        return known
    turns.take(session, turns.RULES)
    newest = rulebook.newest(session, known)
    composed = compose(session, settings, newest)
    if newest and newest.sha256 == _digest(composed):
        return newest
    who = _who_changed(newest, composed)
    why = "rules are written in a new form since the upgrade" if who == "upgrade" else f"changed in the {who}"
    return _publish(session, composed, newest, now, who=who, why=why, changes=None)


def publish(
    session: Session,
    settings: Settings,
    now: datetime,
    own: Own,
    *,
    who: str,
    why: str,
    changes: Sequence[str],
) -> Rulebook:
    """ "Regions" as it stands, and `own` (camera → what it has of its own, by OF_CAMERAS), as a version.

    The caller has the turn (`turns.RULES`) and has written "Regions".
    """
    newest = rulebook.newest(session)
    composed = compose(session, settings, newest, own)
    return _publish(session, composed, newest, now, who=who, why=why, changes=list(changes))


def compose(
    session: Session, settings: Settings, newest: Rulebook | None, own: Own | None = None
) -> dict[str, Any]:
    """The rules as settings and "Regions" have them now, not yet looked at for faults."""
    rules = settings.regions
    rows = select(Region).order_by(Region.camera_id, Region.id)
    drawn = session.scalars(rows, execution_options={"populate_existing": True})
    return {
        "form": FORM,
        "px_per_mm": rules.px_per_mm,
        "cameras": _of_cameras(settings, {**_published_own(newest), **(own or {})}),
        "uncertainty_px": rules.uncertainty_px,
        "outside_regions": rules.outside_regions,
        "judge_suppressed": rules.judge_suppressed,
        "default": rules.default_rule.model_dump(),
        "regions": [_as_json(region) for region in drawn],
    }


def own_of(newest: Rulebook, camera: str) -> dict[str, Any]:
    """What people published for this camera beside its regions."""
    return dict(_published_own(newest).get(camera, {}))


def _of_cameras(settings: Settings, own: Own) -> dict[str, dict[str, Any]]:
    """A calibrated scale goes before one of the settings, which nobody measured here."""
    found: dict[str, dict[str, Any]] = {
        camera.serial: {"px_per_mm": camera.px_per_mm}
        for camera in settings.line.cameras
        if camera.px_per_mm is not None
    }
    for camera, published in own.items():
        if published:
            found[camera] = {**found.get(camera, {}), **published}
    return found


def _published_own(newest: Rulebook | None) -> dict[str, dict[str, Any]]:
    """A scale without its calibration came from the settings, and is read there again."""
    found = {}
    for camera, held in (newest.body["cameras"] if newest else {}).items():
        kept = (*OF_CAMERAS[1:], *(("px_per_mm", "calibrated") if "calibrated" in held else ()))
        found[camera] = {name: held[name] for name in kept if name in held}
    return found


def _publish(
    session: Session,
    composed: dict[str, Any],
    before: Rulebook | None,
    now: datetime,
    *,
    who: str,
    why: str,
    changes: list[str] | None,
) -> Rulebook:
    body = {**composed, "faults": _faults(composed["regions"])}
    found = Rulebook(before.version + 1 if before else 1, body, _digest(composed))
    row = RulesVersion(version=found.version, body=body, sha256=found.sha256, who=who, why=why, at=now)
    row.cameras, row.changes = _changed_cameras(before, found), changes
    session.add(row)
    session.flush()
    for camera, fault in found.faults.items():
        log.error("rules v%d cannot judge camera %s: %s", found.version, camera, fault)
    log.info("rules v%d in force (by %s)", found.version, who)
    return found


def _as_json(region: Region) -> dict[str, Any]:
    return {
        "camera_id": region.camera_id,
        "key": region.region_key or f"row-{region.id}",
        "part_number": region.part_number,
        "region_id": region.region_id,
        "kind": region.kind,
        "active": region.active,
        "description": region.description,
        "polygon": region.polygon,
        **{name: getattr(region, name) for name in LIMITS},
    }


def _faults(drawn: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """camera → why its regions cannot judge."""
    found: dict[str, str] = {}
    for region in drawn:
        fault = _fault(region) if region["active"] else None
        if fault:
            found.setdefault(region["camera_id"], fault)
    return found


def _fault(region: Mapping[str, Any]) -> str | None:
    try:
        regions.validate_region(regions.Region.from_json(region))
    except (ValueError, TypeError, KeyError) as error:
        return f"region {region['region_id']}: {error}"
    return None


def _digest(composed: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(composed, sort_keys=True).encode()).hexdigest()


def _who_changed(before: Rulebook | None, body: Mapping[str, Any]) -> str:
    if before is None:
        return "settings"
    if before.body.get("form") != body["form"]:
        return "upgrade"
    return "database" if before.body["regions"] != body["regions"] else "settings"


def _changed_cameras(before: Rulebook | None, after: Rulebook) -> list[str] | None:
    """Whose rules are others now; None where something of the whole plant is."""
    plant = ("form", "px_per_mm", "uncertainty_px", "outside_regions", "judge_suppressed", "default")
    if before is None or any(before.body.get(name) != after.body[name] for name in plant):
        return None
    return [
        camera
        for camera in sorted({*before.cameras, *after.cameras})
        if before.regions_of(camera) != after.regions_of(camera)
        or before.body["cameras"].get(camera) != after.body["cameras"].get(camera)
    ]
