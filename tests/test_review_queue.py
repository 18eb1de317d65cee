"""What waits for people: the queue by filter and page by page, how many are left, what closes it."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import text

from hmi.review import CAP, Filters, choices, left, open_defects
from hmi.review.bar import PartsLeft
from hmi.store import Store
from hmi.store.reviews import OpenReview
from hmi.store.rules import Region
from tests.desk import NOON, Desk
from tests.lines import BEGAN, BORDERLINE, LARGE, TWO_CAMERAS, Line, defect, image, trigger

SINCE = (BEGAN - timedelta(hours=1)).isoformat()
CORNERS = [{"x": x, "y": y} for x, y in ((0, 0), (600, 0), (600, 600), (0, 600))]


@pytest.fixture
def line(store, settings_of) -> Line:
    line = {"cameras": TWO_CAMERAS, "settle_s": 5, "grace_s": 20}
    return Line(settings_of(line=line, review={"since": SINCE}), store)


@pytest.fixture
def desk(line) -> Desk:
    """Two parts: the first fails twice on A, the second is borderline on B."""
    line.read(
        0, trigger(1), image(1, "A"), image(2, "B"), defect(1, 1, LARGE), defect(2, 1, LARGE), defect(3, 1)
    )
    line.read(30, trigger(2, part="40MC"), image(3, "A", 2), image(4, "B", 2), defect(4, 4, BORDERLINE))
    line.files(1, 2, 3, 4)
    line.read(60)
    return Desk(line.settings, line.store)


def listed(desk: Desk, **filters) -> list[str]:
    with desk.store.read() as session:
        return [one.defect for one in open_defects(session, desk.settings, Filters(**filters)).items]


def counted(desk: Desk, **filters) -> tuple[int, int]:
    with desk.store.read() as session:
        found = left(session, desk.settings, Filters(**filters))
    return found.defects, found.parts


def test_failing_and_borderline_defects_wait_oldest_first(desk):
    assert listed(desk) == ["1", "2", "4"]
    assert counted(desk) == (3, 2)


def test_an_open_defect_says_all_that_a_person_needs(desk):
    with desk.store.read() as session:
        one = open_defects(session, desk.settings).items[-1]
    assert (one.camera, one.part, one.run, one.kind, one.region) == (
        "B",
        "40MC",
        "2",
        "review",
        "default rule",
    )
    assert one.why[0].limit == "< 1.50 mm"
    assert (one.width, one.standing.word) == (BORDERLINE, None)
    assert one.state == desk.state("defect", (1, 4))


FILTERS = [
    ({"camera": "A"}, ["1", "2"]),
    ({"camera": "B"}, ["4"]),
    ({"part": "40MC"}, ["4"]),
    ({"region": "default rule"}, ["1", "2", "4"]),
    ({"region": "Seal"}, []),
    ({"since": BEGAN + timedelta(seconds=100)}, ["4"]),
    ({"until": BEGAN + timedelta(seconds=100)}, ["1", "2"]),
    ({"camera": "A", "part": "40MC"}, []),
    ({"past": True}, ["1", "2", "4"]),
    ({"camera": "%"}, []),
    ({"camera": "' OR 1=1 --"}, []),
]


def test_filters(desk, subtests):
    for filters, found in FILTERS:
        with subtests.test(filters=filters, found=found):
            assert listed(desk, **filters) == found
            assert counted(desk, **filters)[0] == len(found)


def test_page_by_page_nothing_is_left_out_or_comes_twice(desk):
    found, after = [], ""
    with desk.store.read() as session:
        while after is not None:
            page = open_defects(session, desk.settings, after=after, limit=1)
            found += [one.defect for one in page.items]
            after = page.next
    assert found == ["1", "2", "4"]


def test_who_decides_between_two_pages_moves_nothing(desk):
    with desk.store.read() as session:
        first = open_defects(session, desk.settings, limit=1)
    desk.defect(1, "okay")
    with desk.store.read() as session:
        rest = open_defects(session, desk.settings, after=first.next)
    assert [one.defect for one in rest.items] == ["2", "4"]


NO_PLACES = ["x", "1.2", "1.2.3.4", "1.2.-3", "9" * 30 + ".1.1", "1.1.1' OR 1=1 --", "١.١.١"]


def test_a_place_that_is_none_is_refused(desk, subtests):
    for cursor in NO_PLACES:
        with (
            subtests.test(cursor=cursor),
            desk.store.read() as session,
            pytest.raises(ValueError, match="place in the queue"),
        ):
            open_defects(session, desk.settings, after=cursor)


def test_what_is_decided_leaves_the_queue_and_comes_back_with_its_undo(desk):
    desk.defect(1, "okay")
    assert listed(desk) == ["2", "4"]
    desk.defect(1, "undo")
    assert listed(desk) == ["1", "2", "4"]


def test_a_decision_on_the_part_takes_its_defects_out_of_the_queue(desk):
    desk.part(1, "hold")
    assert (listed(desk), counted(desk)) == (["4"], (1, 1))
    desk.part(1, "undo")
    assert counted(desk) == (3, 2)


def test_what_the_vision_system_deletes_or_changes_follows(line, desk):
    line.read(70, gone_defects=((1, 1),))
    assert listed(desk) == ["2", "4"]
    line.read(80, defect(4, 4, LARGE))
    with desk.store.read() as session:
        assert session.get(OpenReview, (1, 4)).kind == "fail"
    line.read(90, defect(4, 3, LARGE))
    with desk.store.read() as session:
        assert session.get(OpenReview, (1, 4)).camera == "A"


def test_regions_are_what_one_can_filter_by(store, settings_of):
    with store.write() as session:
        session.add(Region(camera_id="A", region_id="Seal", polygon=CORNERS, size_threshold=1.0))
    line = Line(settings_of(line={"cameras": TWO_CAMERAS}, review={"since": SINCE}), store)
    line.read(0, trigger(), image(1, "A"), image(2, "B"), defect(1, 1, LARGE))
    desk = Desk(line.settings, store)
    assert listed(desk, region="Seal") == ["1"]
    with store.read() as session:
        found = choices(session)
    assert (found.cameras, found.regions, found.parts) == (("A",), ("Seal",), ("39MC",))


def test_older_parts_open_by_filter_only(line, desk):
    review = line.settings.review.model_copy(update={"since": NOON + timedelta(days=400)})
    desk.settings = line.settings.model_copy(update={"review": review})
    assert (listed(desk), counted(desk)) == ([], (0, 0))
    assert listed(desk, past=True) == ["1", "2", "4"]


def open_review(number: int) -> OpenReview:
    keys = {"image_generation": 1, "image_id": 1, "run_generation": 1, "run_id": 1}
    at = {"order_ms": int(BEGAN.timestamp() * 1000), "first_seen": BEGAN, "past": False}
    named = {"camera": "A", "part": "39MC", "region": "Seal", "kind": "fail"}
    return OpenReview(generation=1, defect_id=number, **keys, **at, **named)


def test_counting_ends_where_nobody_needs_it_exactly(desk):
    with desk.store.write() as session:
        session.add_all(open_review(number) for number in range(100, CAP + 300))
    assert counted(desk)[0] == CAP + 1


@pytest.mark.postgres
def test_pages_that_each_hold_a_connection_do_not_wait_for_one_more(migrated, postgres_server, settings_of):
    """As many as there are connections, at once: one asks for the number, the others go on without it."""
    store = Store(postgres_server.url(migrated), pool_size=6)
    left, together = PartsLeft(store, settings_of()), Barrier(6)

    def page(_: int) -> float:
        with store.read() as session:
            session.execute(text("SELECT 1"))
            together.wait()
            began = time.monotonic()
            left.text()
            return time.monotonic() - began

    with ThreadPoolExecutor(6) as pool:
        waits = sorted(pool.map(page, range(6)))
    store.close()
    assert waits[-2] < 0.5
