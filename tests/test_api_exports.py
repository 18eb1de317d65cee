"""Decided defects as training data: every one of them, once, in archives that standard tools open."""

import io
import json
import tracemalloc
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hmi.api import exports
from hmi.api.zipped import zipped
from hmi.parts import EXTENSION
from hmi.store import labelled
from hmi.store.decisions import DEFECT
from tests.desk import Desk
from tests.lines import LARGE, QUICK_LINE, Line, defect, image, trigger
from tests.people import opened


@pytest.fixture
def app(sqlite_store, settings_of):
    with opened(settings_of(line=QUICK_LINE)) as app:
        yield app


@pytest.fixture
def desk(app) -> Desk:
    house = app.extensions[EXTENSION]
    line = Line(house.settings, house.store)
    line.read(0, trigger(), image(1, "A"), image(2, "B", path=r"E:\images\..\a b=é.jpg"))
    line.read(1, *(defect(number, 1, LARGE) for number in range(1, 5)), defect(5, 2, LARGE))
    line.files(1, 2)
    line.read(9)
    desk = Desk(line.settings, line.store)
    desk.defect(1, "okay")
    desk.defect(2, "scrap")
    desk.defect(3, "okay")
    desk.defect(3, "undo")
    desk.defect(5, "scrap")
    return desk


def archive(app, path: str) -> zipfile.ZipFile:
    answer = app.test_client().get(path)
    assert (answer.status_code, answer.mimetype) == (200, "application/zip"), answer.text
    opened_archive = zipfile.ZipFile(io.BytesIO(answer.data))
    assert opened_archive.testzip() is None
    return opened_archive


def test_coco_holds_what_is_in_force_in_px_of_the_full_image(app, desk):
    found = json.loads(archive(app, "/api/exports/coco.zip").read("annotations.json"))
    assert [one["file_name"] for one in found["images"]] == ["1.jpg", "a b=é.jpg"]
    assert [one["unlabelled"] for one in found["images"]] == [2, 0]
    assert {(one["id"], one["category_id"]) for one in found["annotations"]} == {(1, 1), (2, 0), (5, 0)}
    first = found["annotations"][0]
    assert (first["image_id"], first["bbox"]) == (1, [400, 400, LARGE, 5])
    assert (found["images"][0]["width"], found["images"][0]["height"]) == (5120, 5120)


def test_ids_that_the_plant_gave_twice_stay_two_images_and_two_defects(app, desk):
    line = Line(desk.settings, desk.store)
    line.read(
        60,
        trigger(1, generation=2),
        image(1, "A", generation=2, trigger_generation=2, path=r"E:\images\new.jpg"),
    )
    line.read(61, defect(1, 1, LARGE, generation=2, image_generation=2))
    line.read(80)
    desk.decide(DEFECT, (2, 1), "scrap")
    found = json.loads(archive(app, "/api/exports/coco.zip").read("annotations.json"))
    names = {one["id"]: one["file_name"] for one in found["images"]}
    assert sorted(names.values()) == ["1.jpg", "a b=é.jpg", "new.jpg"]
    boxes = [(one["id"], names[one["image_id"]]) for one in found["annotations"]]
    assert sorted(name for _, name in boxes) == ["1.jpg", "1.jpg", "a b=é.jpg", "new.jpg"]
    assert len({number for number, _ in boxes}) == len(boxes)


def test_who_decides_while_it_is_sent_leaves_no_box_without_its_image(app, desk):
    desk.defect(5, "undo")
    sent = ""
    for piece in exports._annotations(desk.store, labelled.Wanted()):
        sent += piece
        if piece == '],"annotations":[':
            desk.defect(5, "okay")
    found = json.loads(sent)
    assert {one["image_id"] for one in found["annotations"]} == {one["id"] for one in found["images"]} == {1}


def test_what_the_plant_deleted_is_in_no_export(app, desk):
    line = Line(desk.settings, desk.store)
    line.read(20, gone_defects=((1, 1),))
    line.read(21, gone_images=((1, 2),))
    found = json.loads(archive(app, "/api/exports/coco.zip").read("annotations.json"))
    assert [one["id"] for one in found["images"]] == [1]
    assert [one["id"] for one in found["annotations"]] == [2]


def test_yolo_has_of_a_box_what_the_image_shows(app, desk):
    line = Line(desk.settings, desk.store)
    line.read(30, trigger(3, "Z"), image(7, "A", of=3, path="E:\\images\\a\t0\n9\tb.jpg"))
    line.read(30, defect(70, 7, x=-25, y=-2, size=30), defect(71, 7, x=-90, y=5))
    line.files(7, at_s=31)
    line.read(40)
    desk.defect(70, "scrap")
    desk.defect(71, "scrap")
    found = archive(app, "/api/exports/yolo.zip")
    (name,) = (one for one in found.namelist() if one.endswith("_7.txt"))
    (line_of_box,) = found.read(name).decode().splitlines()
    _, x, y, width, height = map(float, line_of_box.split())
    assert (x, width) == (round(2.5 / 5120, 6), round(5 / 5120, 6))
    assert (y, height) == (round(1.5 / 5120, 6), round(3 / 5120, 6))
    assert len(found.read("images.txt").decode().splitlines()) == 3


def test_yolo_says_the_same_in_shares_of_the_image(app, desk):
    found = archive(app, "/api/exports/yolo.zip")
    assert "labels/1_1.txt" in found.namelist()
    assert "labels/a b__2.txt" in found.namelist()
    lines = found.read("labels/1_1.txt").decode().splitlines()
    number, x, _, width, _ = lines[0].split()
    assert (number, float(x), float(width)) == (
        "1",
        round((400 + LARGE / 2) / 5120, 6),
        round(LARGE / 5120, 6),
    )
    assert "true_defect" in found.read("data.yaml").decode()


def test_filters(app, desk):
    def boxes(query: str) -> set[int]:
        found = json.loads(archive(app, f"/api/exports/coco.zip?{query}").read("annotations.json"))
        return {one["id"] for one in found["annotations"]}

    assert boxes("camera=A") == {1, 2}
    assert boxes("camera=nothing") == set()
    assert boxes("since=2030-01-01T00:00:00Z") == set()
    assert boxes("part_type=39MC&until=2030-01-01T00:00:00Z") == {1, 2, 5}


def test_pages_miss_and_repeat_nothing(app, desk, monkeypatch):
    monkeypatch.setattr(labelled, "PAGE", 1)
    store = app.extensions[EXTENSION].store
    found = list(labelled.images(store, labelled.Wanted()))
    assert [one.image for one in found] == ["1", "2"]


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}\.txt", fullmatch=True), st.lists(st.text(max_size=50))))
def test_an_archive_that_is_sent_in_pieces_is_one_that_opens(entries):
    found = zipfile.ZipFile(
        io.BytesIO(b"".join(zipped((name, iter(pieces)) for name, pieces in entries.items())))
    )
    assert found.testzip() is None
    written = {name: "".join(pieces).encode("utf-8", "replace").decode() for name, pieces in entries.items()}
    assert {name: found.read(name).decode() for name in found.namelist()} == written


def test_memory_stays_flat_however_long_it_is():
    def entries(count: int):
        yield "a.txt", (f"{number * 7919 % 1_000_003:07} {number}\n" * 20 for number in range(count))

    def peak(count: int) -> int:
        tracemalloc.start()
        for _ in zipped(entries(count)):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(100)
    assert peak(60_000) < peak(6_000) + 500_000
