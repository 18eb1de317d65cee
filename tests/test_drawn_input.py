"""What is sent to the drawing page and is none: refused at its field, by name, and nothing of it is kept."""

import json
import math

import pytest

from hmi.settings import load_settings
from hmi.store import Store
from tests.conftest import AUDIT_KEY, SECRET
from tests.drawing import CAMERAS, SQUARE, Desk, drawing_app, region
from tests.full_disks import full
from tests.people import store_of

BOW_TIE = [[0, 0], [100, 100], [100, 0], [0, 100]]
LIMITS_MM = ("size_threshold", "proximity_threshold", "ignore_below_mm", "min_edge_mm")
COUNTS, SHARES = ("density_threshold", "max_count"), ("max_area_percent", "min_confidence")


@pytest.fixture(scope="module")
def desk(tmp_path_factory, migrated_file):
    """One page for all: whatever is refused changes nothing, and that is looked at."""
    folder = tmp_path_factory.mktemp("drawn")
    (folder / "store.db").write_bytes(migrated_file.read_bytes())
    store = Store(f"sqlite:///{folder / 'store.db'}", audit_key=AUDIT_KEY)
    settings = load_settings(
        environment={},
        database={"url": f"sqlite:///{folder / 'plant.db'}"},
        store={"url": f"sqlite:///{folder / 'store.db'}"},
        storage={
            "cache_folder": str(folder / "cache"),
            "roots": [{"prefix": "E:\\images", "source": str(folder)}],
        },
        auth={"secret_key": SECRET},
        logging={"file": ""},
        line={"cameras": CAMERAS},
    )
    with drawing_app(store, settings) as (app, _):
        yield Desk(app)
    store.close()


def refused(desk, region_, key="bad"):
    """The fields that are named; nothing was kept."""
    before = desk.revision
    answer = desk.put(region_, key)
    assert answer.status_code == 422, answer.get_data(as_text=True)
    assert desk.look()["revision"] == before
    return {error["field"]: error for error in answer.get_json()["errors"]}


@pytest.mark.parametrize("name", LIMITS_MM + COUNTS + SHARES)
@pytest.mark.parametrize(
    "text",
    ["NaN", "Infinity", "-Infinity", "1e999", "-0.0", "-1", "1e9", "true", '"5"', "[5]", '"5,0"', "{}"],
)
def test_a_limit_that_is_none_is_refused_by_its_name(desk, name, text):
    assert list(refused(desk, region(**{name: json.loads(text)}))) == [name]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("size_threshold", "1e-400"),
        ("size_threshold", "0"),
        ("density_threshold", "0"),
        ("density_threshold", "2.5"),
        ("max_count", "1.5"),
        ("max_area_percent", "101"),
        ("min_confidence", "1.01"),
        ("size_threshold", "1" * 400),
    ],
)
def test_a_limit_out_of_its_bounds_is_refused_by_its_name(desk, name, text):
    assert list(refused(desk, region(**{name: json.loads(text)}))) == [name]


@pytest.mark.parametrize(
    "polygon",
    [
        [],
        SQUARE[:1],
        SQUARE[:2],
        SQUARE[:1] * 4,
        SQUARE[:2] * 3,
        [[1, 1], [2, 2], [3, 3]],
        [[1, 1], [1.5, 1], [1, 1.5]],
        None,
        "x",
        {},
        5,
    ],
)
def test_a_polygon_without_an_area_is_refused(desk, polygon):
    assert list(refused(desk, region(polygon=polygon))) == ["polygon"]


def test_crossing_edges_are_named(desk):
    error = refused(desk, region(polygon=BOW_TIE))["polygon"]
    assert error["edges"] == [[0, 2]]
    assert "edges 1 and 3 cross" in error["text"]
    touching = [[0, 0], [100, 0], [100, 100], [50, 0], [0, 100]]
    assert refused(desk, region(polygon=touching))["polygon"]["edges"] == [[0, 2], [0, 3]]


@pytest.mark.parametrize(
    "vertex",
    [
        [math.nan, 1],
        [math.inf, 1],
        ["1", 2],
        [None, 1],
        [1],
        [1, 2, 3],
        [[1, 2]],
        {"lat": 1, "lng": 2},
        {"x": 1, "y": 2},
        [1e308, 1],
        [True, 1],
        [-1, 5],
        [6000, 5],
        [5, 5121],
    ],
)
def test_a_vertex_that_is_none_or_outside_the_image_is_refused(desk, vertex):
    [field] = refused(desk, region(polygon=[*SQUARE[:3], vertex]))
    assert field in ("polygon", "polygon[3]")


def test_too_many_vertices_and_bodies_that_are_too_large_are_refused(desk):
    ring = [
        [2000 + 900 * math.cos(n * math.pi / 251), 2000 + 900 * math.sin(n * math.pi / 251)]
        for n in range(502)
    ]
    assert "more than 500" in refused(desk, region(polygon=ring))["polygon"]["text"]
    assert desk.put(region(polygon=ring[:499])).status_code == 200
    desk.delete()
    answer = desk.put(region(polygon=[[1, 1]] * 60_000))
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "x" * 101,
        "x" * 10_000,
        "a\x00b",
        "a\u202eb",
        "a\u200bb",
        "\ufeff",
        "a\u2066b",
        "\u3164",
        "\u2800",
        "a\nb",
        "\ud800",
        None,
        5,
        [],
        True,
    ],
)
def test_a_name_that_nobody_can_read_is_refused(desk, name):
    assert list(refused(desk, region(name))) == ["region_id"]


@pytest.mark.parametrize(
    "name", ["Seal face", "SEAL FACE", "\uff33eal face", "seal\u00a0face", " Seal  face "]
)
def test_a_name_that_looks_like_another_is_refused_for_the_same_part_type_alone(desk, name):
    assert desk.put(region()).status_code == 200
    found = refused(desk, region(name), "other")
    assert list(found) == ["region_id"]
    assert desk.put(region("Seal face", part_number="39MC"), "of-39mc").status_code == 200
    desk.delete("of-39mc")
    desk.delete()


def test_all_that_is_wrong_is_said_at_once(desk):
    found = refused(desk, region("", kind="both", size_threshold="x", polygon=BOW_TIE, id=7, created_by="me"))
    assert set(found) == {"region_id", "kind", "size_threshold", "polygon", "id", "created_by"}


@pytest.mark.parametrize("key", ["x" * 41, "a b", "a.b", "%00", "ä"])
def test_a_key_that_is_none_is_refused(desk, key):
    assert desk.put(region(), key).status_code in (404, 422)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"5", b'{"revision": "0.1"}', b"[" * 100_000, b'{"region": 5}', b"\xff"]
)
def test_a_body_that_is_none_is_refused(desk, body):
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    answer = desk.browser.put("/cameras/A/draft/regions/x", data=body, headers=headers)
    assert answer.status_code in (400, 413, 422)


@pytest.mark.parametrize("default", [{}, 5, {"size_threshold": 1}, {"max_area_percent": 5}])
def test_a_default_rule_that_is_none_is_refused(desk, default):
    assert desk.send("PUT", "draft/default", default=default).status_code == 422


def test_on_a_full_disk_nothing_is_kept_and_the_page_is_told_so(desk):
    long = region("Long", description="x" * 1000, polygon=[[n, n * n % 4999] for n in (0, 40, 4000)])
    with full(store_of(desk.browser.application).engine):
        answers = [desk.put({**long, "region_id": f"Long {n}"}, f"long{n}") for n in range(6)]
        refused = next(answer for answer in answers if answer.status_code != 200)
        assert (refused.status_code, refused.get_json()["error"]) == (
            503,
            "The disk of the store is full: nothing was kept. Tell IT; then try again.",
        )
        kept = {one["key"] for one in desk.look()["regions"]}
        assert kept == {f"long{n}" for n, answer in enumerate(answers) if answer.status_code == 200}
    assert desk.put({**long, "region_id": "Long 9"}, "long9").status_code == 200
    assert desk.send("POST", "draft/discard").status_code == 200
