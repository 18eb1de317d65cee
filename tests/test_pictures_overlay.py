"""Markers: told apart by shape and colour, on any ground, the most urgent on top."""

import math

import numpy as np
import pytest
from PIL import Image

from hmi.pictures.marks import COLOURED, QUIET, look_of, mark, side_px
from hmi.pictures.overlay import URGENCY, Marker, View, framed, overlay

WHOLE = View(0, 0, 1.0, 1.0)
RED, AMBER, BLUE = (179, 0, 27), (245, 168, 0), (11, 92, 173)


def grey(level: int = 120, width: int = 200, height: int = 100) -> Image.Image:
    return Image.new("L", (width, height), level)


def at(x: float, y: float, state: str = "fail", size: float = 4) -> Marker:
    return Marker(x - size / 2, y - size / 2, size, size, state)


def colours(picture: Image.Image) -> set:
    return {colour for _, colour in picture.getcolors(1_000_000)}


def test_a_failing_defect_is_red_and_one_for_review_amber():
    assert RED in colours(overlay(grey(), [at(50, 50)], WHOLE, 9).picture)
    assert AMBER in colours(overlay(grey(), [at(50, 50, "review")], WHOLE, 9).picture)


@pytest.mark.parametrize("ground", [0, 60, 120, 180, 255])
@pytest.mark.parametrize("state", [*URGENCY, "never heard of"])
def test_every_marker_stands_out_on_any_ground(state, ground):
    drawn = overlay(grey(ground), [at(50, 50, state)], WHOLE, 9).picture.convert("L")
    contrast = np.abs(np.asarray(drawn, dtype=int) - ground)
    assert (contrast > 60).sum() >= 20


def test_looks_differ_in_more_than_colour():
    covers = {state: mark(state, 24, "L").cover.tobytes() for state in ("fail", "review", "waiting")}
    covers |= {state: mark(state, 24, "L").colour.tobytes() for state in ("accepted", "pass", "suppressed")}
    assert len(set(covers.values())) == 6


@pytest.mark.parametrize("box_px", [0.0, 0.7, 5, 13, 30, 140])
def test_no_marker_is_below_14_px_on_a_small_screen_or_smaller_than_its_defect(box_px):
    side = side_px(box_px)
    assert side * 200 / 560 >= 14  # a tile of 560 px is shown 200 px high on a screen of 768 lines
    assert side >= box_px + 8


@pytest.mark.parametrize("look", ["fail", "review", "waiting", "pass", "ignored"])
def test_a_marker_leaves_its_defect_to_be_seen(look):
    side = side_px(0)
    middle = (side // 2 - 2, side // 2 - 2, side // 2 + 2, side // 2 + 2)
    assert mark(look, side, "L").cover.crop(middle).getextrema() == (0, 0)


def test_a_marker_keeps_its_size_when_the_picture_shrinks():
    small = overlay(grey(), [Marker(1000, 500, 8, 8, "fail")], View(0, 0, 0.1, 0.1), 9).picture
    rows, columns = np.nonzero((np.asarray(small) != 120).any(axis=2))
    assert np.ptp(rows) == np.ptp(columns) == side_px(0.8) - 1
    assert (columns.min() + columns.max()) / 2 == pytest.approx(100.4, abs=1)


def test_a_grey_picture_stays_grey_unless_a_colour_is_drawn():
    quiet = [at(20 * number, 50, state) for number, state in enumerate(sorted(QUIET), 1)]
    assert overlay(grey(), quiet, WHOLE, 99).picture.mode == "L"
    assert overlay(grey(), [*quiet, at(150, 50, "fail")], WHOLE, 99).picture.mode == "RGB"
    assert overlay(grey(), [], WHOLE, 99).picture.mode == "L"


def test_the_picture_itself_stays_neutral_under_colour():
    drawn = overlay(grey(), [at(50, 50)], WHOLE, 9).picture
    assert drawn.getpixel((150, 20)) == (120, 120, 120)
    assert drawn.getpixel((50, 50)) == (120, 120, 120)


def test_the_given_picture_is_not_drawn_on():
    picture = grey()
    overlay(picture, [at(50, 50), at(90, 50, "pass")], WHOLE, 9)
    overlay(picture, [at(90, 50, "pass")], WHOLE, 9)
    assert colours(picture) == {120}


def test_the_failing_one_lies_on_top_whatever_the_order():
    pile = [at(50, 50, state) for state in ("fail", "ignored", "review", "pass")]
    alone = overlay(grey(), pile[:1], WHOLE, 9).picture
    drawn = overlay(grey(), pile, WHOLE, 9).picture
    side = side_px(8)
    covered = np.asarray(mark("fail", side, "RGB").cover) == 255
    own = slice(50 - side // 2, 50 + side // 2)
    both = [np.asarray(picture)[own, own][covered] for picture in (alone, drawn)]
    assert (both[0] == both[1]).all()


def test_of_too_many_the_most_urgent_are_drawn_and_the_rest_counted():
    many = [at(10 + number % 180, 50, "pass") for number in range(50)] + [at(100, 50, "fail")]
    drawn = overlay(grey(), many, WHOLE, 5)
    assert drawn.left_out == 46
    assert RED in colours(drawn.picture)


NOT_DRAWN = [
    Marker(None, 5, 5, 5, "fail"),
    Marker(5, 5, None, 5, "fail"),
    Marker(math.nan, 5, 5, 5, "fail"),
    Marker(5, math.inf, 5, 5, "fail"),
    Marker(5, 5, 5, math.inf, "fail"),
    Marker(5, 5, 0, 5, "fail"),
    Marker(5, 5, 5, -5, "fail"),
    Marker(1e308, 5, 1e308, 5, "fail"),
    Marker(200, 50, 5, 5, "fail"),
    Marker(-10, 50, 10, 5, "fail"),
    Marker(50, 1000, 5, 5, "fail"),
]


@pytest.mark.parametrize("marker", NOT_DRAWN, ids=str)
def test_a_defect_without_a_place_in_the_picture_is_passed_over(marker):
    drawn = overlay(grey(), [marker], WHOLE, 9)
    assert colours(drawn.picture) == {120}
    assert drawn.left_out == 0


@pytest.mark.parametrize(
    "marker", [at(0, 0), at(199, 99), Marker(-50, 40, 60, 10, "fail"), at(100, -1, size=8)]
)
def test_a_defect_that_is_partly_outside_is_drawn_where_it_can_be_seen(marker):
    assert RED in colours(overlay(grey(), [marker], WHOLE, 9).picture)


def test_a_defect_as_large_as_the_picture_is_framed():
    assert RED in colours(overlay(grey(), [Marker(0, 0, 200, 100, "fail")], WHOLE, 9).picture)


def test_markers_follow_the_corner_and_scale_of_a_crop():
    drawn = overlay(grey(), [Marker(1020, 510, 4, 4, "fail")], View(1000, 500, 3, 3), 9).picture
    rows, columns = np.nonzero((np.asarray(drawn) != 120).any(axis=2))
    assert (columns.min() + columns.max() + 1) / 2 == pytest.approx(66, abs=1)
    assert (rows.min() + rows.max() + 1) / 2 == pytest.approx(36, abs=1)


def test_five_thousand_defects_are_drawn_without_trouble():
    many = [Marker(number, number, 8, 8, ("fail", "pass")[number % 2]) for number in range(5000)]
    drawn = overlay(grey(width=560, height=560), many, View(0, 0, 0.11, 0.11), 500)
    assert drawn.left_out == 4500


def test_every_state_has_a_look_and_every_look_a_rank():
    assert set(URGENCY) == COLOURED | QUIET
    assert look_of("never heard of") == "waiting"


def test_the_frame_lies_around_the_mark_of_one_and_covers_no_part_of_it():
    mine, view = at(60, 50), View(0, 0, 1.0, 1.0)
    drawn = overlay(grey(), [mine, at(100, 50)], view, 9, 24).picture
    framed_one = framed(drawn, mine, view, 24)
    blue = np.argwhere((np.asarray(framed_one) == BLUE).all(axis=-1))
    assert [*blue.min(axis=0), *blue.max(axis=0)] == [33, 43, 67, 77]
    inside = (48, 38, 72, 62)
    assert framed_one.crop(inside).tobytes() == drawn.crop(inside).tobytes()
