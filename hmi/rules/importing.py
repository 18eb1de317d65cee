"""A file of regions taken in at all its cameras at once: looked at first, then into the draft of each.

What does not fit at one camera is refused there, by name, and keeps nothing from the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hmi.judging.expected import Camera, cameras_of
from hmi.rules import differences, drafts, exchanging
from hmi.rules.drafts import By, Conflict
from hmi.rules.reading import Problem, Refused
from hmi.rules.shapes import JsonObject
from hmi.settings import Settings

MEANWHILE = "somebody else changed its draft meanwhile: look at the file again"


@dataclass(frozen=True)
class AtCamera:
    """What the file does at one camera: `changes` of its draft in words, or why it is `refused` there.

    `revision` is that of the draft that was looked at; None where there is no such camera.
    """

    serial: str
    title: str
    changes: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    revision: str | None = None

    def to_json(self) -> JsonObject:
        said = {"camera": self.serial, "title": self.title, "revision": self.revision}
        return {**said, "changes": list(self.changes), "refused": list(self.refused)}


def cameras_in(document: Any, camera: str) -> Mapping[str, Any]:
    """Serial → what the file has for it. A file of one camera is one for `camera`, whatever its name.
    Raises Refused."""
    cameras = exchanging.cameras_in(document)
    return cameras if len(cameras) > 1 else {camera: next(iter(cameras.values()))}


def look(session: Session, settings: Settings, cameras: Mapping[str, Any]) -> list[AtCamera]:
    """What it would do at each camera; nothing is changed."""
    known = _known(session, settings)
    return [_looked(session, known.get(serial), str(serial), cameras) for serial in cameras]


def take(
    session: Session,
    settings: Settings,
    cameras: Mapping[str, Any],
    serial: str,
    revision: Any,
    by: By,
    now: datetime,
) -> AtCamera:
    """Into the draft of one camera, if that is still as it was looked at. The caller's transaction."""
    camera = _known(session, settings).get(serial)
    found = _looked(session, camera, serial, cameras)
    if camera is None or found.refused:
        return found
    try:
        drafts.replace_regions(
            session, camera, revision, lambda _: exchanging.of_camera(cameras, serial), by, now
        )
    except Conflict:
        return AtCamera(serial, camera.title, refused=(MEANWHILE,), revision=found.revision)
    return found


def _looked(session: Session, camera: Camera | None, serial: str, cameras: Mapping[str, Any]) -> AtCamera:
    if camera is None:
        return AtCamera(serial, serial, refused=("there is no such camera here",))
    try:
        draft = drafts.draft_of(session, camera)
        state = drafts.fitting(session, camera, draft.state, *exchanging.of_camera(cameras, serial))
    except Refused as refused:
        return AtCamera(serial, camera.title, refused=tuple(map(_said, refused.problems)))
    changes = tuple(differences.words(draft.state, state))
    return AtCamera(serial, camera.title, changes=changes, revision=draft.revision)


def _known(session: Session, settings: Settings) -> dict[str, Camera]:
    return {camera.serial: camera for camera in cameras_of(session, settings.line)}


def _said(problem: Problem) -> str:
    return problem.text if problem.text.startswith("region ") else f"{problem.field}: {problem.text}"
