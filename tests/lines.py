"""A line for tests of the judging: batches as the feed would bring them, at chosen seconds."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from hmi.judging import Judging
from hmi.pictures.arrivals import FileSeen
from hmi.plant.rows import Batch, Defect, Image, Suppression, Trigger
from hmi.settings import Settings
from hmi.store import Store
from hmi.store.runs import Run, reference
from hmi.store.verdicts import Verdict

TWO_CAMERAS = [{"serial": "A", "order": 1}, {"serial": "B", "order": 2}]
NAMED_CAMERAS = [
    {"serial": "A", "name": "Valve body face", "order": 1},
    {"serial": "B", "name": "Bore", "order": 2},
]
QUICK_LINE = {"cameras": NAMED_CAMERAS, "settle_s": 1, "grace_s": 2}
BEGAN = datetime(2026, 5, 8, 14, 0, tzinfo=UTC)
SERIAL = "38A25125390338RFML3P 7006 MC"
SMALL, LARGE = 8, 30  # px; the default rule fails from 1.5 mm = 17.95 px on
BORDERLINE = 18  # px: within a pixel of the limit


def trigger(number: int = 1, serial: str = SERIAL, **columns: Any) -> Trigger:
    at = columns.pop("timestamp", BEGAN + timedelta(seconds=70 * number))
    usual = {"generation": 1, "label": 1, "belt": "trigger", "part": "39MC"}
    return Trigger(id=number, timestamp=at, part_instance=serial, **{**usual, **columns})


def image(number: int, camera: str, of: int = 1, **columns: Any) -> Image:
    usual = {"generation": 1, "trigger_generation": 1, "media_id": "m", "path": rf"E:\images\{number}.jpg"}
    return Image(id=number, trigger=of, camera=camera, **{**usual, **columns})


def defect(number: int, of: int, size: int = SMALL, **columns: Any) -> Defect:
    usual: dict[str, Any] = {
        "generation": 1,
        "image_generation": 1,
        "x": 400 * (number % 10),
        "y": 400,
        "width": size,
        "height": 5,
        "confidence": 0.9,
        "type": "0",
        "disposition": None,
        "dispositioned_at": None,
        "suppressed": False,
        "hmi_metadata": None,
    }
    return Defect(id=number, image=of, **{**usual, **columns})


def suppression(number: int, of: int | None) -> Suppression:
    return Suppression(id=number, defect_generation=1, defect=of)


class Line:
    """Judging with a store, told what was read at which watched second."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self.settings = settings
        self.store = store
        self.start()

    def start(self, watched_s: float = 0.0) -> None:
        """A worker takes up the work at this watched second."""
        self.judging = Judging(self.settings)
        with self.store.write() as session:
            self.taken_up = [image.key for image in self.judging.start(session, BEGAN, watched_s)]

    def read(self, at_s: float, *rows: Any, is_first: bool = False, **batch: Any) -> None:
        """One successful read of the plant that brought these rows; `is_first`: of a store that is empty."""
        kinds = {Trigger: "triggers", Image: "images", Defect: "defects", Suppression: "suppressions"}
        fields: dict[str, tuple[Any, ...]] = {
            name: tuple(row for row in rows if isinstance(row, kind)) for kind, name in kinds.items()
        }
        self.take(Batch(began_s=at_s, **fields, **batch), is_first=is_first)

    def take(self, batch: Batch, *, is_first: bool = False) -> None:
        """What one read brought."""
        with self.store.write() as session:
            now = BEGAN + timedelta(seconds=batch.began_s)
            changes, judged = self.judging.take(session, batch, now, is_first=is_first)
            self.last = bool(changes or judged)
            self.arrived = [image.id for image in self.judging.arrived(session, changes)]

    def files(self, *numbers: int, state: str = "whole", at_s: float = 0) -> None:
        """The files of these images were looked at."""
        seen = [FileSeen(reference((1, number)), state, 5120, 5120, "s1") for number in numbers]  # type: ignore[arg-type]
        with self.store.write() as session:
            self.judging.files_seen(session, seen, BEGAN + timedelta(seconds=at_s))

    def whole_part(self) -> None:
        """One of TWO_CAMERAS, its files there and a small defect on each image."""
        self.read(0, trigger(), image(1, "A"), image(2, "B"), defect(1, 1), defect(2, 2))
        self.files(1, 2)

    def run(self, number: int = 1, generation: int = 1) -> Run:
        with self.store.read() as session:
            run = session.get(Run, (generation, number))
            assert run is not None
            return run

    def verdict(self, number: int = 1) -> str:
        return self.run(number).verdict

    def cameras(self, number: int = 1) -> dict[str, str]:
        """camera → current verdict, of those that have one."""
        return {verdict.camera: verdict.verdict for verdict in self.verdicts(number)}

    def verdicts(self, number: int = 1, *, current: bool = True) -> Sequence[Verdict]:
        with self.store.read() as session:
            of_run = select(Verdict).where(Verdict.run_id == number).order_by(Verdict.id)
            return session.scalars(of_run.where(Verdict.current) if current else of_run).all()
