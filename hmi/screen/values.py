"""What the screen of one run shows, as frozen values ready for the templates."""

from dataclasses import dataclass

from hmi.wording import Why


@dataclass(frozen=True, slots=True)
class Tile:
    slot: str
    camera: str  # serial
    title: str
    verdict: str
    text: str
    since_ms: int | None  # when the image (or, for an empty slot, the run) was seen live
    image: str | None  # reference
    picture: str | None  # version
    more: int  # defects that are not drawn
    last_seen: str | None  # a missing camera: when it last brought an image


@dataclass(frozen=True, slots=True)
class WhyRow:
    camera: str
    why: Why


@dataclass(frozen=True, slots=True)
class Worst:
    camera: str
    image: str
    picture: str
    defect: str
    size_mm: float | None
    region: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    run: str
    serial: str
    part: str
    triggered: str
    verdict: str
    judged: int
    expected: int
    rules: str
    nth: int
    why: tuple[WhyRow, ...]
    why_more: int
    said: tuple[str, ...]  # of cameras that decide by something else than a limit: their sentences
    worst: Worst | None
    changed: str | None
    acknowledged: str | None
    decided: str | None  # what people said of the part, who and when
    changed_after: str | None  # when the vision system changed it after people had decided
    past: bool


@dataclass(frozen=True, slots=True)
class Card:
    """One run in the strip."""

    run: str
    serial: str
    short: str  # the piece of the serial that tells it from the others
    verdict: str
    text: str
    time: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Header:
    shift: str
    parts: int | None
    first_pass: str
    reviews: int | None
    last_part_ms: int | None  # when the newest run arrived
    idle_after_s: float
    fails_in_a_row: int | None
    cycle_s: float | None


@dataclass(frozen=True, slots=True)
class Live:
    """The part in front of the cameras, for the header."""

    serial: str
    part: str
    triggered: str


@dataclass(frozen=True, slots=True)
class Screen:
    header: Header
    live: Live | None
    part: Part | None
    tiles: tuple[Tile, ...]
    columns: int
    strip: tuple[Card, ...]
    notices: tuple[str, ...]
