"""What the parameters of the IIIF Image API mean, for every text that can stand there."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hmi.pictures.iiif.information import scale_factors, sizes
from hmi.pictures.iiif.parameters import FORMATS, LARGEST_PX, QUALITIES, NotOffered, NotUnderstood, cut_of
from hmi.pictures.renditions import Window

IMAGE = (5120, 4096)


def cut(region="full", size="512,", rotation="0", name="default.jpg", image=IMAGE):
    return cut_of(image, region, size, rotation, name)


#: what people, programs and attackers write where a number should be
NUMBERS = st.one_of(
    st.integers(0, 12000).map(str),
    st.floats(0, 250).map(lambda number: f"{number:.3f}"),
    st.sampled_from(
        ["", "-1", "+1", "1e3", "nan", "NaN", "inf", "0", "00", "0.0", ".5", "1.", "٣", "¹", "0x10", "9" * 70]
    ),
    st.text(max_size=6),
)
REGIONS = st.one_of(
    st.sampled_from(["full", "square", "Full", "smart", "pct:", ","]),
    st.lists(NUMBERS, min_size=3, max_size=5).map(",".join),
    st.lists(NUMBERS, min_size=4, max_size=4).map(lambda numbers: f"pct:{','.join(numbers)}"),
    st.text(),
)
SIZES = st.one_of(
    st.sampled_from(["max", "^max", "full", ",", "!,", "^", "!max", "^!100,100"]),
    st.builds("{}{},{}".format, st.sampled_from(["", "!", "^", "^!", "!^"]), NUMBERS, NUMBERS),
    st.builds("{}pct:{}".format, st.sampled_from(["", "^", "!"]), NUMBERS),
    st.text(),
)
ROTATIONS = st.one_of(
    st.sampled_from(["0", "90", "!180", "270.0", "360"]), st.builds("!{}".format, NUMBERS), NUMBERS
)
NAMES = st.one_of(
    st.builds("{}.{}".format, st.sampled_from(QUALITIES), st.sampled_from(FORMATS)),
    st.sampled_from(["default", "default.gif", "native.jpg", ".jpg", "default.jpg.png", "default.JPG"]),
    st.text(),
)
SIDES = st.one_of(st.integers(1, 70_000), st.sampled_from([1, 2, LARGEST_PX, LARGEST_PX + 1, 5120]))


@given(st.tuples(SIDES, SIDES), REGIONS, SIZES, ROTATIONS, NAMES)
@example((1, 1), "pct:99.999,0,1,1", "max", "0", "default.jpg")
@example((5120, 1), "full", "max", "0", "default.jpg")
@example(IMAGE, "full", "!" + "9" * 40 + "," + "9" * 38, "0", "default.jpg")
def test_every_text_gives_a_piece_within_the_image_and_the_limits_or_a_refusal(
    image, region, size, rotation, name
):
    try:
        found = cut_of(image, region, size, rotation, name)
    except (NotUnderstood, NotOffered):
        return
    window = found.window
    assert window.left >= 0
    assert window.top >= 0
    assert 1 <= window.width <= image[0] - window.left
    assert 1 <= window.height <= image[1] - window.top
    assert 1 <= found.width <= min(window.width, LARGEST_PX)
    assert 1 <= found.height <= min(window.height, LARGEST_PX)
    assert found.turn in (0, 90, 180, 270)
    assert (found.quality in QUALITIES, found.form in FORMATS) == (True, True)


@given(st.data(), SIDES, SIDES)
def test_every_region_in_pixels_that_meets_the_image_is_cut_at_its_edges(data, width, height):
    left, top = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    wide, high = data.draw(st.integers(1, 10**12)), data.draw(st.integers(1, 10**12))
    found = cut(f"{left},{top},{wide},{high}", "max", image=(width, height)).window
    assert found == Window(left, top, min(wide, width - left), min(high, height - top))


@given(SIDES, SIDES)
def test_every_tile_that_the_information_names_is_given_out(width, height):
    for factor in scale_factors(width, height):
        left = width - 1 - (width - 1) % (512 * factor)  # the last column of tiles
        wide, high = min(512 * factor, width - left), min(512 * factor, height)
        out = math.ceil(wide / factor), math.ceil(high / factor)
        found = cut(f"{left},0,{wide},{high}", f"{out[0]},{out[1]}", image=(width, height))
        assert (found.width, found.height) == out
    for size in sizes(width, height):
        found = cut("full", f"{size['width']},{size['height']}", image=(width, height))
        assert (found.width, found.height) == (size["width"], size["height"])


@given(SIDES, SIDES, st.integers(1, LARGEST_PX))
def test_a_size_by_one_side_keeps_the_shape(width, height, wide):
    try:
        found = cut("full", f"{wide},", image=(width, height))
    except NotUnderstood:
        true_height = height * wide / width
        assert wide > width or true_height < 0.5 or true_height > LARGEST_PX
        return
    assert found.width == wide
    assert abs(found.height - height * wide / width) <= 0.5


@pytest.mark.parametrize(
    ("size", "out"),
    [
        ("max", (2048, 1638)),
        ("^max", (2048, 1638)),
        ("1000,", (1000, 800)),
        (",1000", (1250, 1000)),
        ("^1000,", (1000, 800)),
        ("300,200", (300, 200)),
        ("!300,300", (300, 240)),
        ("!3000,5000", (2048, 1638)),
        ("pct:10", (512, 410)),
        ("pct:.5", (26, 20)),
    ],
)
def test_sizes(size, out):
    found = cut(size=size)
    assert (found.width, found.height) == out


@pytest.mark.parametrize(
    "size", ["0,", ",0", "0,0", "pct:0", "2049,", "5121,", "pct:101", "!6000,6000", "pct:nan", "-1,", "full"]
)
def test_sizes_that_are_refused(size):
    with pytest.raises(NotUnderstood):
        cut(size=size)


@pytest.mark.parametrize("size", ["^5121,", "^,4097", "^pct:101", "^!6000,6000", "^6000,6000"])
def test_enlarging_is_not_offered(size):
    with pytest.raises(NotOffered):
        cut(size=size)


def test_the_largest_size_of_a_small_region_would_be_enlarged():
    with pytest.raises(NotOffered):
        cut("0,0,100,100", "^max")


@pytest.mark.parametrize(
    ("region", "window"),
    [
        ("square", Window(512, 0, 4096, 4096)),
        ("pct:50,25,10,10", Window(2560, 1024, 512, 410)),
        ("pct:90,90,50,50", Window(4608, 3686, 512, 410)),
    ],
)
def test_regions(region, window):
    assert cut(region, "100,").window == window


@pytest.mark.parametrize(
    "region", ["0,0,0,5", "5120,0,1,1", "0,4096,1,1", "pct:100,0,1,1", "pct:0,0,0,1", "1,2,3", "-1,0,5,5"]
)
def test_regions_that_are_refused(region):
    with pytest.raises(NotUnderstood):
        cut(region, "max")


@pytest.mark.parametrize(
    ("rotation", "mirrored", "turn"),
    [("0", False, 0), ("!90", True, 90), ("360", False, 0), ("270.0", False, 270)],
)
def test_rotations(rotation, mirrored, turn):
    found = cut(rotation=rotation)
    assert (found.mirrored, found.turn) == (mirrored, turn)


@pytest.mark.parametrize("rotation", ["45", "-90", "361", "", "!", "90!", "nan", "９０"])
def test_rotations_that_are_refused(rotation):
    with pytest.raises(NotUnderstood):
        cut(rotation=rotation)
