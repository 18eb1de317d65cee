"""`/api/images`: pictures of runs, and their files."""

from flask import Blueprint, Response, abort
from sqlalchemy.orm import Session
from werkzeug.http import generate_etag

from hmi.api import schemas, stated
from hmi.api.documents import handed_out_or_404
from hmi.api.latest import LATEST
from hmi.api.operations import REVALIDATED, operation
from hmi.auth import SEE, requires
from hmi.parts import parts
from hmi.pictures.contents import format_of
from hmi.pictures.unavailable import EXPECTED, why_unavailable
from hmi.problems import problem
from hmi.store import line
from hmi.store.runs import Image, Run, key_of

blueprint = Blueprint("api_images", __name__, url_prefix="/api/images")

MEDIA = {"JPEG": "image/jpeg", "PNG": "image/png", "TIFF": "image/tiff", "BMP": "image/bmp"}
STATUS = {"waiting": 503, "unreachable": 503, "refused": 415}


@blueprint.get("/latest")
@requires(SEE, passive=True)
@operation("Newest image of every camera", schemas.Latest)
def latest() -> Response:
    """With the part in front of the cameras and what each camera says of it. Costs no database."""
    return handed_out_or_404(LATEST)


@blueprint.get("/<image>")
@requires(SEE, passive=True)
@operation("One image", schemas.Image)
def show(image: str) -> schemas.Image:
    """Its verdict, why, by which rules, and where its file and pictures are."""
    with parts().store.read() as session:
        return stated.images(session, [image_or_404(session, image)])[0]


@blueprint.get("/trigger/<trigger_id>")
@requires(SEE, passive=True)
@operation("Images of one run", schemas.RunImages)
def of_run(trigger_id: str) -> schemas.RunImages:
    """The part of that trigger with the images that came of it."""
    with parts().store.read() as session:
        run = run_or_404(session, trigger_id)
        rows = line.images_of(session, run)
        return schemas.RunImages(part=stated.parts(session, [run])[0], items=stated.images(session, rows))


@blueprint.get("/<image>/file")
@requires(SEE, passive=True)
@operation("File of an image", media=tuple(MEDIA.values()), problems=(415,))
def file(image: str) -> Response:
    """As the vision system wrote it, pixel by pixel. Its format is told by its content, never by its name."""
    with parts().store.read() as session:
        row = image_or_404(session, image)
        path, name = row.path, stated.file_name(row)
    if not path:
        abort(404)
    try:
        content = parts().files.read(path)
        form = format_of(content.data, parts().settings.storage.formats)
    except EXPECTED as error:
        why = why_unavailable(error, path)
        return problem(STATUS.get(why.state, 404), f"{why}.".capitalize(), state=why.state)
    response = Response(content.data, mimetype=MEDIA[form])
    response.headers.set("Content-Disposition", "attachment", filename=name or f"{image}.{form.lower()}")
    response.headers["Cache-Control"] = REVALIDATED
    response.set_etag(generate_etag(content.stamp.text.encode()))
    return response


def image_or_404(session: Session, text: str) -> Image:
    try:
        row = session.get(Image, key_of(text))
    except ValueError:
        row = None
    if row is None or row.gone:
        abort(404)
    return row


def run_or_404(session: Session, text: str) -> Run:
    try:
        row = session.get(Run, key_of(text))
    except ValueError:
        row = None
    if row is None or row.gone:
        abort(404)
    return row
