"""How many pixels a millimetre has on a camera: typed, or a line over a known length."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hmi.judging import publishing
from hmi.judging.expected import Camera
from hmi.judging.judging import last_sizes
from hmi.rules import differences
from hmi.rules.drafts import By
from hmi.rules.publishing import reason_of
from hmi.rules.reading import Problem, Refused
from hmi.rules.shapes import JsonObject
from hmi.settings import Settings
from hmi.store import audit, turns
from hmi.store.calibrations import Calibration
from regions.validation import LARGEST_LIMIT_MM, LARGEST_SCALE

SHORTEST_PX = 20  # a hand on the screen is off by a pixel or two at either end
SHORTEST_SIDE_MM, LONGEST_SIDE_MM = 2.0, 20_000.0  # what the longer side of an image may show
SIGNIFICANT = 6
FAR = 1.2  # times the present scale, or a part of it: no lens that is set anew does that


@dataclass(frozen=True, slots=True)
class Scale:
    """`line` is what it was measured on: {from, to, length_mm}, full px; None where it was typed."""

    px_per_mm: float
    line: JsonObject | None = None


def read(typed: Mapping[str, Any]) -> Scale:
    """Of px_per_mm, or of length_mm with from and to. Numbers or texts. Raises Refused."""
    if typed.get("px_per_mm") not in (None, ""):
        return Scale(_rounded(_number(typed, "px_per_mm", LARGEST_SCALE)))
    if typed.get("length_mm") in (None, ""):
        raise Refused(Problem("px_per_mm", "type it, or draw a line and give its length"))
    length_mm = _number(typed, "length_mm", LARGEST_LIMIT_MM)
    begin, end = _point(typed, "from"), _point(typed, "to")
    length_px = math.dist(begin, end)
    if length_px < SHORTEST_PX:
        text = (
            f"the line has {length_px:.0f} px: draw one of at least {SHORTEST_PX} px, the longer the better"
        )
        raise Refused(Problem("from", text))
    scale = length_px / length_mm
    if not scale <= LARGEST_SCALE:
        raise Refused(Problem("length_mm", f"gives over {LARGEST_SCALE:,.0f} px/mm: the length is in mm"))
    return Scale(_rounded(scale), {"from": list(begin), "to": list(end), "length_mm": length_mm})


def calibrate(
    session: Session,
    settings: Settings,
    camera: Camera,
    scale: Scale,
    reason: Any,
    by: By,
    now: datetime,
    *,
    confirmed: bool = False,
) -> Calibration:
    """Keep it, and judge by it from now on. Old verdicts keep their scale. Raises Refused.

    One that is far from the present scale is taken only when it is `confirmed`.
    """
    why = reason_of(reason)
    width, height = last_sizes(session, [camera]).get(camera.serial, (None, None))
    if scale.line is not None:
        _refuse_outside(width, height, scale.line)
    if width and height:
        _refuse_implausible(max(width, height), scale)
    turns.take(session, turns.RULES)
    newest = publishing.publish_if_changed(session, settings, now, None)
    before = newest.px_per_mm(camera.serial)
    if before and not confirmed:
        _refuse_far(before, scale.px_per_mm)
    own = publishing.own_of(newest, camera.serial)
    version = newest.version
    if not own.get("calibrated") or before != scale.px_per_mm:
        own |= {"px_per_mm": scale.px_per_mm, "calibrated": True}
        said = differences.scale(before, scale.px_per_mm) or ["scale confirmed"]
        of_camera = {camera.serial: own}
        version = publishing.publish(
            session, settings, now, of_camera, who=by.name, why=why, changes=said
        ).version
    row = Calibration(
        camera=camera.serial,
        px_per_mm=scale.px_per_mm,
        line=scale.line,
        who=by.name,
        why=why,
        at=now,
        version=version,
    )
    session.add(row)
    session.flush()
    details = {
        "before": before and _rounded(before),
        "px_per_mm": scale.px_per_mm,
        "line": scale.line,
        "reason": why,
    }
    audit.record(session, "camera calibrated", by.name, by.station, camera.serial, details)
    return row


def _rounded(scale: float) -> float:
    return float(f"{scale:.{SIGNIFICANT}g}")


def _number(typed: Mapping[str, Any], name: str, most: float) -> float:
    """More than 0 and at most `most`."""
    value = _read_number(typed.get(name), name)
    if not 0 < value <= most:
        raise Refused(Problem(name, f"must be more than 0 and at most {most:g}"))
    return value


def _read_number(value: Any, name: str) -> float:
    if isinstance(value, str):
        if "," in value:
            raise Refused(Problem(name, "is written with a point: 11.97"))
        text = value.strip()
        is_plain = text.isascii() and len(text) < 40 and not set(text) - set("0123456789.eE+-")
        try:
            value = float(text) if is_plain else None
        except ValueError:
            value = None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(Problem(name, "must be a number"))
    if isinstance(value, int) and abs(value) > LARGEST_SCALE * LARGEST_LIMIT_MM:
        raise Refused(Problem(name, "is too large"))
    if not math.isfinite(value):
        raise Refused(Problem(name, "must be finite"))
    return float(value)


def _point(typed: Mapping[str, Any], name: str) -> tuple[float, float]:
    """A pair, or two fields of a form: from_x and from_y."""
    pair = typed.get(name)
    if pair is None:
        pair = [typed.get(f"{name}_x"), typed.get(f"{name}_y")]
    if not isinstance(pair, list | tuple) or len(pair) != 2 or any(one in (None, "") for one in pair):
        raise Refused(Problem(name, "draw the line: its ends are missing"))
    x, y = (round(_read_number(one, name), 2) for one in pair)
    return x, y


def _refuse_implausible(side_px: int, scale: Scale) -> None:
    """A casting, or a part of one, is on the image: metres typed for mm would make every pore a small one."""
    side_mm = side_px / scale.px_per_mm
    if not SHORTEST_SIDE_MM <= side_mm <= LONGEST_SIDE_MM:
        name = "px_per_mm" if scale.line is None else "length_mm"
        text = f"the whole image would show {side_mm:.3g} mm: lengths are in mm"
        raise Refused(Problem(name, text))


def _refuse_far(before: float, after: float) -> None:
    """Every size of the camera changes with it: what failed passes, or the other way round."""
    if 1 / FAR <= after / before <= FAR:
        return
    text = (
        f"{after:g} px/mm is {after / before:.3g} times the present scale ({before:.4g}): a defect of 1 mm "
        f"would be judged as {before / after:.3g} mm from now on. Confirm that this is meant."
    )
    raise Refused(Problem("confirmed", text))


def _refuse_outside(width: int | None, height: int | None, line: JsonObject) -> None:
    for name in ("from", "to"):
        x, y = line[name]
        if not 0 <= x <= (width or math.inf) or not 0 <= y <= (height or math.inf):
            raise Refused(Problem(name, "lies outside the image"))
