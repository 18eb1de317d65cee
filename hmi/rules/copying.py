"""What a draft takes from elsewhere: a version of its own camera, regions of another one, a file."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

import regions
from hmi.judging import rulebook
from hmi.judging.expected import Camera, cameras_of
from hmi.judging.rulebook import Rulebook
from hmi.rules import drafts, exchanging
from hmi.rules.drafts import By, Drafted
from hmi.rules.reading import Problem, Refused
from hmi.rules.shapes import JsonObject, State, published
from hmi.settings import Settings


def restore(session: Session, camera: Camera, revision: Any, version: Any, by: By, now: datetime) -> Drafted:
    """The draft becomes what a version held for this camera. It judges nothing until it is published."""
    state = published(_book(session, version), camera.serial)
    return drafts.replace_regions(
        session, camera, revision, lambda _: (list(state.regions), state.default), by, now
    )


def copy(
    session: Session,
    settings: Settings,
    camera: Camera,
    revision: Any,
    wanted: Mapping[str, Any],
    by: By,
    now: datetime,
) -> Drafted:
    """Add the regions of a camera, as published or of a version; `part_number` makes them those of one.

    A name that is taken gets a number.
    """
    source = wanted.get("camera", camera.serial)
    if not isinstance(source, str) or source not in {
        one.serial for one in cameras_of(session, settings.line)
    } | {camera.serial}:
        raise Refused(Problem("from", "there is no such camera"))
    version = wanted.get("version")
    book = rulebook.newest(session) if version is None else _book(session, version)
    if book is None:
        raise Refused(Problem("from", "no rules are published yet"))
    copied = published(book, source).regions
    if not copied:
        raise Refused(Problem("from", "nothing is published there"))

    def added(state: State) -> tuple[list[JsonObject], None]:
        return [*state.regions, *_beside(state, copied, wanted)], None

    return drafts.replace_regions(session, camera, revision, added, by, now)


def copy_to(
    session: Session,
    settings: Settings,
    camera: Camera,
    revision: Any,
    wanted: Mapping[str, Any],
    by: By,
    now: datetime,
) -> tuple[Camera, int]:
    """Add regions of this camera's draft to the draft of the camera `to`: all, or the one of `key`;
    `part_number` makes them those of one part type. Answers with that camera and how many they were.

    Nothing is overwritten there, so nobody is asked what they have seen of it. Raises Refused and Conflict.
    """
    target = {one.serial: one for one in cameras_of(session, settings.line)}.get(str(wanted["to"]))
    if target is None or target.serial == camera.serial:
        raise Refused(Problem("to", "choose another camera"))
    _, own = drafts.opened(session, camera, revision)
    regions_ = [one for one in own.state.regions if wanted.get("key") in (None, one["key"])]
    if not regions_:
        raise Refused(Problem("to", "there is nothing to copy"))
    there = drafts.draft_of(session, target)

    def added(state: State) -> tuple[list[JsonObject], None]:
        return [*state.regions, *_beside(state, regions_, wanted)], None

    drafts.replace_regions(session, target, there.revision, added, by, now)
    return target, len(regions_)


def take_file(
    session: Session, camera: Camera, revision: Any, document: Any, by: By, now: datetime
) -> Drafted:
    """The draft becomes what the file has for this camera. Raises Refused and Conflict."""
    sources, default = exchanging.read(document, camera.serial)

    def taken(_: State) -> tuple[list[JsonObject], JsonObject | None]:
        return sources, default

    return drafts.replace_regions(session, camera, revision, taken, by, now)


def _beside(state: State, copied: Sequence[JsonObject], wanted: Mapping[str, Any]) -> Sequence[JsonObject]:
    found: list[JsonObject] = []
    for region in copied:
        part = wanted["part_number"] if "part_number" in wanted else region["part_number"]
        taken = {
            regions.normalised(other["region_id"])
            for other in (*state.regions, *found)
            if other["part_number"] == part
        }
        found.append(
            {
                **region,
                "key": f"copy-{secrets.token_hex(6)}",
                "part_number": part,
                "region_id": _free(region["region_id"], taken),
            }
        )
    return found


def _free(name: str, taken: set[str]) -> str:
    number, free = 1, name
    while regions.normalised(free) in taken:
        number += 1
        free = f"{name} {number}"
    return free


def _book(session: Session, version: Any) -> Rulebook:
    if isinstance(version, bool) or not isinstance(version, int) or not 0 < version < 2**31:
        raise Refused(Problem("from", "must be the number of a version"))
    try:
        return rulebook.rulebook(session, version)
    except LookupError:
        raise Refused(Problem("from", f"there is no rules v{version}")) from None
