"""`/parts/<serial>`: everything that is known of one part."""

from datetime import UTC, datetime

from flask import Blueprint, Response, render_template

from hmi import errors, panels, respond
from hmi.auth import SEE, requires
from hmi.camera import record_of
from hmi.parts import parts
from hmi.plant_time import day_and_clock
from hmi.store.decisions import PART

blueprint = Blueprint("part", __name__, url_prefix="/parts")


@blueprint.get("/<path:serial>")
@requires(SEE)
def show(serial: str) -> Response:
    """The record of a serial: its runs, cameras, verdicts, decisions and hand inspections; each run can be
    decided on here, also when it waits for nobody."""
    now = datetime.now(UTC)
    settings = parts().settings
    with parts().store.read() as session:
        record = None if "\0" in serial else record_of(session, settings, serial, now)
        if record is None:
            return errors.answer(404, "No part with this serial is known here.")
        panel_of_run = {run.run: panels.of_subject(session, PART, run.key) for run in record.runs}
    printed = day_and_clock(now, settings.time.zone_info)
    body = render_template("part/part.html", record=record, printed=printed, panels=panel_of_run)
    return respond.no_store(body)
