"""`/review`: what people must decide, oldest first; parts on hold; what the plant holds otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, render_template, request
from sqlalchemy.orm import Session

from hmi import forms, panels, respond, review
from hmi.auth import DECIDE, requires
from hmi.judging.expected import cameras_of
from hmi.panels import Panel
from hmi.parts import parts
from hmi.plant_time import NoSuchTime, day_and_clock, moment, moment_of
from hmi.review import CAP, Filters, OpenDefect
from hmi.store.decisions import DEFECT
from hmi.store.runs import reference

blueprint = Blueprint("review", __name__, url_prefix="/review")
blueprint.before_request(forms.refuse_nul)

LISTED = 200  # of parts on hold, and of conflicts
NAMES = ("camera", "region", "part", "since", "until", "past")


@dataclass(frozen=True)
class Item:
    """A defect of the queue with what its page shows beside it."""

    open: OpenDefect
    title: str  # of the camera
    when: str
    short: str  # the same for narrow places: without the date if that is today's
    panel: Panel

    def __getattr__(self, name: str) -> Any:
        return getattr(self.open, name)


@dataclass(frozen=True)
class Shown:
    """A page of the queue."""

    items: list[Item]
    next: str | None  # query of the page after this one, with the same filters


@blueprint.get("")
@requires(DECIDE)
def show() -> Response:
    """The page; for htmx only further items."""
    typed = {name: request.args.get(name, "").strip() for name in NAMES}
    filters, errors = _filters(typed)
    with parts().store.read() as session:
        titles = {camera.serial: camera.title for camera in cameras_of(session, parts().settings.line)}
        page = _page(session, filters, typed, titles)
        if respond.wants_fragment():
            return respond.no_store(render_template("review/_items.html", page=page))
        body = render_template(
            "review/review.html",
            page=page,
            typed=typed,
            errors=errors,
            is_filtered=any(typed.values()),
            cameras=sorted(titles.items(), key=lambda camera: camera[1]),
            choices=review.choices(session),
            words=review.words(parts().settings, DEFECT),
            batch=panels.of_many("/review"),
            left=_left(session),
        )
    return respond.no_store(body, 422 if errors else 200)


@blueprint.get("/left")
@requires(DECIDE, passive=True)
def left() -> Response:
    """How much is left, as the page asks for it by itself."""
    with parts().store.read() as session:
        return respond.no_store(render_template("review/_left.html", left=_left(session)))


@blueprint.get("/holds")
@requires(DECIDE)
def holds() -> Response:
    """Parts that people put on hold."""
    with parts().store.read() as session:
        listed = [
            (run, review.part_standing(session, parts().settings, run))
            for run in review.on_hold(session, LISTED + 1)
        ]
        body = render_template(
            "review/holds.html",
            holds=listed[:LISTED],
            more=len(listed) > LISTED,
            when=_when,
            page_of=panels.page_of,
            reference=reference,
        )
        return respond.no_store(body)


@blueprint.get("/conflicts")
@requires(DECIDE)
def conflicts() -> Response:
    """Decisions that were not written, because somebody else changed the row meanwhile."""
    with parts().store.read() as session:
        listed = review.conflicts(session, LISTED + 1)
    more = len(listed) > LISTED
    return respond.no_store(
        render_template("review/conflicts.html", conflicts=listed[:LISTED], more=more, when=_when)
    )


def _page(session: Session, filters: Filters, typed: Mapping[str, str], titles: Mapping[str, str]) -> Shown:
    now = datetime.now(UTC)
    try:
        found = review.open_defects(session, parts().settings, filters, request.args.get("after", ""))
    except ValueError:
        abort(404)
    items = [
        Item(
            item,
            titles.get(item.camera, item.camera),
            _when(item.at),
            moment(item.at, now, parts().settings.time.zone_info),
            panels.of_open(item, "/review"),
        )
        for item in found.items
    ]
    following = {name: value for name, value in typed.items() if value} | {"after": found.next or ""}
    return Shown(items, urlencode(following) if found.next else None)


def _filters(typed: Mapping[str, str]) -> tuple[Filters, dict[str, str]]:
    """What the address asks for; times that are none are left out and said."""
    given: dict[str, Any] = {name: typed[name] or None for name in ("camera", "region", "part")}
    errors = {}
    for name in ("since", "until"):
        try:
            given[name] = moment_of(typed[name], parts().settings.time.zone_info) if typed[name] else None
        except NoSuchTime as error:
            errors[name] = str(error)
    if not errors and given["since"] and given["until"] and given["since"] >= given["until"]:
        errors["until"] = "ends before it begins"
    return Filters(**given, past=typed["past"] == "1"), errors


@dataclass(frozen=True)
class LeftInWords:
    defects_text: str
    parts_text: str


def _left(session: Session) -> LeftInWords:
    found = review.left(session, parts().settings)
    return LeftInWords(_count(found.defects, "defect"), _count(found.parts, "part"))


def left_to_review() -> str:
    """How many parts wait for people, for the bar of every page; empty where the store does not say."""
    return parts().parts_left.text()


def _count(number: int, noun: str) -> str:
    if number > CAP:
        return f"{CAP:,}+ {noun}s"
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _when(at: datetime | None) -> str:
    return day_and_clock(at, parts().settings.time.zone_info)
