"""`/api/cameras`: the cameras of the line, from the snapshot."""

from flask import Blueprint, Response

from hmi.api import schemas
from hmi.api.documents import handed_out_or_404
from hmi.api.latest import CAMERAS, LATEST
from hmi.api.operations import operation
from hmi.auth import SEE, requires

blueprint = Blueprint("api_cameras", __name__, url_prefix="/api/cameras")


@blueprint.get("")
@requires(SEE, passive=True)
@operation("All cameras", schemas.Cameras)
def listed() -> Response:
    """In their order, each with what it says of the part in front of it. Costs no database."""
    return handed_out_or_404(CAMERAS)


@blueprint.get("/<serial_number>")
@requires(SEE, passive=True)
@operation("One camera", schemas.OneCamera)
def show(serial_number: str) -> Response:
    """Scale, part types and verdict for the part in front of it."""
    return handed_out_or_404(f"{CAMERAS}/{serial_number}")


@blueprint.get("/<serial_number>/latest")
@requires(SEE, passive=True)
@operation("Newest image of a camera", schemas.LatestOfCamera)
def latest(serial_number: str) -> Response:
    """Its verdict for the part in front of it, and its newest image, which may be of an older part."""
    return handed_out_or_404(f"{LATEST}/{serial_number}")
