"""The camera that an address names."""

from flask import abort
from sqlalchemy.orm import Session

from hmi.camera import camera_named
from hmi.judging.expected import Camera
from hmi.parts import parts


def camera_or_404(session: Session, serial: str) -> Camera:
    camera = None if "\0" in serial else camera_named(session, parts().settings, serial)
    if camera is None:
        abort(404)
    return camera
