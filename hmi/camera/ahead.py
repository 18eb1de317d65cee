"""The part in front of the cameras, as the live page of a camera tells of it that has no image of it."""

from sqlalchemy.orm import Session

from hmi.camera.values import Ahead
from hmi.judging.expected import Camera, cameras_of, expected_of
from hmi.settings import Settings
from hmi.store import line
from hmi.store.runs import Image, Run


def ahead_of(session: Session, settings: Settings, camera: Camera, image: Image) -> Ahead | None:
    """None where the image is of that part, or where the part needs no image of this camera."""
    live = line.live_run(session)
    if live is None or live.key == image.run_key or not _is_expected(session, settings, camera, live):
        return None
    if any(one.camera == camera.serial for one in line.images_of(session, live)):
        return None  # its own image is there, and is not the newest by its time: a clock was wrong
    serial = live.serial or "no serial"
    for verdict in line.verdicts_of(session, live):
        if verdict.camera == camera.serial:
            return Ahead(serial, verdict.verdict, f"no image for trigger {live.id}")
    return Ahead(serial, "waiting", "waiting for the image")


def _is_expected(session: Session, settings: Settings, camera: Camera, run: Run) -> bool:
    expected = expected_of(run, cameras_of(session, settings.line))
    return camera.serial in {one.serial for one in expected}
