"""What the views of one application share, made once by `create_app`."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import BoundedSemaphore

from flask import current_app

from hmi.image_sources import Sources
from hmi.observe.last_well import LastWell
from hmi.observe.metrics import Metrics
from hmi.pictures.cutter import Cutter
from hmi.pictures.gallery import Gallery
from hmi.plant.files import ImageFiles
from hmi.review.bar import PartsLeft
from hmi.rules.trials import Trials
from hmi.settings import Settings
from hmi.snapshot import Follower
from hmi.statistics import Answers
from hmi.store import Store

EXTENSION = "hmi"


@dataclass(frozen=True, slots=True)
class Parts:
    settings: Settings
    store: Store
    files: ImageFiles
    gallery: Gallery
    cutter: Cutter
    sources: Sources
    follower: Follower
    metrics: Metrics
    last_well: LastWell
    build: str
    picture_places: BoundedSemaphore  # so many threads may wait for pictures
    piece_places: BoundedSemaphore  # and so many for pieces of images
    slow_places: BoundedSemaphore  # and so many for tables and other answers that may take long
    export_places: BoundedSemaphore  # and so many for what is sent while it is made
    asset: Callable[[str], str]  # address of a static file, with its version
    trials: Trials
    answers: Answers  # of the statistics
    parts_left: PartsLeft

    @property
    def pieces_made_by(self) -> str:
        """What pieces of one file depend on beside it."""
        return f"{self.build}|{self.settings.iiif.jpeg_quality}"


def parts() -> Parts:
    """The parts of the application that is being asked."""
    found: Parts = current_app.extensions[EXTENSION]
    return found
