"""Words below a picture that leaves the screen: whoever is given it reads what it shows, and its verdict."""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from hmi.pictures.marks import AMBER, DARK, RED, VIOLET, WHITE

LEAST_PX = 13  # of a letter
OF_WIDTH = 72  # a letter is as high as this part of the picture's width
#: of Windows and of most others; without one of them the font that comes with Pillow, which has few letters
FONTS = ("segoeui.ttf", "arial.ttf", "DejaVuSans.ttf", "LiberationSans-Regular.ttf", "NotoSans-Regular.ttf")
PLAIN = str.maketrans({"×": "x", "≥": ">=", "≤": "<=", "→": "->", "…": "...", "—": "-", "–": "-", "ß": "ss"})
#: verdict → ground and letters of its word; all others are quiet
LOOKS = {
    "fail": (RED, WHITE),
    "review": (AMBER, DARK),
    "waiting": (VIOLET, WHITE),
    "missing": (VIOLET, WHITE),
    "unreadable": (VIOLET, WHITE),
}


@dataclass(frozen=True, slots=True)
class Caption:
    """A verdict, its word, and lines of words."""

    verdict: str
    word: str
    lines: tuple[str, ...]


class Letters:
    """A font of some px, and what it can write."""

    def __init__(self, px: int) -> None:
        self.font, self._has_all = _font(px)

    def spelled(self, text: str) -> str:
        """As this font can write it: no control characters, and where it has few letters, those alone."""
        printable = "".join(one if one.isprintable() else " " for one in text)
        if self._has_all:
            return printable
        bare = unicodedata.normalize("NFKD", printable.translate(PLAIN))
        return "".join(
            one if one.isascii() or one == "·" else "?" for one in bare if not unicodedata.combining(one)
        )

    def width(self, text: str) -> float:
        return self.font.getlength(text)


def captioned(picture: Image.Image, caption: Caption) -> Image.Image:
    """The picture with the caption on a white band below it: RGB, as wide as before, and higher."""
    letter_px = max(LEAST_PX, picture.width // OF_WIDTH)
    letters = Letters(letter_px)
    gap = letter_px // 2
    word_px = round(letters.width(caption.word)) + 2 * gap
    rows = _rows(caption, letters, picture.width - 2 * gap, word_px + gap)
    row_px = letter_px + gap
    result = Image.new("RGB", (picture.width, picture.height + row_px * len(rows) + 2 * gap), WHITE)
    result.paste(picture, (0, 0))
    pen = ImageDraw.Draw(result)
    middle = picture.height + gap + row_px // 2
    ground, ink = LOOKS.get(caption.verdict, (WHITE, DARK))
    box = (gap, middle - row_px // 2, gap + word_px, middle + row_px // 2)
    pen.rectangle(box, fill=ground, outline=ink if ground == WHITE else ground, width=2)
    pen.text((2 * gap, middle), caption.word, fill=ink, font=letters.font, anchor="lm")
    for number, row in enumerate(rows):
        left = gap if number else 2 * gap + word_px
        pen.text((left, middle + number * row_px), row, fill=DARK, font=letters.font, anchor="lm")
    return result


def wrapped(text: str, letters: Letters, room: int, taken: int = 0) -> list[str]:
    """The words in rows of at most `room` px, of which `taken` are gone in the first; long words are cut."""
    rows, left = [""], room - taken
    for word in letters.spelled(text).split():
        longer = f"{rows[-1]} {word}".strip()
        if letters.width(longer) <= left:
            rows[-1] = longer
            continue
        left = room
        rows.append(_cut(word, letters, room))
    return rows


def _rows(caption: Caption, letters: Letters, room: int, taken: int) -> list[str]:
    first, *others = caption.lines
    return [
        *wrapped(first, letters, room, taken),
        *(row for line in others for row in wrapped(line, letters, room) if row),
    ]


def _cut(word: str, letters: Letters, room: int) -> str:
    if letters.width(word) <= room:
        return word
    end = letters.spelled("…")
    while len(word) > 1 and letters.width(word + end) > room:
        word = word[:-1]
    return word + end


@lru_cache(maxsize=16)
def _font(px: int) -> tuple[ImageFont.FreeTypeFont | ImageFont.ImageFont, bool]:
    """The first of FONTS that is there, else Pillow's own; and whether it has most letters."""
    for name in FONTS:
        try:
            return ImageFont.truetype(name, px), True
        except OSError:
            continue
    return ImageFont.load_default(px), False
