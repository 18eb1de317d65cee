"""`/admin/health`: every part in words, with when it was last well."""

from datetime import UTC, datetime

from flask import Blueprint, Response, render_template

from hmi import respond
from hmi.auth import ADMIN, requires
from hmi.observe import health, rows
from hmi.parts import parts
from hmi.plant_time import moment
from hmi.slow import one_of_a_few

blueprint = Blueprint("overview", __name__, url_prefix="/admin")

#: state → shape and word
LOOKS = {
    rows.OK: ("check", "well"),
    rows.WARNING: ("alert-triangle", "look at this"),
    rows.FAILED: ("x", "not working"),
    rows.UNKNOWN: ("info-circle", "not known"),
}


@blueprint.get("/health")
@requires(ADMIN)
@one_of_a_few
def show() -> Response:
    house = parts()
    house.follower.start()
    found = health.rows_of(house)
    now, zone = datetime.now(UTC), house.settings.time.zone_info
    body = render_template(
        "overview/overview.html",
        rows=found,
        worst=health.worst(found),
        looks=LOOKS,
        versions=health.versions(house.store),
        when=lambda at: moment(at, now, zone),
        now=moment(now, now, zone),
    )
    return respond.no_store(body)
