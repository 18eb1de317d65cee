"""The counts are always equal to a plain recount, whatever comes, goes, is judged again or decided."""

import shutil
from contextlib import suppress
from datetime import timedelta
from functools import partial

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import delete
from sqlalchemy.exc import NoResultFound

from hmi import recounting
from hmi.deciding import Refused
from hmi.settings import Settings, load_settings
from hmi.store import Store
from hmi.store.rules import Region
from tests.conftest import AUDIT_KEY, SECRET
from tests.desk import Desk
from tests.lines import BEGAN, BORDERLINE, LARGE, SMALL, Line, defect, image, suppression, trigger
from tests.recount import kept, recounted

CAMERAS = [{"serial": "A", "order": 1}, {"serial": "B", "order": 2, "part_types": ["39MC"]}]
SHIFTS = [
    {"name": "Early", "start": "06:30"},
    {"name": "Late", "start": "14:15"},
    {"name": "Night", "start": "22:30"},
]
FALL_BACK = BEGAN.replace(year=2025, month=11, day=2, hour=4)  # the hour that comes twice: from 05:00 UTC
SQUARE = [{"x": 0, "y": 0}, {"x": 5120, "y": 0}, {"x": 5120, "y": 5120}, {"x": 0, "y": 5120}]
FEW, SOME, MANY = st.integers(1, 4), st.integers(1, 6), st.integers(1, 9)
SIZES = st.sampled_from([SMALL, BORDERLINE, LARGE, -1])
TIMES = st.none() | st.integers(0, 400).map(lambda minutes: FALL_BACK + timedelta(minutes=minutes))
SERIALS, PARTS = st.sampled_from(["X", "Y", None]), st.sampled_from(["39MC", "40MC", None])
GONE = st.sampled_from(["gone_triggers", "gone_images", "gone_defects"])


def settings_for(store: str) -> Settings:
    return load_settings(
        environment={},
        database={"url": "sqlite:///plant.db"},
        store={"url": store},
        auth={"secret_key": SECRET},
        line={"cameras": CAMERAS, "settle_s": 5, "grace_s": 20},
        review={"since": BEGAN.replace(year=2024).isoformat()},
        time={"zone": "America/Detroit", "shifts": SHIFTS},
    )


class Plant(RuleBasedStateMachine):
    """What the plant, people and the clock can do, in any order."""

    def __init__(self, store: Store, settings: Settings) -> None:
        super().__init__()
        self.store, self.settings = store, settings
        self.at_s = 0.0
        self.line, self.desk = Line(settings, store), Desk(settings, store)

    @rule(number=FEW, at=TIMES, serial=SERIALS, part=PARTS, past=st.booleans())
    def a_trigger_comes_or_changes(self, number, at, serial, part, past):
        self.line.read(self.at_s, trigger(number, serial, timestamp=at, part=part), past=past)

    @rule(number=SOME, camera=st.sampled_from(["A", "B"]), run=FEW)
    def an_image_comes_or_moves(self, number, camera, run):
        self.line.read(self.at_s, image(number, camera, of=run))

    @rule(numbers=st.sets(MANY, min_size=1, max_size=4), of=SOME, size=SIZES, theirs=st.booleans())
    def defects_come_change_or_move(self, numbers, of, size, theirs):
        disposition = "Scrap" if theirs else None
        rows = [defect(n, of, size, type=str(n % 2), disposition=disposition) for n in sorted(numbers)]
        self.line.read(self.at_s, *rows)

    @rule(number=MANY)
    def a_defect_is_suppressed(self, number):
        self.line.read(self.at_s, suppression(number, number))

    @rule(number=MANY, what=GONE)
    def something_is_deleted(self, number, what):
        self.line.read(self.at_s, **{what: ((1, number),)})

    @rule(state=st.sampled_from(["whole", "absent"]))
    def files_are_seen(self, state):
        self.line.files(1, 2, 3, 4, 5, 6, state=state, at_s=self.at_s)

    @rule(seconds=st.sampled_from([3, 30]))
    def time_passes(self, seconds):
        self.at_s += seconds
        self.line.read(self.at_s)

    @rule(number=MANY, word=st.sampled_from(["okay", "scrap", "undo"]))
    def a_defect_is_decided(self, number, word):
        with suppress(Refused, NoResultFound):
            self.desk.defect(number, word, reason="seen at the part")

    @rule(number=FEW, word=st.sampled_from(["use_as_is", "hold", "undo"]))
    def a_part_is_decided(self, number, word):
        with suppress(Refused, NoResultFound):
            self.desk.part(number, word, reason="customer agreed")

    @rule(limit=st.sampled_from([0.3, 9.0]))
    def the_rules_change(self, limit):
        with self.store.write() as session:
            session.execute(delete(Region))
            session.add(Region(camera_id="A", region_id="Face", polygon=SQUARE, size_threshold=limit))
        with self.store.write() as session:
            self.line.judging.check_rules(session, BEGAN)

    @rule(steps=st.integers(1, 3))
    def counting_anew_goes_on(self, steps):
        with self.store.write() as session:
            if not recounting.is_due(session, self.settings):
                recounting.begin(session, self.settings)
        for _ in range(steps):
            with self.store.write() as session:
                recounting.step(session, self.settings)

    @invariant()
    def the_counts_are_those_of_a_plain_recount(self):
        assert kept(self.store) == recounted(self.store, self.settings.time)

    def teardown(self):
        self.store.close()


def fresh_plant(empty, folder) -> Plant:
    """With a store of its own: a copy of an empty one."""
    file = folder / f"{len(list(folder.glob('*.db')))}.db"
    shutil.copy(empty, file)
    address = f"sqlite:///{file}"
    return Plant(Store(address, audit_key=AUDIT_KEY), settings_for(address))


def test_counts_are_always_those_of_a_plain_recount(migrated_file, tmp_path):
    few = hypothesis_settings(max_examples=15, stateful_step_count=25, deadline=None)
    run_state_machine_as_test(partial(fresh_plant, migrated_file, tmp_path), settings=few)
