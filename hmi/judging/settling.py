"""When is a picture analysed, when is a camera missing: the runs that are still open.

Nothing in the plant says "analysis finished", so silence has to: an image is settled when a successful read
that began `settle_s` after its newest row was first seen brought nothing new for it. All times here are
watched time (`Batch.began_s`), which stands still while the plant cannot be read.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from hmi.store.runs import Key


@dataclass(slots=True)
class OpenImage:
    seen_s: float  # its row was first seen
    newest_s: float  # the newest row that belongs to it was first seen


@dataclass(slots=True)
class OpenRun:
    seen_s: float
    images: dict[Key, OpenImage] = field(default_factory=dict)
    phase: tuple[bool, ...] = ()  # what time had decided when it was judged last


class Settling:
    """The open runs of the line, in memory; rebuilt from the store when a worker starts."""

    def __init__(self, settle_s: float, grace_s: float) -> None:
        self.settle_s = settle_s
        self.grace_s = grace_s
        self.now_s = 0.0
        self._runs: dict[Key, OpenRun] = {}

    def __len__(self) -> int:
        return len(self._runs)

    def run_seen(self, run: Key) -> None:
        """Its trigger came; images of it may have come before."""
        self._runs.setdefault(run, OpenRun(self.now_s)).seen_s = self.now_s

    def rows_seen(self, run: Key, image: Key) -> None:
        """New or changed rows came for this image, or the image itself.

        A run that was closed before is open again for this image only: its other cameras had their time.
        """
        open_run = self._runs.setdefault(run, OpenRun(self.now_s - self.grace_s))
        known = open_run.images.setdefault(image, OpenImage(self.now_s, self.now_s))
        known.newest_s = self.now_s

    def is_open(self, run: Key) -> bool:
        return run in self._runs

    def knows(self, run: Key, image: Key) -> bool:
        return self._image(run, image) is not None

    def close(self, run: Key) -> None:
        self._runs.pop(run, None)

    def is_settled(self, run: Key, image: Key) -> bool:
        known = self._image(run, image)
        return known is None or self.now_s - known.newest_s >= self.settle_s

    def file_is_late(self, run: Key, image: Key) -> bool:
        """The file had its time: absent now means unreadable."""
        known = self._image(run, image)
        return known is None or self.now_s - known.seen_s >= self.grace_s

    def camera_is_late(self, run: Key) -> bool:
        """Every camera had its time: absent now means missing."""
        open_run = self._runs.get(run)
        return open_run is None or self.now_s - open_run.seen_s >= self.grace_s

    def due(self) -> Iterator[Key]:
        """Runs for which time alone has decided something since the last call."""
        for key, run in self._runs.items():
            phase = self._phase(key, run)
            if phase != run.phase:
                run.phase = phase
                yield key

    def _image(self, run: Key, image: Key) -> OpenImage | None:
        open_run = self._runs.get(run)
        return open_run.images.get(image) if open_run else None

    def _phase(self, key: Key, run: OpenRun) -> tuple[bool, ...]:
        per_image = ((self.is_settled(key, image), self.file_is_late(key, image)) for image in run.images)
        return (self.camera_is_late(key), *(flag for flags in per_image for flag in flags))
