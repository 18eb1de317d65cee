"""What the views of one application share, made once by `create_app`."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import BoundedSemaphore

from flask import current_app

from hmi.pictures.gallery import Gallery
from hmi.plant.files import ImageFiles
from hmi.settings import Settings
from hmi.snapshot import Follower
from hmi.store import Store

EXTENSION = "hmi"


@dataclass(frozen=True, slots=True)
class Parts:
    settings: Settings
    store: Store
    files: ImageFiles
    gallery: Gallery
    follower: Follower
    build: str
    picture_places: BoundedSemaphore  # so many threads may wait for pictures
    asset: Callable[[str], str]  # address of a static file, with its version


def parts() -> Parts:
    """The parts of the application that is being asked."""
    found: Parts = current_app.extensions[EXTENSION]
    return found
