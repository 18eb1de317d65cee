"""A corner stays where it was drawn, from the page through draft, table, version and file, to 0.005 px."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import regions
from hmi.rules import exchanging, reading
from hmi.rules.reading import Place
from hmi.rules.shapes import columns, vertices

SIDE_PX = 5120
places = st.floats(0, SIDE_PX, allow_nan=False)


@given(st.lists(st.tuples(places, places), min_size=3, max_size=12, unique=True))
def test_a_corner_stays_where_it_was_drawn(polygon):
    sent = {"region_id": "Seal", "polygon": [list(corner) for corner in polygon]}
    try:
        kept = reading.region(sent, "seal", Place(SIDE_PX, SIDE_PX))["polygon"]
    except reading.Refused:
        return  # crossing edges, or corners that are one when rounded
    assert kept == [pytest.approx(corner, abs=0.005) for corner in polygon]
    row = columns(reading.region({**sent, "polygon": kept}, "seal", Place(SIDE_PX, SIDE_PX)))
    assert vertices(row["polygon"]) == kept
    judged = regions.polygon_from_json(row["polygon"])
    assert [list(corner) for corner in judged] == kept
    text = exchanging.as_yaml(
        {
            "format": exchanging.FORMAT,
            "version": 1,
            "cameras": {"A": {"regions": [{**sent, "polygon": kept}]}},
        }
    )
    assert exchanging.read(text, "A")[0][0]["polygon"] == kept
