"""What is to be drawn of a stored image: its renditions, with the overlay as it was judged."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from hmi.judging.findings import drawn_as, is_abnormal, unread
from hmi.pictures.overlay import Marker
from hmi.pictures.renditions import Box, Drawing, Rendition
from hmi.store.runs import Defect, Image, key_of, reference
from hmi.store.verdicts import Verdict

TILE, SMALL, CROP = "tile", "small", "crop-"


def of_images(session: Session, images: Sequence[Image]) -> list[tuple[Rendition, Drawing]]:
    """The grid's pictures of these images, and the crop of the worst defect of each that fails."""
    found = []
    for image in images:
        if image.picture is None or not image.path:
            continue
        markers, worst = _markers(session, image)
        found += [(_rendition(image, name), Drawing(image.path, markers)) for name in (TILE, SMALL)]
        if worst is not None:
            found.append((_rendition(image, CROP + reference(worst.key)), _crop(image, worst, markers)))
    return found


def find(session: Session, image: Image, name: str) -> tuple[Rendition, Drawing]:
    """One rendition of an image by its name. Raises LookupError where there is no such picture."""
    if not image.path or image.picture is None:
        raise LookupError(name)
    if name in (TILE, SMALL):
        markers, _ = _markers(session, image)
        return _rendition(image, name), Drawing(image.path, markers)
    if not name.startswith(CROP):
        raise LookupError(name)
    defect = session.get(Defect, key_of(name.removeprefix(CROP)))
    if defect is None or (defect.image_generation, defect.image_id) != image.key:
        raise LookupError(name)
    markers, _ = _markers(session, image)
    return _rendition(image, name), _crop(image, defect, markers)


def markers_of(session: Session, image: Image) -> tuple[Marker, ...]:
    """All defects of the image, in the state that the current verdict gave them."""
    return _markers(session, image)[0]


def _rendition(image: Image, name: str) -> Rendition:
    return Rendition(reference(image.key), name, image.picture or "")


def _crop(image: Image, defect: Defect, markers: tuple[Marker, ...]) -> Drawing:
    box = Box(defect.x or 0, defect.y or 0, defect.width or 0, defect.height or 0)
    return Drawing(image.path or "", markers, box)


def _markers(session: Session, image: Image) -> tuple[tuple[Marker, ...], Defect | None]:
    """Markers of all defects in the state that the current verdict gave them, and the worst that fails."""
    of_image = (Defect.image_id == image.id, Defect.image_generation == image.generation, ~Defect.gone)
    defects = session.scalars(select(Defect).where(*of_image).order_by(Defect.id)).all()
    current = (Verdict.image_id == image.id, Verdict.image_generation == image.generation, Verdict.current)
    verdict = session.scalar(select(Verdict).where(*current))
    findings = verdict.findings if verdict else []
    states = {tuple(found["defect"]): drawn_as(found["state"], found.get("decision")) for found in findings}
    otherwise = unread("pass", image.verdict)
    markers = tuple(
        Marker(defect.x, defect.y, defect.width, defect.height, states.get(defect.key, otherwise))
        for defect in defects
    )
    worst_key = next((tuple(found["defect"]) for found in findings if is_abnormal(found)), None)
    worst = next((defect for defect in defects if defect.key == worst_key), None)
    return markers, worst
