"""`/rules`: what judges each camera of the line, and what is being drawn for it."""

from flask import Blueprint, Response, render_template

from hmi import respond
from hmi.auth import SEE, requires
from hmi.parts import parts
from hmi.rules.line import of_line

blueprint = Blueprint("line_rules", __name__)


@blueprint.get("/rules")
@requires(SEE)
def show() -> Response:
    with parts().store.read() as session:
        line = of_line(session, parts().settings)
    return respond.no_store(render_template("rules/line.html", line=line))
