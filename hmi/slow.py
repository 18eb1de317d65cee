"""Answers that may take long: only a few at a time, so that they never hold every thread."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, ParamSpec

from flask import Response

from hmi import errors
from hmi.parts import parts

PLACE_S = 0.25

Asked = ParamSpec("Asked")


def one_of_a_few(view: Callable[Asked, Response]) -> Callable[Asked, Response]:
    """The view keeps its place until its answer has been sent whole; without a place 503 and Retry-After."""

    @wraps(view)
    def placed(*asked: Asked.args, **named: Asked.kwargs) -> Response:
        places = parts().slow_places
        if not places.acquire(timeout=PLACE_S):
            return errors.answer(503, "Others are waiting for such answers: try again in a moment.")
        try:
            response = view(*asked, **named)
        except BaseException:
            places.release()
            raise
        if response.is_sequence:  # made already: sending it needs no place
            places.release()
        else:
            response.response = _Placed(response.response, places.release)
        return response

    return placed


class _Placed:
    """The pieces of an answer; the place is given back after the last one, or when the answer is given up."""

    def __init__(self, pieces: Any, release: Callable[[], None]) -> None:
        self._pieces = pieces
        self._iterator: Iterator[Any] = iter(pieces)
        self._release: Callable[[], None] | None = release

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            return next(self._iterator)
        except BaseException:
            self._give_back()
            raise

    def close(self) -> None:
        close = getattr(self._pieces, "close", None)
        if close is not None:
            close()
        self._give_back()

    def _give_back(self) -> None:
        release, self._release = self._release, None
        if release is not None:
            release()
