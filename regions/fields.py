"""Reads typed fields out of decoded JSON. Checks kinds, not values: NaN and negative numbers come through.

Every function takes the field's path for its error and raises MissingFieldError or WrongTypeError.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from regions.errors import MissingFieldError, NumberError, WrongTypeError


def mapping(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise WrongTypeError(path, "must be an object")
    return value


def sequence(value: Any, path: str) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise WrongTypeError(path, "must be a list")
    return value


def member(source: Mapping[str, Any], key: str, path: str) -> Any:
    """The value under `key`; `path` is that of the value itself."""
    if key not in source:
        raise MissingFieldError(path)
    return source[key]


def number(value: Any, path: str) -> float:
    """A float, or an int that a float can hold; true and false are no numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongTypeError(path, "must be a number")
    return _fitting(value, path)


def number_or_null(value: Any, path: str) -> float | None:
    return None if value is None else number(value, path)


def whole_number(value: Any, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise WrongTypeError(path, "must be a whole number")
    if not -(2**63) <= value < 2**63:
        raise NumberError(path, "is too large")
    return value


def whole_number_or_null(value: Any, path: str) -> int | float | None:
    """As `whole_number`; NaN and infinity come through as they are, so that the judge can report them."""
    if value is None or (isinstance(value, float) and (value != value or abs(value) == float("inf"))):
        return value
    return whole_number(value, path)


def flag(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise WrongTypeError(path, "must be true or false")
    return value


def text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise WrongTypeError(path, "must be a text")
    return value


def choice(value: Any, options: Sequence[str], path: str) -> str:
    if value not in options:
        raise WrongTypeError(path, f"must be {' or '.join(options)}")
    return str(value)


def _fitting(value: float, path: str) -> float:
    try:
        float(value)
    except OverflowError:
        raise NumberError(path, "is too large") from None
    return value
