"""`/search`: parts by any piece of their serial, for people and for scanners."""

import re
from datetime import UTC, datetime

from flask import Blueprint, abort, jsonify, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from hmi import respond, retention
from hmi.auth import SEE, requires
from hmi.parts import parts
from hmi.plant_time import moment
from hmi.screen.times import usable_time
from hmi.store import search
from hmi.store.search import Found

blueprint = Blueprint("search", __name__)

#: What scanners put around and between the data of a code (GS1 and the like): never part of a serial.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


@blueprint.get("/search")
@requires(SEE)
def show() -> BaseResponse:
    """The parts whose serial holds `q`. A scanner asks for JSON and goes where `address` says."""
    asked = request.args.get("q", "")
    if "\0" in asked:
        abort(400)
    wanted = _CONTROL.sub("", asked).strip()
    with parts().store.read() as session:
        whole = search.exact(session, wanted) if wanted and len(wanted) <= search.LONGEST else None
        since = retention.told(session, parts().settings.time.zone_info)
        found = Found((), more=False) if whole and _is_scanner() else search.find(session, wanted)
    if _is_scanner():
        return _for_a_scanner(wanted, whole, found)
    now, zone = datetime.now(UTC), parts().settings.time.zone_info
    rows = [(run, moment(usable_time(run), now, zone)) for run in found.runs]
    body = render_template(
        "search/search.html",
        asked=wanted,
        rows=rows,
        more=found.more,
        whole=whole,
        is_too_long=len(wanted) > search.LONGEST,
        most=search.MOST,
        newest_only=search.SHORT if found.newest_only else 0,
        since=since,
    )
    return respond.no_store(body)


def _for_a_scanner(wanted: str, whole: str | None, found: Found) -> BaseResponse:
    """The part of that serial, or the only one that holds it; the list if there are several."""
    serials = [run.serial for run in found.runs]
    only = whole or (serials[0] if len(serials) == 1 else None)
    address: str | None = None
    if only is not None:
        address = url_for("part.show", serial=only)
    elif serials:
        address = url_for("search.show", q=wanted)
    response = jsonify(address=address, found=1 if whole else len(serials))
    response.headers["Cache-Control"] = "no-store"
    return response


def _is_scanner() -> bool:
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"
