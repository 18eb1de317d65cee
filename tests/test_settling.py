"""When silence means analysed: the clock counts only while the plant can be read."""

from hypothesis import given
from hypothesis import strategies as st

from hmi.judging.settling import Settling

RUN, IMAGE = (1, 1), (1, 10)


def test_an_image_settles_when_nothing_came_for_it_for_long_enough():
    settling = Settling(5, 20)
    settling.rows_seen(RUN, IMAGE)
    settling.now_s = 4.9
    assert not settling.is_settled(RUN, IMAGE)
    settling.now_s = 5.0
    assert settling.is_settled(RUN, IMAGE)


def test_time_that_decides_is_told_once():
    settling = Settling(5, 20)
    settling.run_seen(RUN)
    settling.rows_seen(RUN, IMAGE)
    assert list(settling.due()) == [RUN]
    assert list(settling.due()) == []
    settling.now_s = 5
    assert list(settling.due()) == [RUN]


def test_a_closed_run_is_settled_and_its_cameras_are_late():
    settling = Settling(5, 20)
    assert settling.is_settled(RUN, IMAGE)
    assert settling.camera_is_late(RUN)


def test_an_image_that_opens_a_run_again_does_not_give_the_others_new_time():
    settling = Settling(5, 20)
    settling.now_s = 100
    settling.rows_seen(RUN, IMAGE)
    assert settling.camera_is_late(RUN)
    assert not settling.is_settled(RUN, IMAGE)


@given(st.lists(st.floats(0, 3), min_size=1, max_size=30))
def test_an_image_is_never_settled_within_the_settling_time_of_its_newest_row(gaps):
    settling = Settling(5, 20)
    for gap_s in gaps:
        settling.now_s += gap_s
        settling.rows_seen(RUN, IMAGE)
        assert not settling.is_settled(RUN, IMAGE)
