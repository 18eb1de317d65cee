"""Which cameras a run expects, in the order in which people know them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from hmi import settings
from hmi.store.mirror import MirroredTable
from hmi.store.runs import Run


@dataclass(frozen=True, slots=True)
class Camera:
    serial: str
    name: str
    number: str  # what people call it: its place in the line, or "1-5" by group and sub-group
    belts: tuple[str, ...] = ()
    part_types: tuple[str, ...] = ()

    def expects(self, belt: str | None, part: str | None) -> bool:
        return (not self.belts or belt in self.belts) and (not self.part_types or part in self.part_types)

    @property
    def title(self) -> str:
        return f"{self.number} · {self.name}" if self.name else self.number


def cameras_of(session: Session, line: settings.Line) -> tuple[Camera, ...]:
    """The cameras of the settings; without such a list all that the plant database knows."""
    mirrored = session.get(MirroredTable, "Cameras")
    known = {row["serial_number"]: row for row in (mirrored.rows if mirrored else ())}
    if line.cameras:
        return configured(line)
    in_order = sorted(known.values(), key=lambda row: (_order(row), row["serial_number"]))
    return tuple(Camera(row["serial_number"], row["serial_number"], _number(row)) for row in in_order)


def are_known(session: Session, line: settings.Line) -> bool:
    """Whether the settings list the cameras, or the plant database was asked for them once."""
    return bool(line.cameras) or session.get(MirroredTable, "Cameras") is not None


def configured(line: settings.Line) -> tuple[Camera, ...]:
    """The cameras that the settings list."""
    ordered = sorted(line.cameras, key=lambda camera: camera.order)
    return tuple(_from_settings(camera, place) for place, camera in enumerate(ordered, start=1))


def expected_by(cameras: Iterable[Camera], belt: str | None, part: str | None) -> tuple[Camera, ...]:
    return tuple(camera for camera in cameras if camera.expects(belt, part))


def expected_of(run: Run, cameras: Iterable[Camera]) -> tuple[Camera, ...]:
    """Once a run has settled, the cameras of its time: a line that changes makes no old part another.

    Its belt and part type decide anew when they are corrected.
    """
    kept = run.expected
    if kept is None or not kept["cameras"] or [run.belt, run.part] != [kept["belt"], kept["part"]]:
        return expected_by(cameras, run.belt, run.part)
    known = {camera.serial: camera for camera in cameras}
    return tuple(known.get(serial, Camera(serial, serial, "+")) for serial in kept["cameras"])


def keep_expected(run: Run, cameras: Iterable[Camera]) -> None:
    """To be called when nothing of the run is waited for any more. That none is known is nothing to keep."""
    serials = [camera.serial for camera in cameras]
    run.expected = {"belt": run.belt, "part": run.part, "cameras": serials}


def _from_settings(camera: settings.Camera, place: int) -> Camera:
    return Camera(
        serial=camera.serial,
        name=camera.name or camera.serial,
        number=str(camera.order or place),
        belts=camera.belts,
        part_types=camera.part_types,
    )


def _order(row: Mapping[str, Any]) -> tuple[int, int]:
    return row.get("group_id") or 0, row.get("sub_group") or 0


def _number(row: Mapping[str, Any]) -> str:
    group, sub_group = row.get("group_id"), row.get("sub_group")
    return f"{group}-{sub_group}" if group is not None and sub_group is not None else "?"
