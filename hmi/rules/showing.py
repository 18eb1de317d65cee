"""A draft as the drawing page is given it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from hmi.judging.expected import cameras_of
from hmi.plant_time import day_and_clock, moment
from hmi.rules import differences
from hmi.rules.drafts import Drafted
from hmi.rules.reading import LONGEST_DESCRIPTION, MOST_REGIONS, RESOLVED_PX
from hmi.rules.shapes import JsonObject
from hmi.settings import Settings
from hmi.store import calibrations, history, line
from hmi.store.rules import RulesVersion, last_change
from hmi.store.runs import Image, reference
from regions.rules import SHARES
from regions.validation import (
    LARGEST_COUNT,
    LARGEST_LIMIT_MM,
    LARGEST_UNCERTAINTY_PX,
    LONGEST_NAME,
    MOST_VERTICES,
)

LIMITS = {
    "vertices": MOST_VERTICES,
    "regions": MOST_REGIONS,
    "name": LONGEST_NAME,
    "description": LONGEST_DESCRIPTION,
    "size_px": RESOLVED_PX,
    "mm": LARGEST_LIMIT_MM,
    "count": LARGEST_COUNT,
    "uncertainty_px": LARGEST_UNCERTAINTY_PX,
    **SHARES,
}


def shown(session: Session, settings: Settings, draft: Drafted) -> JsonObject:
    """Everything that the page of this camera needs, positions in px of the full image."""
    serial = draft.camera.serial
    zone = settings.time.zone_info
    return {
        "camera": serial,
        "title": draft.camera.title,
        "version": draft.version,
        "base_version": draft.base_version,
        "revision": draft.revision,
        "changed": draft.changed,
        "changes": differences.words(draft.published, draft.state),
        "who": draft.who,
        "at": moment(draft.at, datetime.now(UTC), zone) if draft.at else None,
        "next_version": draft.version + 1,
        **_published(session, serial, zone),
        **_calibrated(session, serial, zone),
        "cameras": [
            {"serial": camera.serial, "title": camera.title} for camera in cameras_of(session, settings.line)
        ],
        "px_per_mm": draft.px_per_mm,
        "image": _image(line.last_seen_image(session, serial)),
        "part_types": history.part_types(session, serial),
        "limits": LIMITS,
        "regions": list(draft.state.regions),
        "published": list(draft.published.regions),
        "default": draft.state.default,
        "default_published": draft.published.default,
    }


def _image(image: Image | None) -> JsonObject | None:
    if image is None:
        return None
    name = reference(image.key)
    stamped = f"{name}~{image.file_stamp}" if image.file_stamp else name
    picture = f"/pictures/{name}/tile.jpg?v={image.picture}" if image.picture else None
    return {
        "id": name,
        "pieces": f"/iiif/3/{stamped}",
        "width": image.width,
        "height": image.height,
        "picture": picture,
    }


def _published(session: Session, camera: str, zone: ZoneInfo) -> JsonObject:
    """Who last published something for this camera."""
    found = session.get(RulesVersion, last_change(session, camera))
    if found is None:
        return {"published_at": None, "published_by": None, "published_version": None}
    return {
        "published_at": day_and_clock(found.at, zone),
        "published_by": found.who,
        "published_version": found.version,
    }


def _calibrated(session: Session, camera: str, zone: ZoneInfo) -> JsonObject:
    newest = next(iter(calibrations.of_camera(session, camera, 1)), None)
    if newest is None:
        return {"scale_set_at": None, "scale_set_by": None}
    return {"scale_set_at": day_and_clock(newest.at, zone), "scale_set_by": newest.who}
