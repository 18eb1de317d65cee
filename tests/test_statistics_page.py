"""The statistics page and its tables as they are served."""

import csv
import html
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from flask import Flask
from PIL import Image as Picture

from hmi.csv_lines import line as csv_line
from hmi.spots import parts_of, recurring
from hmi.statistics.control import p_chart, u_chart
from hmi.statistics.values import Spell, Units
from hmi.store import editions
from hmi.store.mirror import HandInspection
from hmi.store.rules import Region
from tests.desk import Desk
from tests.lines import BEGAN, LARGE, QUICK_LINE, Line, defect, image, trigger
from tests.people import PAGE, opened, settle_in, sign_in, store_of

SQUARE = [{"x": 0, "y": 0}, {"x": 5120, "y": 0}, {"x": 5120, "y": 5120}, {"x": 0, "y": 5120}]
EVIL = '=cmd|"/c calc"!A1'
TIME = "since=2026-05-01T00:00&until=2026-05-31T00:00"


@pytest.fixture
def app(sqlite_store, settings_of) -> Iterator[Flask]:
    """Its counts are complete."""
    with opened(settings_of(line=QUICK_LINE)) as app:
        with store_of(app).write() as session:
            editions.finish(session, editions.begin(session, ""))
        yield app


@pytest.fixture
def line(app) -> Line:
    """Camera A judges by a region with a hostile name; five parts have a defect in one spot of it."""
    store = store_of(app)
    with store.write() as session:
        session.add(Region(camera_id="A", region_id=EVIL, size_threshold=1.0, polygon=SQUARE))
    line = Line(app.extensions["hmi"].settings, store)
    for number in range(1, 6):
        first = 10 * number
        rows = [trigger(number, f"S{number}"), image(first, "A", number), image(first + 1, "B", number)]
        line.read(0, *rows, defect(number, first, LARGE, x=1000 + number % 3, y=2000))
        line.files(first, first + 1)
        line.read(2)
    return line


@pytest.fixture
def visitor(app):
    return app.test_client()


def page(visitor, query: str = TIME, status: int = 200) -> str:
    answer = visitor.get(f"/statistics?{query}", headers=PAGE)
    assert answer.status_code == status
    return html.unescape(answer.text)


def rows_of(visitor, name: str, query: str = TIME) -> list[list[str]]:
    answer = visitor.get(f"/statistics/{name}.csv?{query}")
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    return list(csv.reader(io.StringIO(answer.text)))


def test_without_data_the_page_says_so(visitor, app):
    said = page(visitor)
    assert "Nothing was counted in this time." in said
    assert "nan" not in said.lower().replace("finance", "")
    assert rows_of(visitor, "cameras") == [rows_of(visitor, "cameras")[0]]


def test_every_table_of_the_page_is_there_as_csv_with_the_same_rows(visitor, line):
    said = page(visitor)
    names = set(re.findall(r'href="/statistics/([a-z-]+)\.csv', said))
    charts = {"fail-rate", "failing", "defects", "first-pass", "cameras", "regions", "reasons"}
    assert charts | {"heat", "spots"} <= names
    for name in names:
        for cell in rows_of(visitor, name)[-1]:
            assert cell.removeprefix("'") in said


def test_a_table_is_no_file_that_outlives_the_counting_of_it(visitor, app):
    with store_of(app).write() as session:
        editions.keep(session, replace(editions.of(session), building=1, runs=4, done=1))
    assert "these figures are incomplete" in page(visitor)
    answer = visitor.get(f"/statistics/cameras.csv?{TIME}")
    assert (answer.status_code, "Counting is under way (25%)" in answer.text) == (503, True)


def test_a_formula_in_a_name_is_text_in_the_csv(visitor, line):
    assert [row[0] for row in rows_of(visitor, "regions")] == ["Region", f"'{EVIL}"]
    assert f'<th scope="row">{EVIL}</th>' in page(visitor)


@pytest.mark.parametrize("begin", ["=1", "+1", "-1", "@A1", "\t=1", "\r=1", "\n=1"])
def test_no_cell_of_text_begins_as_a_formula(begin):
    assert next(csv.reader(io.StringIO(csv_line([begin]), newline=""))) == [f"'{begin}"]
    assert csv_line([-1, 0.5, None, 'a"b']) == '-1,0.5,,"a""b"\r\n'


UNASKABLE = [
    ("since=0001-01-01T00:00", "between 2000 and 3000"),
    ("until=9999-12-31T23:59", "between 2000 and 3000"),
    ("since=2999-12-31T23:59", "between the years"),
    ("since=2026-05-02T00:00&until=2026-05-01T00:00", "must be later than the beginning"),
    ("since=yesterday", "is no date and time"),
    ("since=2003-01-01T00:00", "days can be asked for at once"),
    ("step=second", "must be one of hour, shift"),
    ("since=2024-01-01T00:00&until=2026-01-01T00:00&step=hour", "more than 1,000 points"),
    (f"camera={'x' * 600}&step=1e9", "must be one of"),
]


def test_what_cannot_be_asked_is_told_at_its_field_and_stays_typed(visitor, app, subtests):
    for query, says in UNASKABLE:
        with subtests.test(query=query, says=says):
            assert says in page(visitor, query, 422)
            assert visitor.get(f"/statistics/cameras.csv?{query}").status_code == 422
            assert visitor.get(f"/statistics/heat.png?{query}").status_code == 422


def test_a_table_that_is_none_is_not_found(visitor, app):
    assert visitor.get(f"/statistics/users.csv?{TIME}").status_code == 404


def test_a_camera_counts_its_images(visitor, line):
    said = page(visitor, f"{TIME}&camera=A")
    assert "Share of judged images that fail" in said
    assert "First-pass yield by shift" not in said
    assert [row[0] for row in rows_of(visitor, "cameras", f"{TIME}&camera=A")[1:]] == ["1 · Valve body face"]


def test_decisions_show_as_false_calls(visitor, line):
    Desk(line.settings, line.store).defect(1, "okay")
    assert rows_of(visitor, "false-calls")[1:] == [
        ["Okay (false call)", "1"],
        ["Scrap (true defect)", "0"],
        ["Not decided", "4"],
    ]


def test_agreement_with_people_leaves_out_what_either_left_open(visitor, line):
    said = {1: "FAIL", 2: "PASS", 3: "", 9: "PASS"}
    with line.store.write() as session:
        for number, result in said.items():
            row = {"pass_fail": result, "scan_datetime": "2026-05-08T12:00:00"}
            session.add(HandInspection(id=number, serial=f"S{number}", row=row))
    assert rows_of(visitor, "hand")[1:] == [
        ["good", "0", "0", "0"],
        ["bad", "1", "1", "1"],
        ["unknown", "1", "0", "0"],
    ]
    assert "50.0 % of 2 inspections" in page(visitor)


def test_the_heat_map_has_its_defects_where_they_are(visitor, line):
    answer = visitor.get(f"/statistics/heat.png?{TIME}&heat=A")
    drawn = np.asarray(Picture.open(io.BytesIO(answer.data)))
    rows, columns = np.nonzero(drawn[..., 3])
    assert (set(rows), set(columns)) == ({2002 * 64 // 5120}, {1016 * 64 // 5120})
    assert rows_of(visitor, "heat", f"{TIME}&heat=A")[1:] == [["960", "1040", "2000", "2080", "5"]]


def test_the_same_place_on_part_after_part_is_a_spot(visitor, line):
    assert rows_of(visitor, "spots", f"{TIME}&heat=A")[1:] == [["1016", "2002", "5", "5"]]
    assert "No place has a defect on three parts in a row, or on two in a hundred." in page(
        visitor, f"{TIME}&heat=B"
    )


def test_whoever_draws_regions_can_draft_one_at_a_spot(app, visitor, line):
    link = '/cameras/A/regions?spot=1016,2002"'
    assert link not in page(visitor, f"{TIME}&heat=A")
    settle_in(line.store)
    sign_in(visitor, "Edda")
    assert link in page(visitor, f"{TIME}&heat=A")


def test_of_many_parts_a_place_on_two_here_and_two_there_is_no_spot():
    x, y = np.full(6, 100.0), np.full(6, 100.0)
    assert recurring(x, y, np.array([0, 1, 3, 4, 6, 7]), 1000) == []
    (spot,) = recurring(x, y, np.array([0, 1, 2, 4, 6, 7]), 1000)
    assert (spot.parts, spot.in_a_row) == (6, 3)


def test_a_place_on_two_in_a_hundred_parts_is_a_spot_without_a_row():
    x, y = np.full(20, 100.0), np.full(20, 100.0)
    (spot,) = recurring(x, y, np.arange(20) * 7, 1000)
    assert (spot.parts, spot.in_a_row, spot.share) == (20, 1, 0.02)
    assert recurring(x[1:], y[1:], np.arange(19) * 7, 1000) == []


def test_the_runs_of_one_part_are_one_part():
    assert parts_of(["X", "X", None, "Y", "X", None]).tolist() == [0, 0, 1, 2, 0, 3]
    x = y = np.full(3, 100.0)
    assert recurring(x, y, parts_of(["X", "X", "X"]), 1) == []
    assert len(recurring(x, y, parts_of(["X", "Y", "Z"]), 3)) == 1


def test_spots_are_found_wherever_the_grid_cuts_them_and_among_others():
    """Three places in every direction from a crossing of lines, on every part, among defects at random."""
    chance = np.random.default_rng(3)
    middles = [(96.0, 96.0), (2400.0, 2412.0), (4000.0, 12.0)]
    on = np.tile(np.arange(200), 3)
    where = np.repeat(np.array(middles), 200, axis=0) + chance.uniform(-8, 8, (600, 2))
    x = np.concatenate((where[:, 0], chance.uniform(0, 5120, 2000), [np.nan]))
    y = np.concatenate((where[:, 1], chance.uniform(0, 5120, 2000), [5.0]))
    part = np.concatenate((on, chance.integers(0, 200, 2000), [0]))
    found = recurring(x, y, part, 200)
    assert [spot.parts for spot in found[:3]] == [200, 200, 200]
    near = {min(middles, key=lambda one: np.hypot(one[0] - spot.x, one[1] - spot.y)) for spot in found[:3]}
    assert near == set(middles)
    assert all(spot.parts < 10 for spot in found[3:])


def spell(judged: int, failed: int, failing: int) -> Spell:
    return Spell(
        None, None, "x", Units(judged, {"fail": failed, "pass": judged - failed}, failing, failing, 0, 0)
    )


def test_control_limits_are_those_of_the_handbook():
    """Means 0.1 and 2: 0.1 ± 3·√(0.1·0.9/100) = 0.01 and 0.19; 2 ± 3·√(2/100) = 1.576 and 2.424."""
    series = [spell(100, 5, 150), spell(100, 15, 250), spell(0, 0, 0)]
    shares, counts = p_chart(series), u_chart(series, lambda units: units.failing, lambda units: units.total)
    assert shares.mean == pytest.approx(0.1)
    assert (shares.points[0].lower, shares.points[0].upper) == pytest.approx((0.01, 0.19))
    assert [point.is_outside for point in shares.points] == [False, False, False]
    assert (counts.points[0].lower, counts.points[0].upper) == pytest.approx((1.576, 2.424), abs=1e-3)
    assert [point.is_outside for point in counts.points] == [True, True, False]
    assert shares.points[2].value is None


def test_a_time_in_which_nothing_came_is_no_zero(visitor, line):
    days = rows_of(visitor, "fail-rate", f"{TIME}&step=day")[1:]
    empty = [row for row in days if row[0] == "2026-05-02"]
    assert empty[0][1:7] == ["0", "0", "", "", "", ""]
    assert (BEGAN - timedelta(hours=4)).date().isoformat() in [row[0] for row in days if row[1] == "5"]
