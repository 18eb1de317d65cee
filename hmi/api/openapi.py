"""The specification (OpenAPI 3.1), made of what the routes state: paths, permissions, models, problems."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from flask import Flask
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from werkzeug.routing import Rule

from hmi.api.examples import example_of
from hmi.api.operations import JSON, Operation, operation_of
from hmi.api.schemas import Problem
from hmi.auth import PUBLIC, SEE, permission_of
from hmi.problems import API, MEDIA_TYPE

_VARIABLE = re.compile(r"<(?:[^:>]+:)?([^>]+)>")
_REFERENCE = {"type": "string", "pattern": r"^[1-9][0-9]{0,17}(\.[2-9])?$", "example": "318732"}
#: what stands in paths
NAMES: dict[str, tuple[str, dict[str, Any]]] = {
    "image": ("Reference of an image: the plant's id.", _REFERENCE),
    "image_id": ("Reference of an image: the plant's id.", _REFERENCE),
    "trigger_id": ("Reference of a run: the plant's id of its trigger.", _REFERENCE),
    "run": ("Reference of a run: the plant's id of its trigger.", _REFERENCE),
    "defect": ("Reference of a defect: the plant's id.", _REFERENCE),
    "serial_number": ("Serial number of a camera.", {"type": "string", "minLength": 1}),
    "camera_id": ("Serial number of a camera.", {"type": "string", "minLength": 1}),
    "region": ("Id of a row of Regions.", {"type": "string", "pattern": r"^[1-9][0-9]{0,17}$"}),
}
WORDS = {
    200: "Done.",
    201: "Made.",
    204: "Done; nothing to say.",
    304: "You have it already (ETag).",
    400: "Could not be read at all: no JSON, a NUL.",
    401: "Needs a sign-in, or the token is not valid (any more).",
    403: "Not allowed to this person or token.",
    404: "There is no such thing.",
    405: "Not at this address; Allow says what is.",
    409: "Somebody was first, or it changed meanwhile: read it again.",
    413: "Larger than 256 KB.",
    415: "Not JSON in UTF-8.",
    422: "Read, and does not fit: errors names the fields.",
    429: "Too many tries; Retry-After says when again.",
    500: "A fault of the server; it is in its log.",
    503: "The store or the place of the images does not answer; try again.",
}
ABOUT = """Read the line, decide on defects, keep regions.

- Times are UTC, ISO 8601. Lengths say their unit: `_mm`, and `_px` of the full image.
- References (`"318732"`) are the plant's ids as text. After the plant database was set back to an older
  state the new ones carry a generation: `"318732.2"`.
- Lists come newest first, `limit` at most 200 a page; `Link: <…>; rel="next"` leads on. `format=csv` gives
  all of it as a table.
- Every answer to a GET says by `X-HMI-Live` whether the plant is being read now, and by `X-HMI-Age` how many
  ms ago it was; `is_live` says it in the answers of the newest. If it is false, what stands there is old.
- Errors are problem details (RFC 9457)."""

TOKENS = "A token of `POST /api/auth/token`, or a machine token of `/admin/tokens`."


def document(app: Flask, version: str, *, is_open: bool) -> dict[str, Any]:
    """The whole specification as JSON. `is_open`: whoever reaches the server may see."""
    routes = list(_routes(app))
    schemas = _schemas(operation for _, _, operation in routes)
    paths: dict[str, dict[str, Any]] = {}
    for rule, verb, operation in routes:
        stated = _operation(app, rule, verb, operation, schemas)
        stated["security"] = _security(stated["x-permission"], is_open=is_open)
        paths.setdefault(_VARIABLE.sub(r"{\1}", rule.rule), {})[verb.lower()] = stated
    return {
        "openapi": "3.1.0",
        "info": {"title": "Porosity HMI", "version": version, "description": ABOUT},
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": schemas["components"],
            "responses": {f"Problem{status}": _problem(status) for status in WORDS if status >= 400},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": TOKENS},
            },
        },
    }


def _routes(app: Flask) -> Iterator[tuple[Rule, str, Operation]]:
    for rule in app.url_map.iter_rules():
        operation = operation_of(app.view_functions[rule.endpoint])
        if operation is None or not rule.rule.startswith(API):
            continue
        for verb in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, verb, operation


def _schemas(operations: Iterable[Operation]) -> dict[str, Any]:
    wanted: dict[tuple[type[BaseModel], str], None] = {(Problem, "serialization"): None}
    for operation in operations:
        if operation.body is not None:
            wanted[operation.body, "validation"] = None
        if operation.answer is not None:
            wanted[operation.answer, "serialization"] = None
    named, found = models_json_schema(list(wanted), ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    return {"components": found["$defs"], "references": named}


def _operation(
    app: Flask, rule: Rule, verb: str, operation: Operation, schemas: dict[str, Any]
) -> dict[str, Any]:
    permission = permission_of(app, rule.endpoint)
    view = app.view_functions[rule.endpoint]
    stated: dict[str, Any] = {
        "operationId": rule.endpoint.removeprefix("api_").replace(".", "_"),
        "tags": [rule.endpoint.removeprefix("api_").partition(".")[0]],
        "summary": operation.summary,
        "description": " ".join((view.__doc__ or "").split()),
        "x-permission": permission,
        "parameters": [*_path_parameters(rule), *_query_parameters(operation)],
        "responses": _responses(verb, operation, schemas),
    }
    if operation.body is not None:
        content = {JSON: _with_example(operation.body, "validation", schemas)}
        stated["requestBody"] = {"required": True, "content": content}
    return stated


def _with_example(model: type[BaseModel], mode: str, schemas: dict[str, Any]) -> dict[str, Any]:
    schema = schemas["references"][model, mode]
    return {"schema": schema, "example": example_of(schema, schemas["components"])}


def _security(permission: str | None, *, is_open: bool) -> list[dict[str, list[str]]]:
    if permission == PUBLIC:
        return []
    needs: list[dict[str, list[str]]] = [{"bearer": []}]
    return [{}, *needs] if permission == SEE and is_open else needs


def _path_parameters(rule: Rule) -> Iterator[dict[str, Any]]:
    for name in _VARIABLE.findall(rule.rule):
        text, schema = NAMES[name]
        yield {"name": name, "in": "path", "required": True, "description": text, "schema": schema}


def _query_parameters(operation: Operation) -> Iterator[dict[str, Any]]:
    if operation.query is None:
        return
    found = operation.query.model_json_schema(mode="validation")
    for name, schema in found["properties"].items():
        kept = {
            key: value for key, value in _without_null(schema).items() if key not in ("title", "description")
        }
        yield {
            "name": name,
            "in": "query",
            "required": name in found.get("required", ()),
            "description": schema.get("description", ""),
            "schema": kept,
        }


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter is left out or it is there: there is no null in an address."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) != 1:
        return schema
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
    return {**rest, **choices[0]}


def _responses(verb: str, operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {kind: {"schema": _of_media(kind)} for kind in operation.media}
    if operation.answer is not None:
        content[JSON] = _with_example(operation.answer, "serialization", schemas)
    good: dict[str, Any] = {"description": WORDS[operation.status]}
    if content:
        good["content"] = content
    found = {str(operation.status): good}
    found |= {str(status): {**good, "description": text} for status, text in operation.also.items()}
    if verb == "GET":
        found["304"] = {"description": WORDS[304]}
    return found | {
        str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in operation.statuses
    }


def _of_media(kind: str) -> dict[str, str]:
    return {"type": "string"} if kind.startswith("text/") else {"type": "string", "format": "binary"}


def _problem(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    stated: dict[str, Any] = {"description": WORDS[status], "content": {MEDIA_TYPE: {"schema": schema}}}
    if status in (429, 503):
        seconds = {"description": "Seconds until it makes sense to try again.", "schema": {"type": "integer"}}
        stated["headers"] = {"Retry-After": seconds}
    return stated
