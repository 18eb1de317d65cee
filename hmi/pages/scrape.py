"""`/metrics`, for a monitoring system: on this machine, or with a token."""

from ipaddress import ip_address

from flask import Blueprint, Response, abort, request
from prometheus_client import CONTENT_TYPE_LATEST

from hmi.auth import PUBLIC, person, requires
from hmi.parts import parts

blueprint = Blueprint("scrape", __name__)


@blueprint.get("/metrics")
@requires(PUBLIC)
def show() -> Response:
    """From loopback, and not through a proxy there, which would let anybody in; or with a machine's token."""
    if not (_asks_from_here() or _has_a_token()):
        abort(403)
    parts().follower.start()
    return Response(parts().metrics.text(), content_type=CONTENT_TYPE_LATEST)


def _has_a_token() -> bool:
    caller = person()
    return caller is not None and caller.scopes is not None


def _asks_from_here() -> bool:
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        return ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
