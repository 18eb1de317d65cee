"""An operation of the API, stated beside its view: what it takes, what it answers, what can go wrong.

    @blueprint.get("/<image>")
    @requires(SEE)
    @operation("One image", Image)
    def show(image: str) -> Image: ...

The view gets `query` and `body` as validated models and returns a model; the specification is made of the
same statement, so the two cannot differ.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Response, request
from pydantic import BaseModel
from werkzeug.http import generate_etag
from werkzeug.wrappers import Response as BaseResponse

from hmi import forms
from hmi.api import reading
from hmi.api.reading import Body, Invalid, Query
from hmi.problems import problem

REVALIDATED = "private, no-cache"
JSON = "application/json"
ALWAYS = (400, 401, 403, 404, 405, 422, 500, 503)
WITH_A_BODY = (413, 415)

View = Callable[..., Any]


@dataclass(frozen=True)
class Operation:
    summary: str
    answer: type[BaseModel] | None  # None: nothing, or what `media` says
    status: int
    query: type[Query] | None
    body: type[Body] | None
    problems: tuple[int, ...]
    media: tuple[str, ...]  # other media types of the answer
    also: Mapping[int, str] = field(default_factory=dict)  # other statuses with the same answer

    @property
    def statuses(self) -> tuple[int, ...]:
        """Of problems that it can answer."""
        return tuple(sorted({*ALWAYS, *self.problems, *(WITH_A_BODY if self.body else ())}))


def operation(
    summary: str,
    answer: type[BaseModel] | None = None,
    *,
    status: int = 200,
    query: type[Query] | None = None,
    body: type[Body] | None = None,
    problems: tuple[int, ...] = (),
    media: tuple[str, ...] = (),
    also: Mapping[int, str] | None = None,
) -> Callable[[View], View]:
    """Reads and checks what was sent before the view, and makes an answer of what it returns."""
    stated = Operation(summary, answer, status, query, body, problems, media, also or {})

    def mark(view: View) -> View:
        @functools.wraps(view)
        def run(**named: str) -> BaseResponse:
            forms.refuse_nul()
            try:
                given: dict[str, Any] = {"query": reading.query(stated.query or Query)}
                if stated.body is not None:
                    given["body"] = reading.body(stated.body)
                wanted = {
                    name: given[name] for name in ("query", "body") if getattr(stated, name) is not None
                }
                return _answered(view(**named, **wanted), stated.status)
            except Invalid as error:
                return refused(error)

        run.hmi_operation = stated  # type: ignore[attr-defined]
        return run

    return mark


def operation_of(view: View) -> Operation | None:
    return getattr(view, "hmi_operation", None)


def refused(error: Invalid) -> Response:
    """422 that names each field."""
    return problem(422, f"What was sent does not fit. {error}"[:500], errors=list(error.errors))


def in_json(model: BaseModel, status: int = 200) -> Response:
    return Response(model.model_dump_json(), status, mimetype=JSON)


def _answered(found: Any, status: int) -> BaseResponse:
    if isinstance(found, BaseModel):
        found = in_json(found, status)
    if request.method not in ("GET", "HEAD") or found.status_code != 200 or found.is_streamed:
        return found
    return conditional(found)


def conditional(response: Response) -> BaseResponse:
    """With its ETag; 304 without a body for whoever has it already."""
    if "ETag" not in response.headers:
        response.set_etag(generate_etag(response.get_data()))
    response.headers.setdefault("Cache-Control", REVALIDATED)
    return response.make_conditional(request)
