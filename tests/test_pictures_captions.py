"""What is written below a picture: all of it, at any width, and the picture untouched."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hmi.camera import caption_of
from hmi.pictures import captions
from hmi.pictures.captions import LOOKS, Caption, Letters, captioned, wrapped
from hmi.store.runs import Image as Stored
from hmi.store.runs import key_of
from tests.lines import LARGE, NAMED_CAMERAS, Line, defect, image, trigger

GREY = 90
LINES = (
    "2 of 14 defects fail · worst: 1.92 × 1.17 mm, Seal face, limit < 1.00 mm · rules v12 · 11.97 px/mm",
    "camera 1 · Valve body face · 38A25125390339RFML3P 7006 MC · 2026-11-30 20:43:49 · image 4711",
)


def of(verdict: str, width: int, height: int = 100, mode: str = "L") -> tuple[np.ndarray, np.ndarray]:
    """The picture and the band below it."""
    plain = Image.new(mode, (width, height), GREY if mode == "L" else (GREY, GREY, GREY))
    whole = np.asarray(captioned(plain, Caption(verdict, verdict.upper(), LINES)))
    return whole[:height], whole[height:]


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("width", [64, 280, 1100, 2000])
def test_the_picture_stays_and_a_band_of_words_comes_below(mode, width):
    picture, band = of("fail", width, mode=mode)
    assert picture.shape == (100, width, 3)
    assert (picture == GREY).all()
    assert (band[0] == 255).all()
    assert (band < 60).all(axis=2).any()


@pytest.mark.parametrize("verdict", ["fail", "review", "waiting", "unreadable", "missing"])
def test_what_is_not_a_pass_has_its_colour(verdict):
    _, band = of(verdict, 1200)
    ground = Image.new("RGB", (1, 1), LOOKS[verdict][0]).getpixel((0, 0))
    assert (band == ground).all(axis=2).mean() > 0.003


def test_a_pass_has_no_colour():
    _, band = of("pass", 1200)
    assert (band.max(axis=2).astype(int) - band.min(axis=2) < 3).all()


def test_on_narrow_pictures_words_take_more_rows():
    letters = {300: 13, 2000: 27}
    rows = {width: len(of("fail", width)[1]) / px for width, px in letters.items()}
    assert rows[300] > 2 * rows[2000]


@pytest.fixture
def plain_letters(monkeypatch):
    """A machine without any of the fonts that are looked for."""
    monkeypatch.setattr(captions, "FONTS", ())
    captions._font.cache_clear()
    yield Letters(20)
    captions._font.cache_clear()


def test_without_a_font_of_the_machine_words_are_spelled_in_plain_letters(plain_letters):
    assert plain_letters.spelled("1.92 × 1.17 mm ≥ Gehäuse · 壳\t|") == "1.92 x 1.17 mm >= Gehause · ? |"
    assert wrapped("Gehäuse", plain_letters, 900) == ["Gehause"]


@given(text=st.text(max_size=200), room=st.integers(60, 900), taken=st.integers(0, 300))
def test_every_row_fits_and_no_word_is_lost(text, room, taken):
    letters = Letters(20)
    rows = wrapped(text, letters, room, min(taken, room))
    assert all(letters.width(row) <= room for row in rows)
    words = [word for word in letters.spelled(text).split() if letters.width(word) <= room]
    shown = " ".join(rows).split()
    assert [word for word in shown if word in words] == words or any(row.endswith("…") for row in rows)


def test_of_a_stored_image_is_said_what_it_is_and_how_it_was_judged(sqlite_store, settings_of):
    line = Line(settings_of(line={"cameras": NAMED_CAMERAS}), sqlite_store)
    line.read(0, trigger(), image(1, "A"), image(2, "B"), defect(1, 1, LARGE), defect(2, 2))
    line.files(1, 2)
    line.read(300)
    with sqlite_store.read() as session:
        one, two = (
            caption_of(session, line.settings, session.get_one(Stored, key_of(number))) for number in "12"
        )
    assert (one.verdict, one.word, two.word) == ("fail", "FAIL", "PASS")
    why, what = one.lines
    assert why.startswith("1 of 1 defect fail · worst: ")
    assert "limit < 1.50 mm" in why
    assert "rules v1 · 11.97 px/mm" in why
    assert what.startswith("camera 1 · ")
    assert " · A · 38A25125390338RFML3P 7006 MC · 39MC · 20" in what
    assert re.search(r"· 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d · image 1$", what)
