"""Regions as a file for a camera or the plant (docs/regions-file.md), and as W3C Web Annotations."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from markupsafe import escape

from hmi.judging.expected import Camera
from hmi.judging.rulebook import Rulebook
from hmi.rules.reading import Problem, Refused
from hmi.rules.shapes import JsonObject, State, published

FORMAT, VERSION = "porosity regions", 1
LONGEST_FILE = 1_000_000
ANNOTATIONS = "http://www.w3.org/ns/anno.jsonld"
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def document_of(book: Rulebook, cameras: Sequence[Camera]) -> JsonObject:
    """What is published for these cameras."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "rules_version": book.version,
        "cameras": {
            camera.serial: {
                "name": camera.name,
                "px_per_mm": book.px_per_mm(camera.serial),
                **_state_json(published(book, camera.serial)),
            }
            for camera in cameras
        },
    }


def as_yaml(document: JsonObject) -> str:
    return str(yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100))


def read(document: Any, camera: str) -> tuple[list[JsonObject], JsonObject | None]:
    """The regions and the default rule that a document has for this camera; of a document of one camera, that
    one's, whatever its name. `document` is the object or the text of the file. Raises Refused."""
    cameras = cameras_in(document)
    return of_camera(cameras if len(cameras) > 1 else {camera: next(iter(cameras.values()))}, camera)


def cameras_in(document: Any) -> Mapping[str, Any]:
    """Serial → what the document has for it, not yet looked at; at least one. Raises Refused."""
    found = _parsed(document) if isinstance(document, str) else document
    if not isinstance(found, Mapping) or found.get("format") != FORMAT:
        raise Refused(Problem("document", f"is no file of regions: format must be {FORMAT}"))
    if found.get("version") != VERSION or isinstance(found["version"], bool):
        raise Refused(Problem("document", f"has a version that is not known: must be {VERSION}"))
    cameras = found.get("cameras")
    if not isinstance(cameras, Mapping) or not cameras:
        raise Refused(Problem("document", "names no camera"))
    return cameras


def of_camera(cameras: Mapping[str, Any], camera: str) -> tuple[list[JsonObject], JsonObject | None]:
    """The regions and the default rule, if any, of one of them. Raises Refused."""
    own = cameras.get(camera)
    if not isinstance(own, Mapping):
        raise Refused(Problem("document", f"has nothing for camera {camera}"))
    regions = own.get("regions", [])
    if not isinstance(regions, list) or not all(isinstance(region, Mapping) for region in regions):
        raise Refused(Problem("document", "regions must be a list of objects"))
    sources = [{**region, "key": str(region.get("key", f"file-{n}"))} for n, region in enumerate(regions)]
    if len({source["key"] for source in sources}) < len(sources):
        raise Refused(Problem("document", "has the key of a region twice"))
    default = own.get("default")
    return sources, dict(default) if isinstance(default, Mapping) else None


def annotations_of(book: Rulebook, camera: Camera, address: str, image: str | None) -> JsonObject:
    """An AnnotationPage: each region as an SvgSelector on the camera's image, px of the full image."""
    return {
        "@context": ANNOTATIONS,
        "id": address,
        "type": "AnnotationPage",
        "items": [
            {
                "id": f"{address}#{region['key']}",
                "type": "Annotation",
                "motivation": "tagging",
                "body": [
                    {"type": "TextualBody", "purpose": "tagging", "value": region["region_id"]},
                    {"type": "TextualBody", "purpose": "classifying", "value": region["kind"]},
                    {
                        "type": "Dataset",
                        "purpose": "describing",
                        "format": "application/json",
                        "value": region,
                    },
                ],
                "target": {
                    "source": image or camera.serial,
                    "selector": {"type": "SvgSelector", "value": _selector(region["polygon"])},
                },
            }
            for region in published(book, camera.serial).regions
        ],
    }


def _state_json(state: State) -> JsonObject:
    """Without aliases: the same list twice would be one in YAML."""
    regions = [
        {**region, "polygon": [list(vertex) for vertex in region["polygon"]]} for region in state.regions
    ]
    return {"default": dict(state.default), "regions": regions}


def _selector(polygon: Sequence[Sequence[float]]) -> str:
    points = " ".join(f"{x:g},{y:g}" for x, y in polygon)
    return f'<svg xmlns="http://www.w3.org/2000/svg"><polygon points="{escape(points)}"/></svg>'


def _parsed(text: str) -> Any:
    """YAML, of which JSON is a part. Aliases are refused: a few lines of them unfold to gigabytes."""
    if len(text) > LONGEST_FILE:
        raise Refused(Problem("document", f"has more than {LONGEST_FILE:,} characters"))
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=_Loader)):
            raise Refused(Problem("document", "has aliases (*name), which are not read"))
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - the safe loader, by its name
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, Refused):
            raise
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        raise Refused(Problem("document", f"is not valid YAML or JSON{where}")) from None
