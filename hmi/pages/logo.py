"""`/logo`: the customer's logo, a file that the settings name."""

from pathlib import Path

from flask import Blueprint, Response, abort

from hmi.auth import PUBLIC, requires
from hmi.parts import parts

blueprint = Blueprint("logo", __name__)

TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".svg": "image/svg+xml"}


@blueprint.get("/logo")
@requires(PUBLIC)
def logo() -> Response:
    """The file as it is; nothing in it can run, whoever opens its address."""
    file = Path(parts().settings.ui.logo)
    if file.suffix.lower() not in TYPES or not file.is_file():
        abort(404)
    response = Response(file.read_bytes(), mimetype=TYPES[file.suffix.lower()])
    response.headers["Cache-Control"] = "private, max-age=3600"
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response
