"""What programs and islands send: JSON objects of a bounded size; and how a refusal is told them."""

import json
from typing import Any

from flask import Response, abort, jsonify, request

from hmi import respond


def json_body(most_bytes: int) -> Any:
    """The JSON that was sent, read strictly.

    Answers 413 to a larger body, 415 to what does not say that it is JSON in UTF-8, and 400 to what is none,
    is too deep, or has a name twice.
    """
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype != "application/json" or charset not in ("utf-8", "utf8"):
        abort(415)
    request.max_content_length = min(most_bytes, request.max_content_length or most_bytes)
    try:
        return json.loads(request.get_data().decode(), object_pairs_hook=_no_name_twice)
    except (ValueError, RecursionError):
        abort(400)


def json_object(most_bytes: int) -> dict[str, Any]:
    """The same where only an object will do; answers 422 to anything else."""
    sent = json_body(most_bytes)
    if not isinstance(sent, dict):
        abort(422)
    return sent


def _no_name_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is there twice")
    return found


def told(status: int, error: str, **more: Any) -> Response:
    """A refusal with what there is to say of it beside its text."""
    return respond.no_store(jsonify(status=status, error=error, text=error, **more), status)
