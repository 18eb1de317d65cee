"""The page of one image, live or pinned."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from hmi import review, wording
from hmi.camera.ahead import ahead_of
from hmi.camera.judged import Judged, judged, worst_first
from hmi.camera.values import Ahead, Card, Neighbours, Seen, View
from hmi.judging.expected import Camera, cameras_of
from hmi.plant_time import moment, short_moment
from hmi.screen.times import usable_time
from hmi.settings import Settings
from hmi.store import history, line
from hmi.store.runs import Image, Run, reference

MOST_LISTED = 200  # defects in the list; the viewer draws all


def camera_named(session: Session, settings: Settings, serial: str) -> Camera | None:
    """The camera of this serial: one of the line, or one that images name; None if nobody knows it."""
    for camera in cameras_of(session, settings.line):
        if camera.serial == serial:
            return camera
    return Camera(serial, serial, "+") if line.last_image(session, serial) is not None else None


def view_of(
    session: Session,
    settings: Settings,
    camera: Camera,
    image: Image,
    now: datetime,
    *,
    shows_all: bool = False,
    selected: str | None = None,
    follows: bool = False,
) -> View:
    """`selected` names a defect; without it the worst one is. Raises LookupError for an unknown one.

    `follows`: the page is live, so that a newer part without an image of this camera is told of.
    """
    run = session.get(Run, image.run_key) if image.run_key else None
    found = judged(session, image, run)
    in_order = worst_first(found.defects)
    one = _selected(in_order, selected)
    is_hidden = one is not None and not one.is_abnormal
    all_listed = shows_all or is_hidden or not any(seen.is_abnormal for seen in in_order)
    chosen = in_order if all_listed else [seen for seen in in_order if seen.is_abnormal]
    listed = tuple(_around(chosen, one))
    ahead = ahead_of(session, settings, camera, image) if follows else None
    rows = {reference(row.key): row for row in found.rows}
    standing = review.standings(session, settings, [rows[seen.reference] for seen in listed])
    return View(
        camera=camera.serial,
        title=camera.title,
        image=reference(image.key),
        run=reference(run.key) if run else None,
        serial=run.serial if run else None,
        part=run.part if run else None,
        taken=moment(usable_time(run), now, settings.time.zone_info) if run else "time unknown",
        verdict=image.verdict,
        text=found.verdict.text if found.verdict else wording.waiting_text(image.file_state),
        rules=f"v{found.rules_version}" if found.rules_version else "—",
        scale=f"{found.px_per_mm:.2f} px/mm" if found.px_per_mm else "no scale",
        picture=image.picture,
        pieces=f"{reference(image.key)}~{image.file_stamp}" if image.file_stamp else reference(image.key),
        width=image.width,
        height=image.height,
        digest=_digest(image, found, ahead),
        defects=len(in_order),
        fails=sum(seen.state == "fail" for seen in in_order),
        reviews=sum(seen.state in ("review", "unusable") for seen in in_order),
        shows_all=all_listed,
        listed=listed,
        more=len(chosen) - len(listed),
        standings={reference(key): how for key, how in standing.items()},
        selected=one,
        said=tuple(review.of_defect(session, settings, rows[one.reference].key)) if one else (),
        neighbours=_neighbours(chosen, one),
        ahead=ahead,
        strip=_strip(session, settings, image, now),
    )


def _selected(defects: Sequence[Seen], reference_: str | None) -> Seen | None:
    if reference_ is None:
        return defects[0] if defects else None
    for seen in defects:
        if seen.reference == reference_:
            return seen
    raise LookupError(reference_)


def _around(listed: Sequence[Seen], one: Seen | None) -> Sequence[Seen]:
    """At most so many rows that a page stays light, the selected one among them."""
    place = listed.index(one) if one in listed else 0
    first = max(0, min(place - MOST_LISTED // 2, len(listed) - MOST_LISTED))
    return listed[first : first + MOST_LISTED]


def _neighbours(listed: Sequence[Seen], one: Seen | None) -> Neighbours | None:
    if one is None or one not in listed:
        return None
    place = listed.index(one)
    return Neighbours(
        place=place + 1,
        of=len(listed),
        previous=listed[place - 1].reference if place else None,
        following=listed[place + 1].reference if place + 1 < len(listed) else None,
    )


def _strip(session: Session, settings: Settings, current: Image, now: datetime) -> tuple[Card, ...]:
    wanted = history.Filter(current.camera or "")
    images = history.page(session, wanted, settings.ui.strip_parts).images
    runs = history.runs_of(session, images)
    serials = {
        image.key: run.serial if (run := runs.get(image.run_key or (0, 0))) else None for image in images
    }
    short = wording.short_serials([serial for serial in serials.values() if serial])
    zone = settings.time.zone_info
    cards = []
    for image in images:
        run, serial = runs.get(image.run_key or (0, 0)), serials[image.key]
        cards.append(
            Card(
                image=reference(image.key),
                serial=serial or "no serial",
                short=short.get(serial or "", "no serial"),
                verdict=image.verdict,
                time=short_moment(usable_time(run), now, zone) if run else "time unknown",
                is_current=image.key == current.key,
            )
        )
    return tuple(cards)


def _digest(image: Image, found: Judged, ahead: Ahead | None) -> str:
    parts = (
        ahead,
        image.key,
        image.verdict,
        image.picture,
        image.file_state,
        found.verdict and found.verdict.id,
    )
    defects = [
        (seen.reference, seen.state, row.disposition, row.dispositioned_at, row.mark)
        for seen, row in zip(found.defects, found.rows, strict=True)
    ]
    return hashlib.sha256(repr((parts, found.rules_version, defects)).encode()).hexdigest()[:12]
