"""`/livez`: the process answers. `/readyz`: store and plant are being read."""

import time

from flask import Blueprint, Response, jsonify

from hmi.auth import PUBLIC, requires
from hmi.parts import parts

blueprint = Blueprint("health", __name__)


@blueprint.get("/livez")
@requires(PUBLIC)
def livez() -> Response:
    return jsonify(status="alive", build=parts().build)


@blueprint.get("/readyz")
@requires(PUBLIC)
def readyz() -> Response:
    """200 when screens are true and fresh; 503 with what is missing."""
    follower = parts().follower
    follower.start()
    now_s = time.monotonic()
    age_ms, plant_is_read = follower.pulse.age_ms(now_s), follower.pulse.is_fresh(now_s)
    store_answers = follower.store_answers
    response = jsonify(
        status="ready" if store_answers and plant_is_read else "not ready",
        store="answers" if store_answers else "does not answer",
        plant="is read" if plant_is_read else follower.pulse.trouble or "is not read",
        age_ms=age_ms,
    )
    if not (store_answers and plant_is_read):
        response.status_code = 503
        response.headers["Retry-After"] = "1"
    return response
