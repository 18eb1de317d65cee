"""`/admin/audit`: who did what, newest first, as a page and as CSV."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, Response, render_template, request

from hmi import forms, respond
from hmi.auth import ADMIN, requires
from hmi.csv_lines import line
from hmi.parts import parts
from hmi.plant_time import NoSuchTime, day_and_clock, moment_of
from hmi.slow import one_of_a_few
from hmi.store import Store, audit_pages
from hmi.store.audit_pages import AuditFilters

blueprint = Blueprint("audit", __name__, url_prefix="/admin")
blueprint.before_request(forms.refuse_nul)

NAMES = ("kind", "who", "subject", "since", "until")
ON_A_PAGE, AT_A_TIME = 100, 500
COLUMNS = ("id", "at", "kind", "who", "station", "subject", "details", "prev_hmac", "hmac")


@blueprint.get("/audit")
@requires(ADMIN)
def show() -> Response:
    typed, filters, errors = _asked()
    before = request.args.get("before", "")
    with parts().store.read() as session:
        entries = audit_pages.entries(session, filters, _number(before), ON_A_PAGE)
        kinds = audit_pages.kinds(session)
    body = render_template(
        "audit/audit.html",
        entries=entries,
        kinds=kinds,
        typed=typed,
        errors=errors,
        before=before,
        older=entries[-1].id if len(entries) == ON_A_PAGE else None,
        chosen={name: value for name, value in typed.items() if value},
        when=lambda at: day_and_clock(at, parts().settings.time.zone_info),
        words=_words,
    )
    return respond.no_store(body, 422 if errors else 200)


@blueprint.get("/audit.csv")
@requires(ADMIN)
@one_of_a_few
def table() -> Response:
    """Everything that the filters leave, as a stream: the trail may be long."""
    _, filters, errors = _asked()
    if errors:
        return respond.no_store("\n".join(errors.values()), 422)
    response = Response(_rows(parts().store, filters), mimetype="text/csv")
    response.headers["Content-Disposition"] = 'attachment; filename="audit.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _rows(store: Store, filters: AuditFilters) -> Iterator[str]:
    before = None
    yield line(COLUMNS)
    while True:
        with store.read() as session:
            entries = audit_pages.entries(session, filters, before, AT_A_TIME)
        yield "".join(line(getattr(entry, name) for name in COLUMNS) for entry in entries)
        if len(entries) < AT_A_TIME:
            return
        before = entries[-1].id


def _asked() -> tuple[dict[str, str], AuditFilters, dict[str, str]]:
    """What was typed, the filters that it means, and what is wrong with it, by field."""
    typed = {name: request.args.get(name, "").strip() for name in NAMES}
    errors: dict[str, str] = {}
    times: dict[str, Any] = {}
    for name in ("since", "until"):
        try:
            times[name] = moment_of(typed[name], parts().settings.time.zone_info) if typed[name] else None
        except NoSuchTime as error:
            errors[name] = str(error)
    filters = AuditFilters(
        kinds=(typed["kind"],) if typed["kind"] else (),
        who=typed["who"] or None,
        subject=typed["subject"] or None,
        since=times.get("since"),
        until=times.get("until"),
        pieces=True,
    )
    if filters.since and filters.until and filters.until < filters.since:
        errors["until"] = "is before the beginning"
    return typed, filters, errors


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _words(details: Mapping[str, Any]) -> str:
    """The details of an entry on one line."""
    said = {
        name.replace("_", " "): value for name, value in details.items() if value not in (None, "", [], {})
    }
    return " · ".join(f"{name}: {_text(value)}" for name, value in said.items())


def _text(value: object) -> str:
    """Lists and pairs as people write them."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return f"({_words(value)})"
    if isinstance(value, list):
        return ", ".join(_text(one) for one in value)
    return str(value)
