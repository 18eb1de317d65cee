"""What a program sent, read strictly: one value a name, nothing unknown, nothing guessed."""

from collections.abc import Sequence
from typing import Any, TypeVar

from flask import request
from pydantic import BaseModel, ConfigDict, ValidationError

from hmi import sent

LARGEST_BODY = 262_144  # bytes
Model = TypeVar("Model", bound=BaseModel)


class Body(BaseModel):
    """What is sent as JSON: no field too many, no "5" for 5, no NaN."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, hide_input_in_errors=True)


class Query(BaseModel):
    """What stands behind the question mark: text, made what the field says."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Invalid(Exception):
    """What was sent does not fit; `errors` says where and why, each with a path."""

    def __init__(self, errors: Sequence[dict[str, str]]) -> None:
        super().__init__("; ".join(f"{error['field']}: {error['text']}" for error in errors))
        self.errors = errors


def query(model: type[Model]) -> Model:
    """Raises Invalid."""
    found: dict[str, str] = {}
    for name, values in request.args.lists():
        if len(values) > 1:
            raise Invalid([{"field": name, "text": "is there more than once"}])
        found[name] = values[0]
    return _validated(model, found)


def body(model: type[Model]) -> Model:
    """Raises Invalid; answers 400, 413 and 415."""
    return _validated(model, sent.json_body(LARGEST_BODY))


def _validated(model: type[Model], given: Any) -> Model:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise Invalid([{"field": _path(one["loc"]), "text": one["msg"]} for one in found[:20]]) from None


def _path(place: Sequence[str | int]) -> str:
    return ".".join(str(step)[:60] for step in place) or "body"
