"""`/admin/settings`: every setting in force, where it comes from and what it means. Nothing is set here."""

from flask import Blueprint, Response, render_template

from hmi import respond
from hmi.auth import ADMIN, requires
from hmi.in_force import in_force
from hmi.parts import parts

blueprint = Blueprint("configuration", __name__, url_prefix="/admin")


@blueprint.get("/settings")
@requires(ADMIN)
def show() -> Response:
    groups = in_force(parts().settings)
    every = [setting for group in groups for setting in group.settings]
    body = render_template(
        "configuration/configuration.html",
        groups=groups,
        count=len(every),
        own=sum(setting.is_own for setting in every),
    )
    return respond.no_store(body)
