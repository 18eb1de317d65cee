"""`/api/regions`: published regions. A write is drawn and published in one go, by the code of the editor.

Nothing that somebody else is drawing for the camera is published along: while there is a draft, 409.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import uuid4

from flask import Blueprint, Response, abort
from pydantic import Field
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from hmi.api import schemas
from hmi.api.operations import in_json, operation
from hmi.api.reading import Body, Invalid, Query
from hmi.asked_camera import camera_or_404
from hmi.auth import REGIONS, SEE, person, requires
from hmi.auth.stations import station
from hmi.judging.expected import Camera
from hmi.judging.publishing import LIMITS, publish_if_changed
from hmi.parts import parts
from hmi.problems import problem
from hmi.rules import drafts, publishing
from hmi.rules.drafts import By, Conflict, Drafted
from hmi.rules.reading import Refused
from hmi.rules.shapes import ABOUT, vertices
from hmi.store.rules import Region, last_change, newest_version, rows_of

blueprint = Blueprint("api_regions", __name__, url_prefix="/api/regions")

BY_API = "by API"
DRAWN = "Somebody is drawing for this camera: publish their draft or throw it away first."
CHANGED = "The rules of this camera were changed meanwhile: read them again. Nothing was kept."

Millimetres = Annotated[float | None, Field(ge=0, le=1e6)]
Point = Annotated[list[float], Field(min_length=2, max_length=2)]
Change = Callable[[Session, Camera, str, By, datetime], Drafted]


class RegionBody(Body):
    region_id: Annotated[str, Field(max_length=10_000, description="Its name", examples=["Face A"])]
    polygon: Annotated[
        list[Point],
        Field(
            max_length=10_000, description="px of the full image", examples=[[[0, 0], [400, 0], [400, 300]]]
        ),
    ]
    kind: Literal["inspect", "ignore"] = "inspect"
    part_number: Annotated[str | None, Field(description="null: every part type", examples=["39MC"])] = None
    active: bool = True
    description: str | None = None
    size_threshold: Annotated[
        Millimetres, Field(description="mm; this long or longer fails", examples=[1.5])
    ] = None
    density_threshold: Annotated[
        int | None, Field(ge=1, le=1_000_000, description="Defects in a cluster", examples=[3])
    ] = None
    proximity_threshold: Annotated[
        Millimetres, Field(description="mm; gap that links two defects", examples=[2.0])
    ] = None
    ignore_below_mm: Millimetres = None
    max_count: Annotated[int | None, Field(ge=0, le=1_000_000)] = None
    max_area_percent: Annotated[float | None, Field(ge=0, le=100)] = None
    min_edge_mm: Millimetres = None
    min_confidence: Annotated[float | None, Field(ge=0, le=1)] = None
    base_version: Annotated[
        int | None,
        Field(description="The rules version that this was made on; 409 if the camera has a newer one"),
    ] = None
    reason: Annotated[str, Field(description="Why; stands in the list of versions")] = BY_API

    @property
    def region(self) -> dict[str, Any]:
        """As the editor sends it."""
        return self.model_dump(include={*ABOUT, *LIMITS})


class NewRegion(RegionBody):
    camera_id: Annotated[str, Field(max_length=500, examples=["DM08617AAK00001"])]


class Removal(Query):
    base_version: Annotated[int | None, Field(ge=0, le=10**9, description="As in PUT")] = None
    reason: Annotated[str, Field(max_length=500)] = BY_API


@blueprint.get("/camera/<camera_id>")
@requires(SEE, passive=True)
@operation("Regions of a camera", schemas.Regions)
def of_camera(camera_id: str) -> schemas.Regions:
    """As published and as they judge; `version` is the one to name as `base_version` when changing them."""
    with parts().store.read() as session:
        camera = camera_or_404(session, camera_id)
        rows = rows_of(session, camera.serial)
        return schemas.Regions(version=newest_version(session), items=[stated(row) for row in rows])


@blueprint.post("")
@requires(REGIONS)
@operation("Draw a region", schemas.Published, status=201, body=NewRegion, problems=(409,))
def add(body: NewRegion) -> BaseResponse:
    """It is published at once, as the next version of the rules, by whoever asks, with `reason`."""
    key = uuid4().hex

    def change(session: Session, camera: Camera, revision: str, by: By, now: datetime) -> Drafted:
        return drafts.save_region(session, camera, revision, key, body.region, by, now)

    answer = _published(body.camera_id, body.base_version, body.reason, key, change, is_new=True)
    return answer if isinstance(answer, Response) else in_json(answer, 201)


@blueprint.put("/<region>")
@requires(REGIONS)
@operation("Change a region", schemas.Published, body=RegionBody, problems=(409,))
def put(region: str, body: RegionBody) -> schemas.Published | Response:
    """All of it is replaced by what is sent, and published at once."""
    camera, key = _named(region)

    def change(session: Session, found: Camera, revision: str, by: By, now: datetime) -> Drafted:
        return drafts.save_region(session, found, revision, key, body.region, by, now)

    return _published(camera, body.base_version, body.reason, key, change)


@blueprint.delete("/<region>")
@requires(REGIONS)
@operation("End a region", schemas.Published, query=Removal, problems=(409,))
def delete(region: str, query: Removal) -> schemas.Published | Response:
    """Published at once. Verdicts that it gave stay as they are."""
    camera, key = _named(region)

    def change(session: Session, found: Camera, revision: str, by: By, now: datetime) -> Drafted:
        return drafts.delete_region(session, found, revision, key, by, now)

    return _published(camera, query.base_version, query.reason, key, change)


def stated(row: Region) -> schemas.Region:
    values = {name: getattr(row, name) for name in schemas.Region.model_fields if hasattr(row, name)}
    return schemas.Region(**{**values, "id": str(row.id), "polygon": vertices(row.polygon)})


def _published(
    serial: str, base: int | None, reason: str, key: str, change: Change, *, is_new: bool = False
) -> schemas.Published | Response:
    """Draw and publish in one transaction, or say what is against it."""
    now, caller = datetime.now(UTC), person()
    if caller is None:
        abort(401)
    by = By(caller.name, station())
    try:
        with parts().store.write() as session:  # on its own: it stands even if the rest is then refused
            publish_if_changed(session, parts().settings, now, None)
        with parts().store.write() as session:
            camera = camera_or_404(session, serial)
            if not is_new and not _rows(session, camera, key):
                abort(404)  # somebody ended it meanwhile
            before = drafts.draft_of(session, camera)
            if before.changed:
                return problem(409, DRAWN, who=before.who)
            if base is not None and last_change(session, camera.serial) > base:
                return problem(409, CHANGED, version=before.version)
            drawn = change(session, camera, before.revision, by, now)
            if drawn.changed:
                drawn = publishing.publish(session, parts().settings, camera, drawn.revision, reason, by, now)
            rows = _rows(session, camera, key)
            return schemas.Published(version=drawn.version, region=stated(rows[0]) if rows else None)
    except Refused as refused:
        raise Invalid([{"field": one.field, "text": one.text} for one in refused.problems]) from None
    except Conflict as conflict:
        return problem(409, CHANGED, difference=conflict.difference, version=conflict.draft.version)


def _named(text: str) -> tuple[str, str]:
    """Camera and key of the region of this id; 404 where there is none."""
    if not (text.isascii() and text.isdigit() and len(text) < 19 and text[0] != "0"):
        abort(404)
    with parts().store.read() as session:
        row = session.get(Region, int(text))
        if row is None:
            abort(404)
        return row.camera_id, _key_of(row)


def _rows(session: Session, camera: Camera, key: str) -> list[Region]:
    return [row for row in rows_of(session, camera.serial) if _key_of(row) == key]


def _key_of(row: Region) -> str:
    return row.region_key or f"row-{row.id}"
