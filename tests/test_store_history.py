"""The history of one camera by key: every image once, in order, whatever is asked for."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete

from hmi.store import history
from hmi.store.history import Filter, Place
from hmi.store.runs import Image

NOON = datetime(2026, 5, 8, 12, tzinfo=UTC)
images = st.lists(
    st.builds(
        dict,
        order_ms=st.integers(0, 4),
        generation=st.integers(1, 2),
        camera=st.sampled_from("AB"),
        verdict=st.sampled_from(history.VERDICTS),
        part=st.sampled_from(["39MC", "41XX", None]),
        gone=st.booleans(),
    ),
    max_size=30,
)
filters = st.builds(
    Filter,
    camera=st.just("A"),
    verdict=st.sampled_from([None, "fail", "pass"]),
    part=st.sampled_from([None, "39MC", "none such"]),
)


def add(store, *rows: dict) -> None:
    with store.write() as session:
        session.execute(delete(Image))
        for number, row in enumerate(rows, 1):
            usual = {
                "generation": 1,
                "camera": "A",
                "run_generation": 1,
                "first_seen": NOON,
                "order_ms": number,
            }
            session.add(Image(id=number, **{**usual, **row}))


def fits(row: dict, wanted: Filter) -> bool:
    return (
        not row["gone"]
        and row["camera"] == wanted.camera
        and wanted.verdict in (None, row["verdict"])
        and wanted.part in (None, row["part"])
    )


@given(rows=images, wanted=filters, size=st.integers(1, 5))
def test_page_after_page_shows_every_image_once_and_in_order_and_the_way_back_too(store, rows, wanted, size):
    add(store, *rows)
    places = [Place(row["order_ms"], row["generation"], number) for number, row in enumerate(rows, 1)]
    expected = sorted(
        (place for place, row in zip(places, rows, strict=True) if fits(row, wanted)), key=order
    )
    assert list(walked(store, wanted, size)) == expected[::-1]
    assert list(walked_back(store, wanted, size, expected)) == expected


def order(place: Place) -> tuple[int, int, int]:
    return place.order_ms, place.generation, place.id


def walked(store, wanted, size):
    before = None
    while True:
        with store.read() as session:
            page = history.page(session, wanted, size, before=before)
        yield from map(Place.of, page.images)
        assert page.has_newer == (before is not None)
        if not page.has_older:
            return
        before = Place.of(page.images[-1])


def walked_back(store, wanted, size, expected):
    if not expected:
        return
    yield (after := expected[0])
    while True:
        with store.read() as session:
            page = history.page(session, wanted, size, after=after)
        yield from map(Place.of, reversed(page.images))
        if not page.has_newer:
            return
        after = Place.of(page.images[0])


def test_a_page_says_whether_there_is_more_on_either_side(store):
    add(store, *({} for _ in range(5)))
    with store.read() as session:
        first = history.page(session, Filter("A"), 2)
        middle = history.page(session, Filter("A"), 2, before=Place.of(first.images[-1]))
        last = history.page(session, Filter("A"), 2, before=Place.of(middle.images[-1]))
    assert [[image.id for image in page.images] for page in (first, middle, last)] == [[5, 4], [3, 2], [1]]
    assert [(page.has_newer, page.has_older) for page in (first, middle, last)] == [
        (False, True),
        (True, True),
        (True, False),
    ]


def test_the_part_types_of_a_camera_are_found(store):
    add(
        store,
        {"part": "41XX"},
        {"part": "39MC"},
        {"part": "39MC"},
        {"part": None},
        {"camera": "B", "part": "ZZ"},
    )
    with store.read() as session:
        assert history.part_types(session, "A") == ["39MC", "41XX"]


@pytest.mark.parametrize("place", [Place(0, 1, 1), Place(1_700_000_000_000, 1, 318683), Place(5, 3, 9)])
def test_a_place_is_read_as_it_was_written(place):
    assert Place.read(str(place)) == place


@pytest.mark.parametrize(
    "odd", ["", "-", "1", "1-0", "-1-1", "1-1-1", "9" * 30 + "-1", "1-١", "a-1", "1-1.1"]
)
def test_what_is_no_place_is_refused(odd):
    with pytest.raises(ValueError, match="not a"):
        Place.read(odd)
