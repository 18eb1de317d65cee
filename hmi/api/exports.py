"""`/api/exports`: defects that people decided on, for those who train detectors: COCO and YOLO, as a zip.

A false call is as much worth as a true defect: both are classes. The archive is made while it is sent, page
by page; it holds the images' names, and `/api/images/<id>/file` gives the images.
"""

import json
from array import array
from collections.abc import Callable, Iterator
from typing import Annotated

from flask import Blueprint, Response
from pydantic import Field

from hmi.api.lists import Moment, Plain
from hmi.api.operations import operation
from hmi.api.reading import Query
from hmi.api.streams import streamed
from hmi.api.zipped import Entry, zipped
from hmi.auth import SEE, requires
from hmi.parts import parts
from hmi.store import Store, labelled
from hmi.store.labelled import Labelled, Wanted

blueprint = Blueprint("api_exports", __name__, url_prefix="/api/exports")

ZIP = "application/zip"
CLASSES = ("true_defect", "false_call")  # scrap, okay
_CLASS = {"scrap": 0, "okay": 1}
README = """Defects that people decided on. Class 0 true_defect (scrap), class 1 false_call (okay).
Images of unknown size are left out of YOLO, whose numbers are shares of it.
Each image says how many other defects the vision system found on it ("unlabelled" in COCO, the third column
of images.txt in YOLO): whoever trains with such an image teaches that there is nothing in their places.
"""


class ExportQuery(Query):
    camera: Annotated[Plain | None, Field(description="Serial number")] = None
    part_type: Plain | None = None
    since: Annotated[Moment | None, Field(description="Decided at this time or later")] = None
    until: Annotated[Moment | None, Field(description="Decided before this time")] = None

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.camera, self.part_type, self.since, self.until)


@blueprint.get("/coco.zip")
@requires(SEE)
@operation("Decided defects as COCO", query=ExportQuery, media=(ZIP,))
def coco(query: ExportQuery) -> Response:
    """`annotations.json` with images, categories and boxes in px of the full image."""
    return _sent("coco", _coco, query.wanted)


@blueprint.get("/yolo.zip")
@requires(SEE)
@operation("Decided defects as YOLO", query=ExportQuery, media=(ZIP,))
def yolo(query: ExportQuery) -> Response:
    """`data.yaml`, `images.txt` (id, file name, defects without a label) and the labels of each image."""
    return _sent("yolo", _yolo, query.wanted)


def _sent(name: str, entries: Callable[[Store, Wanted], Iterator[Entry]], wanted: Wanted) -> Response:
    return streamed(zipped(entries(parts().store, wanted)), ZIP, f"defects-{name}.zip")


def _coco(store: Store, wanted: Wanted) -> Iterator[Entry]:
    yield "README.txt", iter([README])
    yield "annotations.json", _annotations(store, wanted)


def _annotations(store: Store, wanted: Wanted) -> Iterator[str]:
    """Two walks: COCO has all images in front of all boxes."""
    categories = [{"id": number, "name": name} for number, name in enumerate(CLASSES)]
    yield f'{{"info":{{"description":"Porosity HMI"}},"categories":{json.dumps(categories)},"images":['
    numbers = array("q")
    yield from _separated(_image(found) for found in _noted(store, wanted, numbers))
    yield '],"annotations":['
    again = labelled.of_them(store, wanted, numbers)
    yield from _separated(box for found in again for box in _boxes(found))
    yield "]}"


def _noted(store: Store, wanted: Wanted, numbers: "array[int]") -> Iterator[Labelled]:
    for found in labelled.images(store, wanted):
        numbers.append(found.number)
        yield found


def _separated(items: Iterator[dict[str, object]]) -> Iterator[str]:
    for number, item in enumerate(items):
        yield ("," if number else "") + json.dumps(item, ensure_ascii=False)


def _image(found: Labelled) -> dict[str, object]:
    return {
        "id": found.number,
        "file_name": found.file_name,
        "width": found.width_px,
        "height": found.height_px,
        "hmi_id": found.image,
        "camera": found.camera,
        "unlabelled": found.unlabelled,
    }


def _boxes(found: Labelled) -> Iterator[dict[str, object]]:
    for box in found.boxes:
        yield {
            "id": box.number,
            "image_id": found.number,
            "category_id": _CLASS[box.word],
            "bbox": [box.x_px, box.y_px, box.width_px, box.height_px],
            "area": box.width_px * box.height_px,
            "iscrowd": 0,
            "decided_by": box.who,
        }


def _yolo(store: Store, wanted: Wanted) -> Iterator[Entry]:
    yield "README.txt", iter([README])
    names = "".join(f"  {number}: {name}\n" for number, name in enumerate(CLASSES))
    yield "data.yaml", iter([f"path: .\ntrain: images\nval: images\nnames:\n{names}"])
    numbers = array("q")
    yield "images.txt", map(_listed, _noted(store, wanted, numbers))
    for found in labelled.of_them(store, wanted, numbers):
        if found.width_px and found.height_px:
            yield f"labels/{found.stem}.txt", iter([_lines(found, found.width_px, found.height_px)])


def _listed(found: Labelled) -> str:
    return f"{found.image}\t{found.file_name}\t{found.unlabelled}\n"


def _lines(found: Labelled, width: int, height: int) -> str:
    """A box that reaches over the edge is what of it the image shows; one that is wholly outside is none."""
    lines = []
    for box in found.boxes:
        left, right = max(0, box.x_px), min(width, box.x_px + box.width_px)
        top, bottom = max(0, box.y_px), min(height, box.y_px + box.height_px)
        if left >= right or top >= bottom:
            continue
        across = (left + right) / 2 / width, (right - left) / width
        down = (top + bottom) / 2 / height, (bottom - top) / height
        shares = (across[0], down[0], across[1], down[1])
        lines.append(f"{_CLASS[box.word]} " + " ".join(f"{share:.6f}" for share in shares) + "\n")
    return "".join(lines)
