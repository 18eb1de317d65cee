"""The sweep finds what changed in the plant while nobody looked, for the parts that are on the screens."""

from collections.abc import Iterator

import pytest

from hmi import sweeping
from hmi.plant.feed import Feed
from hmi.sweeping import Sweep
from tests import plants
from tests.lines import LARGE, Line
from tests.plants import VisionSystem, feed

vision = plants.vision
lite_vision = plants.lite_vision
pg_vision = plants.pg_vision

ONE_CAMERA = [{"serial": "CAM1", "order": 1}]


class SweptLine(Line):
    """A line that reads a plant, as a worker would."""

    def tick(self, plant: Feed) -> None:
        self.take(plant.tick())

    def sweep(self, plant: Feed) -> None:
        with self.store.read() as session:
            wanted = Sweep(strip_parts=20).wanted(session)
        for batch in sweeping.read(plant, wanted):
            self.take(batch)


@pytest.fixture
def line(sqlite_store, settings_of) -> SweptLine:
    return SweptLine(settings_of(line={"cameras": ONE_CAMERA, "settle_s": 0, "grace_s": 20}), sqlite_store)


@pytest.fixture
def plant(vision: VisionSystem, line: SweptLine) -> Iterator[Feed]:
    """A feed that has forgotten what it saw a moment ago. A part with two large defects passed, because row 1
    suppresses one of them and row 2 the other."""
    vision.part(images=1, defects=0)
    for number in (1, 2):
        vision.defect(1, x=1000 * number, width=LARGE)
        vision.run(f'INSERT INTO "Suppressed_Defects" (id, defect) VALUES ({number}, {number})')
    with feed(vision.url, tail_s=0) as reader:
        line.tick(reader)
        line.files(1)
        line.tick(reader)
        assert line.verdict() == "pass"
        yield reader


def test_suppressions_that_are_still_there_change_nothing(line, plant):
    line.sweep(plant)
    assert line.verdict() == "pass"
    assert not line.last


@pytest.mark.parametrize(
    "change",
    [
        'DELETE FROM "Suppressed_Defects" WHERE id = 1',
        'UPDATE "Suppressed_Defects" SET defect = NULL WHERE id = 1',
        'UPDATE "Suppressed_Defects" SET defect = 2 WHERE id = 1',
        'UPDATE "Suppressed_Defects" SET defect = 77 WHERE id = 1',
    ],
    ids=["deleted", "of none", "of another", "of one that is not there"],
)
def test_a_suppression_that_ended_while_nobody_looked_is_found(line, plant, vision, change):
    vision.run(change)
    line.sweep(plant)
    assert line.verdict() == "fail"


def test_a_table_of_suppressions_that_cannot_be_read_ends_none_and_stops_no_sweep(line, plant, vision):
    vision.run('DROP TABLE "Suppressed_Defects"')
    with feed(vision.url) as later:
        line.sweep(later)
    assert line.verdict() == "pass"
