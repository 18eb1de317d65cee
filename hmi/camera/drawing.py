"""What the viewer draws over an image, as JSON: every defect, every region, the scale."""

from typing import Any

from sqlalchemy.orm import Session

from hmi.camera.judged import judged, worst_first
from hmi.camera.values import Seen
from hmi.store.runs import Image, Run


def drawing_of(session: Session, image: Image, run: Run | None) -> dict[str, Any]:
    """Defects are [reference, number, state, x, y, width, height, size], the worst last, so on top; px.

    What has no box that could be drawn is left out; the list of the page has it.
    """
    found = judged(session, image, run)
    drawable = (seen for seen in reversed(worst_first(found.defects)) if seen.has_place)
    return {
        "px_per_mm": found.px_per_mm,
        "defects": [
            [seen.reference, seen.number, seen.state, seen.x, seen.y, seen.width, seen.height, _label(seen)]
            for seen in drawable
        ],
        "regions": [
            {
                "name": outline.name,
                "kind": outline.kind,
                "limits": outline.limits,
                "polygon": [list(vertex) for vertex in outline.polygon],
            }
            for outline in found.outlines
        ],
    }


def _label(seen: Seen) -> str:
    return " ".join((seen.size, *(f"✕ {reason}" for reason in seen.reasons if seen.state == "fail")))
