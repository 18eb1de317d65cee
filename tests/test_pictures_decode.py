"""What may be decoded, and how it is shown."""

import contextlib
import struct
import zlib

import numpy as np
import psutil
import pytest
from PIL import Image

from hmi.pictures.contents import PictureIncomplete, PictureRefused
from hmi.pictures.decode import Decoder, fitted
from hmi.pictures.renditions import CROP_PX, Box
from tests.image_files import encoded, jpeg, storage_with, surface

JPEG = jpeg(1600, 1200)
PNG = encoded(surface(300, 200), "PNG")


def decoder(**changes) -> Decoder:
    return Decoder(storage_with([], **changes))


def test_a_small_picture_keeps_the_shape_and_knows_the_size_of_the_whole():
    small = decoder().small(JPEG)
    assert small.picture.size == (560, 420)
    assert (small.width, small.height) == (1600, 1200)


def test_a_small_picture_is_never_enlarged():
    assert decoder().small(PNG).picture.size == (300, 200)


@pytest.mark.parametrize(("width", "height"), [(1, 5000), (5000, 1), (3, 2), (561, 559)])
def test_any_shape_fits(width, height):
    picture = decoder().small(encoded(surface(width, height), "PNG")).picture
    assert picture.size == fitted(width, height, 560)
    assert max(picture.size) <= 560


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "BMP"])
def test_a_picture_looks_the_same_in_every_allowed_format(form):
    light = Image.linear_gradient("L").resize((1500, 1000))
    small = decoder(formats=["JPEG", "PNG", "TIFF", "BMP"]).small(encoded(light, form)).picture
    wanted = np.asarray(light.resize((560, 373)), dtype=int)
    assert abs(np.asarray(small, dtype=int) - wanted).max() <= 3


@pytest.mark.parametrize("cut", [1, 2, 3, 100, 20_000, len(JPEG) // 2, len(JPEG) - 10, len(JPEG) - 2])
def test_a_truncated_jpeg_is_incomplete(cut):
    with pytest.raises(PictureIncomplete):
        decoder().small(JPEG[:-cut])


@pytest.mark.parametrize("cut", [1, 12, 20, 5000, len(PNG) - 5])
def test_a_truncated_png_is_incomplete(cut):
    with pytest.raises(PictureIncomplete):
        decoder().small(PNG[:-cut])


@pytest.mark.parametrize("form", ["TIFF", "BMP"])
def test_other_truncated_pictures_are_incomplete(form):
    data = encoded(surface(), form)
    with pytest.raises(PictureIncomplete):
        decoder(formats=["TIFF", "BMP"]).small(data[: len(data) // 2])


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95, 0.999])
def test_a_file_whose_space_was_taken_before_it_was_written_is_incomplete(share):
    written = int(len(JPEG) * share)
    with pytest.raises(PictureIncomplete):
        decoder().small(JPEG[:written] + bytes(len(JPEG) - written))


def test_padding_with_zeros_behind_the_end_is_no_fault():
    assert decoder().small(JPEG + bytes(512)).width == 1600


@pytest.mark.parametrize(
    "data",
    [b"", b"\0" * 1000, b"\xff", b"\xff\xd8", b"garbage" * 100, JPEG + b"garbage", PNG + b"x"],
    ids=[
        "empty",
        "zeros",
        "one byte",
        "two bytes",
        "garbage",
        "garbage behind a JPEG",
        "garbage behind a PNG",
    ],
)
def test_what_is_no_whole_picture_is_incomplete(data):
    with pytest.raises(PictureIncomplete):
        decoder().small(data)


def test_a_damaged_png_is_incomplete():
    damaged = bytearray(PNG)
    damaged[len(PNG) // 2] ^= 0xFF
    with pytest.raises(PictureIncomplete):
        decoder().small(bytes(damaged))


def test_random_damage_never_raises_anything_unexpected():
    random = np.random.default_rng(3)
    whole = {"JPEG": JPEG, "PNG": PNG, "TIFF": encoded(surface(), "TIFF"), "BMP": encoded(surface(), "BMP")}
    every = decoder(formats=["JPEG", "PNG", "TIFF", "BMP"])
    for data in whole.values():
        for _ in range(40):
            damaged = bytearray(data)
            for place in random.integers(0, min(len(data), 600), 5):
                damaged[place] = random.integers(0, 256)
            with contextlib.suppress(PictureIncomplete, PictureRefused):
                assert every.small(bytes(damaged)).picture.mode in ("L", "RGB")


NEVER = {
    "TIFF": encoded(surface(), "TIFF"),
    "BMP": encoded(surface(), "BMP"),
    "GIF": encoded(surface(), "GIF"),
    "EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
    "PSD": b"8BPS\0\1" + b"\0" * 50,
    "PDF": b"%PDF-1.7\n",
    "SVG": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "HTML": b"\xef\xbb\xbf \n<!doctype html><script>alert(1)</script>",
    "WebP": b"RIFF\x10\0\0\0WEBPVP8 ",
}


@pytest.mark.parametrize("data", NEVER.values(), ids=NEVER.keys())
def test_a_format_that_is_not_allowed_is_refused_by_its_content(data):
    with pytest.raises(PictureRefused, match="format not allowed"):
        decoder().small(data)


def test_png_can_be_taken_off_the_list():
    with pytest.raises(PictureRefused):
        decoder(formats=["JPEG"]).small(PNG)


def _empty_png(side: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(bytes(3_000_000)))
    return b"\x89PNG\r\n\x1a\n" + header + data + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [50_000, 12_000, 8_000])
def test_a_bomb_is_refused_by_its_header_without_taking_memory(side):
    data, before = _empty_png(side), psutil.Process().memory_info().rss
    with pytest.raises(PictureRefused, match="too large"):
        decoder().small(data)
    with pytest.raises(PictureRefused, match="too large"):
        decoder().crop(data, Box(0, 0, 1, 1))
    assert psutil.Process().memory_info().rss - before < 20_000_000


def test_sixty_megapixels_are_the_limit_and_can_be_set():
    data = encoded(surface(1000, 1001), "PNG")
    with pytest.raises(PictureRefused, match="1000 × 1001"):
        decoder(max_mpx=1.0).small(data)
    assert decoder(max_mpx=1.01).small(data).height == 1001


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_orientation_tag_does_not_turn_the_picture(orientation):
    picture, tags = surface(400, 100), Image.Exif()
    picture.paste(255, (0, 0, 50, 50))
    tags[0x0112] = orientation
    small = decoder().small(encoded(picture, "JPEG", exif=tags)).picture
    assert small.size == (400, 100)
    assert small.getpixel((10, 10)) > 240


@pytest.mark.parametrize("bits", [10, 12, 16])
def test_deep_grey_is_shown_by_the_upper_eight_bits_in_use(bits):
    values = np.linspace(0, (1 << bits) - 1, 1200, dtype=np.uint16)
    picture = Image.fromarray(np.tile(values, (900, 1)))
    small = np.asarray(decoder().small(encoded(picture, "PNG")).picture, dtype=int)
    assert small.dtype.kind == "i"
    assert abs(small[0] - np.linspace(0, 255, 560)).max() <= 2
    assert decoder().crop(encoded(picture, "PNG"), Box(1199, 0, 1, 1)).picture.getpixel((319, 0)) == 255


@pytest.mark.parametrize(
    ("mode", "form", "shown"),
    [
        ("1", "PNG", "L"),
        ("L", "JPEG", "L"),
        ("LA", "PNG", "L"),
        ("P", "PNG", "RGB"),
        ("RGB", "JPEG", "RGB"),
        ("RGBA", "PNG", "RGB"),
        ("CMYK", "JPEG", "RGB"),
        ("CMYK", "TIFF", "RGB"),
        ("YCbCr", "JPEG", "RGB"),
        ("LAB", "TIFF", "RGB"),
    ],
)
def test_every_kind_of_pixel_becomes_grey_or_colour(mode, form, shown):
    picture = Image.new("RGB", (1300, 900), (200, 30, 40))
    picture = picture.convert("RGB") if mode == "LAB" else picture.convert(mode)
    picture = Image.merge("LAB", picture.split()) if mode == "LAB" else picture
    data = encoded(picture, form)
    every = decoder(formats=["JPEG", "PNG", "TIFF"])
    assert every.small(data).picture.mode == shown
    assert every.crop(data, Box(10, 10, 5, 5)).picture.mode == shown


def test_colours_are_right_after_cmyk():
    data = encoded(Image.new("RGB", (700, 700), (250, 10, 10)).convert("CMYK"), "JPEG")
    red, green, blue = decoder().small(data).picture.getpixel((5, 5))
    assert red > 200
    assert max(green, blue) < 60


def test_pixels_of_numbers_that_have_no_grey_are_refused():
    data = encoded(Image.new("F", (10, 10), 0.5), "TIFF")
    with pytest.raises(PictureRefused, match="kind F"):
        decoder(formats=["TIFF"]).small(data)


def test_large_metadata_does_no_harm():
    tags = Image.Exif()
    tags[0x010E] = "x" * 60_000
    data = encoded(surface(), "JPEG", exif=tags, icc_profile=bytes(500_000), comment=b"<script>" * 1000)
    assert decoder().small(data).width == 640


def test_a_profile_that_unpacks_to_too_much_is_not_unpacked():
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    bomb = chunk(b"iCCP", b"profile\0\0" + zlib.compress(bytes(80_000_000), 9))
    data = PNG[:33] + bomb + PNG[33:]
    before = psutil.Process().memory_info().rss
    with contextlib.suppress(PictureIncomplete):
        decoder().small(data)
    assert psutil.Process().memory_info().rss - before < 20_000_000


@pytest.mark.parametrize(
    ("x", "y", "left", "top"),
    [(800, 600, 644, 444), (0, 0, 0, 0), (1599, 1199, 1280, 880), (-50, 600, 0, 444), (9999, -9999, 1280, 0)],
)
def test_a_crop_shows_the_defect_in_its_middle_and_stays_inside(x, y, left, top):
    crop = decoder().crop(JPEG, Box(x, y, 8, 8))
    assert crop.picture.size == (CROP_PX, CROP_PX)
    assert (crop.window.left, crop.window.top) == (left, top)


def test_a_crop_shows_each_pixel_as_it_is():
    picture = surface(900, 900)
    crop = decoder().crop(encoded(picture, "PNG"), Box(500, 300, 8, 8))
    corners = (crop.window.left, crop.window.top, crop.window.left + 320, crop.window.top + 320)
    assert crop.picture.tobytes() == picture.crop(corners).tobytes()


def test_a_crop_of_a_small_image_is_enlarged_by_a_whole_number():
    picture = surface(100, 90)
    crop = decoder().crop(encoded(picture, "PNG"), Box(50, 50, 8, 8))
    assert (crop.picture.size, crop.scale) == ((300, 270), 3)
    assert crop.picture.getpixel((299, 269)) == picture.getpixel((99, 89))


def test_a_crop_grows_with_a_large_defect_up_to_a_limit():
    large = encoded(surface(3000, 3000), "PNG", compress_level=1)
    assert decoder().crop(large, Box(1000, 1000, 600, 100)).picture.size == (750, 750)
    assert decoder().crop(large, Box(0, 0, 3000, 3000)).picture.size == (960, 960)
