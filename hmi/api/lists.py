"""Lists: newest first, a page at a time by key, with a link to the next one; or all of it as a table."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from flask import Response, current_app, request
from pydantic import BaseModel, BeforeValidator, Field
from sqlalchemy.orm import Session

from hmi import csv_lines
from hmi.api.operations import in_json
from hmi.api.reading import Query
from hmi.api.streams import streamed
from hmi.parts import parts

MOST = 200
CSV = "text/csv"
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2999, 12, 31, tzinfo=UTC)
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)

Fetch = Callable[[Session, str, int], tuple[Sequence[Any], str | None]]


def _whole(value: Any) -> Any:
    """Digits are a number; "1.0", "1_000" and digits of other scripts are none."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError("is no whole number")


def _moment(value: Any) -> Any:
    """RFC 3339, made UTC and put between EARLIEST and LATEST."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise ValueError("is no time with its offset: 2026-05-08T14:30:00Z")
    at = datetime.fromisoformat(value.upper().replace(" ", "T"))
    try:
        return min(max(at.astimezone(UTC), EARLIEST), LATEST)
    except OverflowError:
        return EARLIEST if at.year < 2000 else LATEST


Whole = Annotated[int, BeforeValidator(_whole)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Plain = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")]
REFERENCE = r"^[1-9][0-9]{0,17}(\.([2-9]|[1-9][0-9]{1,3}))?$"
Ref = Annotated[str, Field(pattern=REFERENCE, description="A reference")]


class ListQuery(Query):
    limit: Annotated[Whole, Field(ge=1, le=MOST, description="Entries of one page")] = 50
    format: Annotated[
        Literal["json", "csv"], Field(description="csv: all that the filters leave, as a table")
    ] = "json"


def answer(query: ListQuery, cursor: str, page: type[BaseModel], fetch: Fetch) -> Response:
    """One page as JSON with its Link; or everything from here on as CSV, read page by page."""
    if query.format == "csv":
        return _table(page, fetch, cursor)
    with parts().store.read() as session:
        items, following = fetch(session, cursor, query.limit)
        response = in_json(page(items=items, next=following))
    if following is not None:
        response.headers["Link"] = f'<{_with(cursor=following)}>; rel="next"'
    return response


def _with(**changed: str) -> str:
    """The address that was asked for, with some of its parameters changed."""
    return f"{request.path}?{urlencode({**request.args.to_dict(), **changed})}"


def _table(page: type[BaseModel], fetch: Fetch, cursor: str) -> Response:
    house, app = parts(), current_app._get_current_object()  # type: ignore[attr-defined]
    (item,) = page.model_fields["items"].annotation.__args__  # type: ignore[union-attr]
    columns = list(item.model_fields)

    with house.store.read() as session:
        first = fetch(session, cursor, MOST)  # what is wrong is said before anything is sent

    def lines() -> Iterator[str]:
        yield csv_lines.line(columns)
        items, at = first
        while True:
            yield "".join(csv_lines.line(row) for row in _rows(items, columns))
            if at is None:
                return
            with app.app_context(), house.store.read() as session:
                items, at = fetch(session, at, MOST)

    name = request.path.strip("/").replace("/", "-")
    return streamed(lines(), CSV, f"{name}.csv")


def _rows(items: Sequence[BaseModel], columns: Sequence[str]) -> Iterator[list[Any]]:
    for item in items:
        dumped = item.model_dump()
        yield [dumped[name] for name in columns]
