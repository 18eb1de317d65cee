"""Images in pieces, as any viewer of the IIIF Image API 3.0 asks for them."""

import io
import os
import time
from urllib.parse import quote

import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image as Pillow

from hmi.parts import EXTENSION
from hmi.pictures.iiif.parameters import LARGEST_PX
from tests.hung_share import HungShare
from tests.image_files import decoded, encoded
from tests.lines import LARGE, QUICK_LINE, Line, defect, image, trigger
from tests.people import opened, settle_in, signed_in
from tests.test_iiif_parameters import NAMES, REGIONS, ROTATIONS, SIZES

TILE = "512,512,512,512/512,512/0/default.jpg"
RED = (200, 30, 60)


def slope(width: int, height: int) -> Pillow.Image:
    """Brighter to the right and, more slowly, downwards: each place has its own grey."""
    across = np.linspace(10, 200, width)[None, :]
    down = np.linspace(0, 50, height)[:, None]
    return Pillow.fromarray((across + down).astype(np.uint8))


def fill(app, folder) -> Line:
    """Image 1: grey, 1500 × 1100, with a defect that fails at (100, 150); image 2: red, 700 × 900."""
    parts = app.extensions[EXTENSION]
    line = Line(parts.settings, parts.store)
    folder.mkdir()
    (folder / "1.jpg").write_bytes(encoded(slope(1500, 1100), quality=95))
    Pillow.new("RGB", (700, 900), RED).save(folder / "2.jpg", quality=95)
    line.read(0, trigger(), image(1, "A"), image(2, "B"), defect(1, 1, LARGE, x=100, y=150), defect(2, 2))
    line.files(1, 2)
    line.read(5)
    return line


@pytest.fixture
def open_app(sqlite_store, settings_of, tmp_path):
    """Called with sections of settings; the images are there."""
    opened_apps = []

    def open_one(**sections):
        context = opened(settings_of(line=QUICK_LINE, **sections))
        opened_apps.append(context)
        app = context.__enter__()
        app.line = fill(app, tmp_path / "images")
        return app

    yield open_one
    for context in opened_apps:
        context.__exit__(None, None, None)


@pytest.fixture
def app(open_app):
    return open_app()


@pytest.fixture
def visitor(app):
    return app.test_client()


@pytest.fixture
def version(app) -> str:
    """Of the file of image 1, as it stands in addresses."""
    return app.extensions[EXTENSION].files.stamp(r"E:\images\1.jpg").text


def piece(visitor, path: str) -> Pillow.Image:
    answer = visitor.get(f"/iiif/3/{path}")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return decoded(answer.data)


def grey(picture: Pillow.Image) -> np.ndarray:
    return np.asarray(picture.convert("L")).astype(int)


def test_the_information_says_what_can_be_asked_for(visitor):
    told = visitor.get("/iiif/3/1/info.json").json
    assert told["id"] == "http://localhost/iiif/3/1"
    assert (told["width"], told["height"]) == (1500, 1100)
    assert told["tiles"] == [{"width": 512, "height": 512, "scaleFactors": [1, 2, 4]}]
    assert told["sizes"][0] == {"width": 375, "height": 275}
    assert told["extraQualities"] == ["gray", "bitonal", "overlay"]
    assert visitor.get("/iiif/3/2/info.json").json["extraQualities"][0] == "color"


def test_behind_tls_the_address_in_the_information_begins_with_https(open_app):
    visitor = open_app(server={"https": True}).test_client()
    assert visitor.get("/iiif/3/1/info.json").json["id"] == "https://localhost/iiif/3/1"


def test_every_address_that_the_information_names_is_answered(visitor):
    told = visitor.get("/iiif/3/1/info.json").json
    for size in told["sizes"]:
        wanted = (size["width"], size["height"])
        assert piece(visitor, f"1/full/{wanted[0]},{wanted[1]}/0/default.jpg").size == wanted
    for quality in ["default", *told["extraQualities"]]:
        assert piece(visitor, f"1/full/100,/0/{quality}.jpg").size == (100, 73)


def test_the_address_of_an_image_leads_to_its_information(visitor):
    answer = visitor.get("/iiif/3/1")
    assert (answer.status_code, answer.headers["Location"]) == (303, "http://localhost/iiif/3/1/info.json")


def test_linked_data_is_given_to_who_asks_for_it(visitor):
    linked = visitor.get("/iiif/3/1/info.json", headers={"Accept": "application/ld+json"})
    plain = visitor.get("/iiif/3/1/info.json", headers={"Accept": "*/*"})
    assert linked.headers["Content-Type"].startswith("application/ld+json;profile=")
    assert plain.headers["Content-Type"] == "application/json"
    assert linked.json == plain.json
    assert "Accept" in plain.headers["Vary"]


@pytest.mark.parametrize(
    ("address", "left", "top", "step"),
    [
        (TILE, 512, 512, 1),
        ("1024,0,476,1024/238,512/0/default.png", 1024, 0, 2),
        ("full/375,/0/gray.jpg", 0, 0, 4),
    ],
)
def test_a_piece_shows_its_part_of_the_image(visitor, address, left, top, step):
    shown = grey(piece(visitor, f"1/{address}"))
    truth = grey(slope(1500, 1100))[top::step, left::step][: shown.shape[0], : shown.shape[1]]
    assert abs(shown - truth).max() < 6


def test_a_tile_of_the_image_is_sharp(visitor, tmp_path):
    """One bright pixel stays one: nothing is resampled at 1:1."""
    dots = np.full((600, 600), 40, np.uint8)
    dots[300, 300] = 240
    Pillow.fromarray(dots).save(tmp_path / "images" / "1.jpg", "PNG")
    shown = grey(piece(visitor, "1/256,256,300,300/300,300/0/default.png"))
    assert (shown[44, 44], shown[44, 45], shown[43, 44]) == (240, 40, 40)


def test_turned_and_mirrored_pieces(visitor):
    straight = grey(piece(visitor, "1/0,0,400,300/max/0/default.png"))
    for rotation, expected in {
        "90": np.rot90(straight, -1),
        "180": straight[::-1, ::-1],
        "270": np.rot90(straight),
        "!0": straight[:, ::-1],
        "!90": np.rot90(straight[:, ::-1], -1),
    }.items():
        assert (grey(piece(visitor, f"1/0,0,400,300/max/{rotation}/default.png")) == expected).all(), rotation


def test_qualities(visitor):
    assert piece(visitor, "2/full/100,/0/color.png").getpixel((50, 50))[0] > 190
    assert piece(visitor, "2/full/100,/0/gray.png").mode == "L"
    assert set(np.unique(grey(piece(visitor, "1/full/max/0/bitonal.png")))) == {0, 255}
    assert piece(visitor, "1/full/max/0/color.jpg").mode == "L"


def test_the_overlay_is_a_quality_and_lies_where_the_defect_is(visitor):
    overlay = np.asarray(piece(visitor, "1/50,100,200,200/max/0/overlay.png")).astype(int)
    red = (overlay[..., 0] > 120) & (overlay[..., 1] < 60)
    middle = (100 + LARGE / 2 - 50, 152.5 - 100)
    assert np.allclose(np.argwhere(red).mean(axis=0)[::-1], middle, atol=6)
    assert piece(visitor, "1/800,800,200,200/max/0/overlay.png").mode == "L"


def test_what_is_given_out_carries_no_metadata(visitor, tmp_path):
    tags = Pillow.Exif()
    tags[0x010F] = "<script>"
    content = encoded(slope(800, 600), exif=tags, comment=b"secret", icc_profile=b"profile")
    (tmp_path / "images" / "1.jpg").write_bytes(content)
    for address in ("full/max/0/default.jpg", "full/max/0/default.png", "0,0,64,64/max/0/overlay.jpg"):
        data = visitor.get(f"/iiif/3/1/{address}").data
        assert not any(word in data for word in (b"script", b"secret", b"profile", b"Exif"))


def test_a_versioned_address_is_kept_for_ever_and_a_plain_one_is_asked_about_again(visitor, version):
    assert "immutable" in visitor.get(f"/iiif/3/1~{version}/{TILE}").headers["Cache-Control"]
    for address in (
        f"1/{TILE}",
        f"1~{version}/info.json",
        f"1~{version}/full/max/0/overlay.jpg",
    ):
        headers = visitor.get(f"/iiif/3/{address}").headers
        assert headers["Cache-Control"] == "private, no-cache"
        again = visitor.get(f"/iiif/3/{address}", headers={"If-None-Match": headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == headers["ETag"]


def test_the_information_of_a_version_names_its_address(visitor, version):
    told = visitor.get(f"/iiif/3/1~{version}/info.json").json
    assert told["id"] == f"http://localhost/iiif/3/1~{version}"


def test_a_replaced_file_has_another_tag_and_its_old_version_is_gone(visitor, version, tmp_path):
    before = visitor.get(f"/iiif/3/1/{TILE}").headers["ETag"]
    (tmp_path / "images" / "1.jpg").write_bytes(encoded(slope(1400, 1200)))
    time.sleep(1.1)  # so long it counts as unchanged
    answer = visitor.get(f"/iiif/3/1/{TILE}", headers={"If-None-Match": before})
    assert (answer.status_code, answer.headers["ETag"] != before) == (200, True)
    assert visitor.get(f"/iiif/3/1~{version}/{TILE}").status_code == 404
    assert visitor.get("/iiif/3/1/info.json").json["width"] == 1400


def test_a_new_verdict_is_another_overlay_and_the_same_tile(app, visitor):
    overlay, tile = "/iiif/3/1/full/max/0/overlay.jpg", f"/iiif/3/1/{TILE}"
    before = visitor.get(overlay).headers["ETag"], visitor.get(tile).headers["ETag"]
    app.line.read(60, defect(9, 1, LARGE, x=700))
    after = visitor.get(overlay).headers["ETag"], visitor.get(tile).headers["ETag"]
    assert after[0] != before[0]
    assert after[1] == before[1]


def test_links_name_the_standard_and_the_canonical_address(visitor):
    links = visitor.get("/iiif/3/1/pct:0,0,100,100/pct:50/360/default.jpg").headers["Link"]
    assert '<http://iiif.io/api/image/3/level2.json>;rel="profile"' in links
    assert '<http://localhost/iiif/3/1/full/750,550/0/default.jpg>;rel="canonical"' in links


WRONG = [
    ("1/full/max/0/native.jpg", 400),
    ("1/full/max/0/default.gif", 400),
    ("1/full/max/45/default.jpg", 400),
    ("1/full/1501,/0/default.jpg", 400),
    ("1/full/^1501,/0/default.jpg", 501),
    ("1/2000,0,5,5/max/0/default.jpg", 400),
    ("1/0,0,0,5/max/0/default.jpg", 400),
    ("1/full/0,/0/default.jpg", 400),
    ("1/full/-5,/0/default.jpg", 400),
    ("1/full/pct:nan/0/default.jpg", 400),
    ("1/full/1000000000000,/0/default.jpg", 400),
    ("1/full/max/0/default", 400),
    ("1/full/max/0", 400),
    ("1/full/max/0/default.jpg/more", 400),
    ("1/info.xml", 400),
    ("1/٣,٣,٣,٣/max/0/default.jpg", 400),
    ("1/%00/max/0/default.jpg", 400),
    ("1/%ff%fe/max/0/default.jpg", 400),
    (f"1/{'9' * 5000},0,1,1/max/0/default.jpg", 400),
    ("9/info.json", 404),
    ("9", 404),
    ("9/full/max/0/default.jpg", 404),
    ("x/y/full/max/0/default.jpg", 404),
    ("0/info.json", 404),
    ("1~/info.json", 404),
    ("1~0-0/info.json", 404),
    ("1.1/info.json", 404),
    ("..%2f..%2fetc/info.json", 404),
]


def test_what_is_wrong_gets_the_status_that_the_standard_names(visitor, subtests):
    for address, status in WRONG:
        with subtests.test(address=address, status=status):
            answer = visitor.get(f"/iiif/3/{address}")
            assert answer.status_code == status
            assert status < 400 or answer.json["error"]


@settings(max_examples=150)
@given(REGIONS, SIZES, ROTATIONS, NAMES)
def test_whatever_is_asked_for_is_a_picture_within_the_limits_or_a_plain_refusal(
    visitor, region, size, rotation, name
):
    texts = (quote(text, safe="") for text in (region, size, rotation, name))
    answer = visitor.get(f"/iiif/3/1/{'/'.join(texts)}")
    assert answer.status_code in (200, 308, 400, 404, 501)
    if answer.status_code == 200:
        width, height = Pillow.open(io.BytesIO(answer.data)).size
        assert 1 <= width <= LARGEST_PX
        assert 1 <= height <= LARGEST_PX


@pytest.mark.parametrize(
    ("content", "status", "state"),
    [
        (None, 404, "absent"),
        (b"", 404, "unreadable"),
        (encoded(slope(300, 200))[:-300], 404, "unreadable"),
        (b"%PDF-1.7", 415, "refused"),
        (encoded(Pillow.new("1", (9000, 9000)), "PNG"), 415, "refused"),
    ],
)
def test_a_file_that_cannot_be_shown_says_why(visitor, tmp_path, content, status, state):
    file = tmp_path / "images" / "1.jpg"
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    for address in (f"1/{TILE}", "1/info.json"):
        answer = visitor.get(f"/iiif/3/{address}")
        assert (answer.status_code, answer.json["state"]) == (status, state)
    assert visitor.get("/images/1/annotated.jpg").status_code == status


@pytest.mark.parametrize(
    "path", [r"E:\images\..\x.jpg", r"\\evil\share\x.jpg", r"C:\x.jpg", r"E:\images\NUL"]
)
def test_a_hostile_path_shows_nothing(app, visitor, path):
    app.line.read(9, trigger(3), image(30, "A", of=3, path=path))
    for address in ("info.json", TILE):
        answer = visitor.get(f"/iiif/3/30/{address}")
        assert answer.status_code == 404
        assert "evil" not in answer.get_data(as_text=True)


def test_a_place_of_images_that_does_not_answer_is_told_to_come_back_later(visitor, tmp_path, version):
    visitor.get(f"/iiif/3/1~{version}/{TILE}")
    (tmp_path / "images").rename(tmp_path / "unplugged")
    time.sleep(1.1)
    answer = visitor.get(f"/iiif/3/1/{TILE}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert visitor.get(f"/iiif/3/1~{version}/{TILE}").status_code == 200


def test_a_hung_share_holds_nobody_longer_than_a_moment(visitor, tmp_path):
    share = HungShare(tmp_path / "images")
    try:
        share.hang()
    except (OSError, AttributeError) as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"cannot mount a share here: {error}")
    try:
        began = time.monotonic()
        assert visitor.get(f"/iiif/3/1/{TILE}").status_code == 503
        assert time.monotonic() - began < 8
    finally:
        share.heal()


def test_only_some_threads_wait_for_pieces(app, visitor):
    """The others serve polls; who finds no place is told to come back."""
    places = app.extensions[EXTENSION].piece_places
    taken = 0
    while places.acquire(blocking=False):
        taken += 1
    try:
        answer = visitor.get(f"/iiif/3/1/{TILE}")
    finally:
        for _ in range(taken):
            places.release()
    assert 0 < taken < app.extensions[EXTENSION].settings.server.threads
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


def test_other_sites_are_let_in_by_setting_only(app, visitor, open_app, tmp_path):
    headers = {"Origin": "https://viewer.example"}
    answer = visitor.get("/iiif/3/1/info.json", headers=headers)
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_where_cors_is_on_every_answer_says_so(open_app):
    visitor = open_app(iiif={"cors": True}).test_client()
    for path in ("1/info.json", f"1/{TILE}", "1/full/max/0/nothing.jpg", "9/info.json", "1"):
        headers = visitor.get(f"/iiif/3/{path}").headers
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert "Access-Control-Allow-Credentials" not in headers
    assert "Access-Control-Allow-Origin" not in visitor.get("/livez").headers


def test_where_the_grid_is_not_open_an_image_needs_a_sign_in(sqlite_store, open_app):
    settle_in(sqlite_store)
    app = open_app(auth={"open_grid": False})
    for path in ("1/info.json", f"1/{TILE}"):
        assert app.test_client().get(f"/iiif/3/{path}").status_code == 401
        assert signed_in(app, "Olga").get(f"/iiif/3/{path}").status_code == 200


def test_the_annotated_image_shows_its_defects_and_is_at_most_2000_px_large(visitor, tmp_path):
    answer = visitor.get("/images/1/annotated.jpg")
    picture = np.asarray(decoded(answer.data)).astype(int)[:1100]
    assert picture.shape == (1100, 1500, 3)
    assert ((picture[..., 0] > 120) & (picture[..., 1] < 60)).any()
    (tmp_path / "images" / "2.jpg").write_bytes(encoded(slope(5120, 2560)))
    width, height = decoded(visitor.get("/images/2/annotated.jpg").data).size
    assert (width, height) > (2000, 1000)  # and what is said of it, below


def test_what_is_said_below_it_changes_with_the_verdict(visitor, app):
    before = visitor.get("/images/1/annotated.jpg")
    app.line.read(9, defect(9, 1, LARGE, x=700, y=500))
    after = visitor.get("/images/1/annotated.jpg", headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200


def test_the_annotated_image_can_be_kept_and_is_sent_once(visitor):
    answer = visitor.get("/images/1/annotated.jpg?download")
    assert answer.headers["Content-Disposition"] == "attachment; filename=image-1-annotated.jpg"
    again = visitor.get("/images/1/annotated.jpg", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("image", ["9", "abc", "1~", "0"])
def test_of_no_image_there_is_no_annotated_one(visitor, image):
    assert visitor.get(f"/images/{image}/annotated.jpg").status_code == 404
