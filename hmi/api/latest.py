"""What the API says of the line as it is now: written once for each snapshot, handed out as it stands.

Whoever asks costs no database. The bytes hold everything but how fresh they are, which is put in front when
they are handed out.
"""

import json
import time
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hmi.api import schemas, stated
from hmi.judging import rulebook
from hmi.judging.expected import Camera, cameras_of
from hmi.judging.rulebook import Rulebook
from hmi.screen.slots import Slots
from hmi.screen.values import Tile
from hmi.settings import Settings
from hmi.snapshot import Pulse, Snapshot
from hmi.store import line
from hmi.store.rules import RulesVersion
from hmi.store.runs import Run, reference

CAMERAS, LATEST = "cameras", "latest"
_FRESHNESS = set(schemas.Fresh.model_fields)


class Documents:
    """Writes them; keeps the rules that it has read."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._book: Rulebook | None = None

    def of(self, session: Session) -> dict[str, bytes]:
        """name → a JSON object without its freshness."""
        now = datetime.now(UTC)
        run = line.live_run(session)
        cameras_there = cameras_of(session, self._settings.line)
        slots = Slots(session, self._settings, run, cameras_there, now) if run else None
        tiles = slots.tiles() if slots else ()
        part = stated.parts(session, [run])[0] if run else None
        of_tiles = {tile.camera: tile for tile in tiles}
        shown = [tile.camera for tile in tiles]
        beside = [camera.serial for camera in cameras_there if camera.serial not in of_tiles]
        images = _newest_images(session, slots, [*shown, *beside])
        titles = {camera.serial: camera.title for camera in cameras_there}
        latest = [
            _latest(one, titles.get(one, one), of_tiles.get(one), run, images.get(one))
            for one in (*shown, *beside)
        ]
        by_camera = {one.camera: one for one in latest}
        book = self._rules(session)
        cameras = [_camera(camera, book, run, by_camera.get(camera.serial)) for camera in cameras_there]
        return {
            CAMERAS: _bytes(schemas.Cameras.model_construct(items=cameras)),
            LATEST: _bytes(schemas.Latest.model_construct(part=part, items=latest)),
            **{
                f"{CAMERAS}/{one.serial_number}": _bytes(schemas.OneCamera.model_construct(**dict(one)))
                for one in cameras
            },
            **{
                f"{LATEST}/{one.camera}": _bytes(
                    schemas.LatestOfCamera.model_construct(part=part, latest=one)
                )
                for one in latest
            },
        }

    def _rules(self, session: Session) -> Rulebook | None:
        version = session.scalar(select(func.max(RulesVersion.version)))
        if version is not None and (self._book is None or self._book.version != version):
            self._book = rulebook.rulebook(session, version)
        return self._book if version is not None else None


def _latest(
    camera: str, title: str, tile: Tile | None, run: Run | None, image: schemas.Image | None
) -> schemas.CameraLatest:
    if tile is not None:
        verdict, title, text = tile.verdict, tile.title, tile.text
    elif run is not None:
        verdict, text = None, "not expected to see this part"
    else:
        verdict, text = "waiting", "no part has come yet"
    return schemas.CameraLatest(camera=camera, title=title, verdict=verdict, text=text, image=image)


def _newest_images(session: Session, slots: Slots | None, cameras: Sequence[str]) -> dict[str, schemas.Image]:
    """camera → the image that its tile shows, else its newest one of whatever run."""
    rows = slots.images() if slots else {}
    rows |= line.last_images(session, [camera for camera in cameras if camera not in rows])
    return dict(zip(rows, stated.images(session, list(rows.values())), strict=True))


def _camera(
    camera: Camera, book: Rulebook | None, run: Run | None, latest: schemas.CameraLatest | None
) -> schemas.Camera:
    fault = book.fault_of(camera.serial) if book else None
    newest = latest.image if latest else None
    return schemas.Camera(
        serial_number=camera.serial,
        name=camera.name,
        number=camera.number,
        part_types=list(camera.part_types),
        belts=list(camera.belts),
        px_per_mm=book.px_per_mm(camera.serial) if book and not fault else None,
        fault=fault,
        run=reference(run.key) if run else None,
        verdict=latest.verdict if latest else None,
        image=newest.id if newest else None,
    )


def _bytes(model: BaseModel) -> bytes:
    return model.model_dump_json(exclude=_FRESHNESS, warnings=False).encode()


def handed_out(snapshot: Snapshot, pulse: Pulse, name: str) -> tuple[bytes, str] | None:
    """The JSON and its ETag; None where there is no such document."""
    document = (snapshot.documents or {}).get(name)
    if document is None:
        return None
    is_live = pulse.is_fresh(time.monotonic())
    trouble = "" if is_live else pulse.trouble or "the plant database is not being read"
    fresh = {"snapshot": snapshot.version, "is_live": is_live, "trouble": trouble}
    said = zlib.crc32(document, zlib.crc32(trouble.encode()))  # another build or setting says it otherwise
    tag = f'"{snapshot.version}-{int(is_live)}-{said:x}"'
    return json.dumps(fresh).encode()[:-1] + b"," + document[1:], tag
