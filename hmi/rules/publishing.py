"""A draft becomes the next version of the plant's rules, whole, with who, why and when."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hmi.judging import publishing
from hmi.judging.expected import Camera
from hmi.rules import differences, drafts
from hmi.rules.drafts import By, Drafted
from hmi.rules.reading import Problem, Refused
from hmi.rules.shapes import JsonObject, columns, own_of_state
from hmi.settings import Settings
from hmi.store import audit, state, turns
from hmi.store.rules import Region, rows_of

LONGEST_REASON = 500
LAST_ID = "last region"


def publish(
    session: Session, settings: Settings, camera: Camera, revision: Any, reason: Any, by: By, now: datetime
) -> Drafted:
    """Publish the camera's draft. Raises Refused and Conflict; then nothing is published.

    "Regions" holds exactly the published state afterwards.
    """
    why = reason_of(reason)
    turns.take(session, turns.RULES)
    newest = publishing.publish_if_changed(
        session, settings, now, None
    )  # what was changed by hand is a version
    row, draft = drafts.opened(session, camera, revision)
    said = differences.words(draft.published, draft.state)
    if not said:
        raise Refused(Problem("draft", "nothing in it differs from what is published"))
    own = publishing.own_of(newest, camera.serial)
    project(session, camera.serial, draft.state.regions, now)
    if draft.state.default != draft.published.default:
        own |= own_of_state(draft.state)
    book = publishing.publish(
        session, settings, now, {camera.serial: own}, who=by.name, why=why, changes=said
    )
    details = {"camera": camera.serial, "reason": why, "changes": said}
    audit.record(session, "rules published", by.name, by.station, f"rules v{book.version}", details)
    return drafts.end(session, row, draft, f"published rules v{book.version}", by, now)


def reason_of(reason: Any) -> str:
    """Why somebody does it, in their words. Raises Refused."""
    text = reason.strip() if isinstance(reason, str) else ""
    if not text:
        raise Refused(Problem("reason", "say why: it stands in the list of versions"))
    if len(text) > LONGEST_REASON:
        raise Refused(Problem("reason", f"must have at most {LONGEST_REASON} characters"))
    if not text.replace("\n", " ").replace("\r", " ").isprintable():
        raise Refused(Problem("reason", "has a character that cannot be shown"))
    return text


def project(session: Session, camera: str, regions: Sequence[JsonObject], now: datetime) -> None:
    """Make "Regions" hold these regions for the camera. Rows keep their ids; a region that ended has none,
    and nobody is given its id again."""
    last = _last_id(session)
    rows = {row.region_key or f"row-{row.id}": row for row in rows_of(session, camera)}
    wanted = {region["key"]: region for region in regions}
    for key, row in rows.items():
        if key not in wanted:
            session.delete(row)
        elif row.region_id != wanted[key]["region_id"] or row.part_number != wanted[key]["part_number"]:
            row.region_id = f"{key} is renamed"  # two may take each other's names
    session.flush()
    for key, region in wanted.items():
        if key not in rows:
            last = None if last is None else last + 1
            rows[key] = Region(id=last, camera_id=camera, created_at=now, updated_at=now)
        row = rows[key]
        is_other = False
        for name, value in columns(region).items():
            if getattr(row, name) != value:
                setattr(row, name, value)
                is_other = True
        if is_other:
            row.updated_at = now
        session.add(row)
    session.flush()
    if last is not None:
        state.put(session, LAST_ID, last)


def _last_id(session: Session) -> int | None:
    """The largest id that a region ever had; None where the database sees to that by itself."""
    if session.get_bind().dialect.name != "sqlite":
        return None
    return max(state.get(session, LAST_ID) or 0, session.scalar(select(func.max(Region.id))) or 0)
