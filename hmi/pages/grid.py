"""The grid `/`: live, or frozen on one run; and the acknowledgement of a fail."""

from datetime import UTC, datetime

from flask import Blueprint, Response, abort, render_template, request
from markupsafe import Markup
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from hmi import respond
from hmi.auth import SEE, requires, stations
from hmi.parts import parts
from hmi.screen import Screen, acknowledged_text, screen_of, unknown_screen
from hmi.store import state
from hmi.store.runs import Run, key_of, reference

blueprint = Blueprint("grid", __name__)


@blueprint.get("/")
@requires(SEE)
def show() -> Response:
    """The live grid; `?run=` freezes it on a run, `?kiosk=` names the station for good."""
    if "run" in request.args:
        return _page(frozen=_frozen(request.args["run"]))
    parts().follower.start()
    snapshot = parts().follower.snapshot
    if snapshot is None:
        return _page(_nothing_yet(), version=0)
    return _page(snapshot.fragment.decode(), snapshot.version)


@blueprint.post("/acknowledge")
@requires(SEE)
def acknowledge() -> BaseResponse:
    """Somebody at this station has seen the fail."""
    with parts().store.write() as session:
        run = _run_or_404(session, request.form.get("run", ""))
        if run.verdict != "fail":
            abort(409)
        if run.acknowledged_at is None:
            run.acknowledged_at = datetime.now(UTC)
            run.acknowledged_by = stations.station() or "no station"
            state.touch(session)
        said = {"run": reference(run.key), "acknowledged": acknowledged_text(run, parts().settings)}
    parts().follower.poke()
    if respond.wants_fragment():
        return respond.no_store(render_template("grid/_acknowledge.html", part=said))
    return respond.after_post("/")


def _page(fragment: str = "", version: int = 0, frozen: Screen | None = None) -> Response:
    pulse = parts().follower.pulse
    kiosk = request.args.get("kiosk", "")
    named = kiosk if stations.is_name(kiosk) else None
    response = respond.no_store(
        render_template(
            "grid/grid.html",
            fragment=Markup(fragment),  # noqa: S704 - our own template made it
            version=version,
            screen=frozen,
            frozen=frozen is not None,
            station=named or stations.station(),
            trouble=pulse.trouble,
            now_ms=int(datetime.now(UTC).timestamp() * 1000),
        )
    )
    if named:
        stations.remember(response, named)
    return response


def _frozen(run: str) -> Screen:
    with parts().store.read() as session:
        return screen_of(session, parts().settings, datetime.now(UTC), _run_or_404(session, run))


def _nothing_yet() -> str:
    """Before the store has answered once: every expected camera, unknown."""
    screen = unknown_screen(parts().settings)
    return render_template("grid/_live.html", screen=screen, frozen=False)


def _run_or_404(session: Session, text: str) -> Run:
    try:
        run = session.get(Run, key_of(text))
    except ValueError:
        run = None
    if run is None:
        abort(404)
    return run
