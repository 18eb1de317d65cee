"""One image of a camera as its pages show it."""

from collections.abc import Mapping
from dataclasses import dataclass

from hmi.review import Said, Standing

#: From what must be looked at to what need not.
ORDER = ("fail", "review", "unusable", "waiting", "accepted", "pass", "ignored", "suppressed")
ABNORMAL = frozenset({"fail", "review", "unusable"})

#: state of a defect → (icon, word)
STATE_WORDS = {
    "fail": ("x", "fail"),
    "review": ("alert-triangle", "review"),
    "unusable": ("alert-triangle", "no geometry"),
    "waiting": ("hourglass", "not judged yet"),
    "accepted": ("check", "accepted"),
    "pass": ("check", "pass"),
    "ignored": ("minus", "ignored"),
    "suppressed": ("minus", "suppressed"),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """One defect as the judge left it. Positions in px of the full image."""

    reference: str
    number: int  # its place among the defects of its image, from 1
    state: str
    x: int | None
    y: int | None
    width: int | None
    height: int | None
    size: str  # "1.42 × 0.92 mm"
    size_mm: float | None
    region: str
    limit: str
    reasons: tuple[str, ...]  # short: size, density, …
    said: tuple[str, ...]  # why, in sentences
    disposition: str | None  # as it stands in the plant database

    @property
    def is_abnormal(self) -> bool:
        return self.state in ABNORMAL

    def around(self, side: int) -> str:
        """The square of `side` px around it, or of its own size where that is more: "x,y,width,height"."""
        width, height = self.width or 0, self.height or 0
        side = max(side, width * 5 // 4, height * 5 // 4)
        left, top = (self.x or 0) + (width - side) // 2, (self.y or 0) + (height - side) // 2
        return f"{max(0, left)},{max(0, top)},{side},{side}"

    @property
    def has_place(self) -> bool:
        return None not in (self.x, self.y) and (self.width or 0) > 0 and (self.height or 0) > 0

    @property
    def words(self) -> tuple[str, str]:
        """Icon and word of its state."""
        return STATE_WORDS[self.state]


@dataclass(frozen=True, slots=True)
class Outlined:
    """A region over the image: its vertices in px, and its limits in words (none for one that ignores)."""

    name: str
    kind: str
    limits: str
    polygon: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The selected defect in the list: which place it has, and what stands beside it."""

    place: int
    of: int
    previous: str | None
    following: str | None


@dataclass(frozen=True, slots=True)
class Card:
    """One image of the camera in the strip."""

    image: str
    serial: str
    short: str
    verdict: str
    time: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Ahead:
    """A newer part without an image of this camera: how its camera is judged, and why."""

    serial: str
    verdict: str  # waiting or missing
    text: str


@dataclass(frozen=True, slots=True)
class View:
    """Everything that the page of one image shows."""

    camera: str
    title: str
    image: str
    run: str | None
    serial: str | None
    part: str | None
    taken: str
    verdict: str
    text: str  # why it is as it is, in one line
    rules: str
    scale: str
    picture: str | None  # version of the drawn picture
    pieces: str  # the image as the IIIF service names it, in the version of its file where that is known
    width: int | None  # px
    height: int | None
    digest: str  # changes whenever anything here does
    defects: int
    fails: int
    reviews: int
    shows_all: bool
    listed: tuple[Seen, ...]
    more: int  # defects of the list that are left out
    standings: Mapping[str, Standing]  # of the listed defects, by reference
    selected: Seen | None
    said: tuple[Said, ...]  # what people said of the selected one, oldest first
    neighbours: Neighbours | None
    ahead: Ahead | None  # only of a page that follows the line
    strip: tuple[Card, ...]
