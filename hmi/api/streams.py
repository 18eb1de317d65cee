"""Long answers: only so many at a time, since each holds a thread while it is sent; polls need the others."""

from collections.abc import Iterator
from threading import BoundedSemaphore, Lock
from typing import TypeVar

from flask import Response

from hmi.parts import parts
from hmi.problems import problem

Piece = TypeVar("Piece", str, bytes)


class _Place:
    """One of them, left once: at the end, or when nobody listens any more."""

    def __init__(self, places: BoundedSemaphore) -> None:
        self._places = places
        self._is_left = False
        self._lock = Lock()

    def leave(self) -> None:
        with self._lock:
            if not self._is_left:
                self._is_left = True
                self._places.release()


def _to_the_end(pieces: Iterator[Piece], place: _Place) -> Iterator[Piece]:
    try:
        yield from pieces
    finally:
        place.leave()


def streamed(pieces: Iterator[Piece], mimetype: str, name: str) -> Response:
    """A file to keep, made while it is sent; 503 where many are being sent now."""
    places = parts().export_places
    if not places.acquire(blocking=False):
        return problem(503, "Many long answers are being sent now: try again in a moment.")
    place = _Place(places)
    response = Response(_to_the_end(pieces, place), mimetype=mimetype)
    response.call_on_close(place.leave)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response
