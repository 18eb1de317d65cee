"""The outbox against everything at once: decisions, the vision system, outages, kills, in any order."""

import itertools
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from hmi.deciding import Conflict
from hmi.store import Store
from hmi.store.decisions import DEFECT
from hmi.store.outbox import Outgoing
from tests.conftest import AUDIT_KEY
from tests.floors import Floor, Killed
from tests.plants import VisionSystem

WORDS = {"okay": "Part Okay", "scrap": "Scrap"}
FAULTS = ("", "refused", "lost before the commit", "lost in the commit", "killed after the commit")
events = st.one_of(
    st.tuples(st.just("decide"), st.sampled_from(["okay", "scrap", "undo"])),
    st.tuples(st.just("vision"), st.sampled_from(["NULL", "'Reviewed'", "'Part Okay'"])),
    st.tuples(st.just("write"), st.sampled_from(FAULTS)),
    st.tuples(st.just("read"), st.none()),
)


@pytest.fixture(scope="module")
def floors(tmp_path_factory, migrated_file):
    """Makes floors, each with a plant and a store of its own."""
    folder = tmp_path_factory.mktemp("floors")
    plant = VisionSystem(f"sqlite:///{folder / 'plant.db'}")
    plant.build()
    plant.part(images=1, defects=1)
    numbers = itertools.count()

    def make() -> Floor:
        number = next(numbers)
        (folder / f"{number}.plant").write_bytes((folder / "plant.db").read_bytes())
        (folder / f"{number}.store").write_bytes(migrated_file.read_bytes())
        store = Store(f"sqlite:///{folder / f'{number}.store'}", audit_key=AUDIT_KEY)
        floor = Floor(VisionSystem(f"sqlite:///{folder / f'{number}.plant'}"), store, make.settings)
        floor.read()
        return floor

    return make


def play(floor: Floor, event: str, what: str | None) -> None:
    if event == "decide":
        with suppress(Conflict):
            floor.desk.defect(1, what)
    elif event == "vision":
        floor.vision.run(f'UPDATE "Defects" SET disposition = {what} WHERE id = 1')
    elif event == "read":
        floor.read()
    else:
        floor.plant.fault = what
        try:
            floor.outbox.step()
        except Killed:
            floor.start()
        floor.plant.fault = ""


def drain(floor: Floor) -> None:
    for _ in range(len(floor.states()) + 1):
        floor.outbox.step()


@settings(max_examples=30)
@given(story=st.lists(events, max_size=14))
def test_whatever_happens_everything_ends_and_nobody_is_overwritten(floors, settings_of, story):
    floors.settings = settings_of()
    floor = floors()
    for event, what in story:
        before = floor.in_plant(1)[0]
        play(floor, event, what)
        after = floor.in_plant(1)[0]
        if event != "vision" and after != before:
            assert event == "write"
            assert (before, after) in {(entry.expected, entry.disposition) for entry in entries(floor)}
    drain(floor)
    assert set(floor.states()) <= {"done", "conflict"}
    for entry in [entry for entry in entries(floor) if entry.state == "done"][-1:]:
        assert entry.mark in floor.in_plant(1)[2]
    floor.close()
    floor.store.close()


@settings(max_examples=25)
@given(story=st.lists(events.filter(lambda event: event[0] != "vision"), max_size=14))
def test_alone_with_the_plant_it_holds_exactly_what_is_in_force(floors, settings_of, story):
    floors.settings = settings_of()
    floor = floors()
    for event, what in story:
        play(floor, event, what)
    drain(floor)
    assert set(floor.states()) <= {"done"}
    assert floor.in_plant(1)[0] == WORDS.get(floor.desk.in_force(DEFECT, 1))
    assert floor.defect(1).changed_after_at is None
    floor.close()
    floor.store.close()


def entries(floor: Floor):
    with floor.store.read() as session:
        return list(session.scalars(select(Outgoing).order_by(Outgoing.id)))
