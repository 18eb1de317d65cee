"""What the statistics answer: frozen values, JSON-able after `dataclasses.asdict`."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hmi.statistics.asked import Question
from hmi.wording import VERDICT_WORDS

UNJUDGED, PASSED, MISSING = "waiting", "pass", "missing"
JUDGED = ("pass", "accepted", "review", "fail")
VERDICTS = tuple(sorted(VERDICT_WORDS))
#: What makes Units, in one row: how many of each verdict, and the rest of what they say.
COLUMNS = (*VERDICTS, "defects", "failing", "first", "first_passed")


@dataclass(frozen=True, slots=True)
class Units:
    """Parts (runs), or images where cameras are asked for.

    `judged` are those of which all was seen: not what waits, is missing or unreadable, or a dead camera would
    look like a good shift. `fail_rate` is failed / judged. `first` are the first runs of their
    serial that are judged, of which `first_passed` passed: the part decides, so that neither is known of
    images. A part without a readable image has not passed. Rates are None where nothing can be said.
    """

    total: int
    by_verdict: dict[str, int]
    defects: int
    failing: int  # by the rules, before people decided
    first: int
    first_passed: int

    @property
    def judged(self) -> int:
        return sum(self.by_verdict.get(verdict, 0) for verdict in JUDGED)

    @property
    def failed(self) -> int:
        return self.by_verdict.get("fail", 0)

    @property
    def fail_rate(self) -> float | None:
        return share(self.failed, self.judged)

    @property
    def first_pass_yield(self) -> float | None:
        return share(self.first_passed, self.first)


@dataclass(frozen=True, slots=True)
class FalseCalls:
    """Of the defects that fail or are for review: what people said. `rate` = okayed / decided."""

    okayed: int
    scrapped: int
    open: int

    @property
    def rate(self) -> float | None:
        return share(self.okayed, self.okayed + self.scrapped)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many defects have this name; an empty one is unknown. The rest only of cameras."""

    name: str
    defects: int
    failing: int
    images: int | None = None
    judged_images: int | None = None  # of which all was seen, as `Units.judged`
    failed_images: int | None = None
    missing_images: int | None = None  # that should have come


@dataclass(frozen=True, slots=True)
class Spell:
    """A piece of time, or (without start and end) all spans of a shift's name together."""

    start: datetime | None  # UTC
    end: datetime | None
    name: str
    units: Units


@dataclass(frozen=True, slots=True)
class Statistics:
    """`progress` below 1: counting is under way, and the figures are incomplete.

    `by_region` and `by_reason` are of the defects that people are asked about: those that fail or are for
    review. The others are of all defects. All of them add up: a defect is in one row of each.
    `time_unknown` units have no usable time and are in no range.
    """

    question: Question
    progress: float
    unit: str
    units: Units
    false_calls: FalseCalls
    by_type: tuple[Tally, ...]
    by_camera: tuple[Tally, ...]
    by_region: tuple[Tally, ...]
    by_reason: tuple[Tally, ...]
    by_disposition: tuple[Tally, ...]
    by_state: tuple[Tally, ...]
    by_part_decision: dict[str, int]  # decisions on parts; only of parts
    by_shift: tuple[Spell, ...]
    series: tuple[Spell, ...]
    time_unknown: int
    earliest: datetime | None  # the first hour of which anything is counted

    def bearing(self, units: Units) -> int:
        """How many of these can bear a defect: the slot of a camera that brought no image cannot."""
        return units.total - (units.by_verdict.get(MISSING, 0) if self.unit == "image" else 0)

    @property
    def failing_per_unit(self) -> float | None:
        return share(self.units.failing, self.bearing(self.units))


def share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


class Adding:
    """Units that are being added up."""

    def __init__(self) -> None:
        self._verdicts: Counter[str] = Counter()
        self._defects = self._failing = self._first = self._passed = 0

    def add(self, state: str, first: bool, number: int, defects: int, failing: int) -> None:
        self._verdicts[state] += number
        self._defects += defects
        self._failing += failing
        if first and state != UNJUDGED:
            self._first += number
            self._passed += number if state == PASSED else 0

    @property
    def units(self) -> Units:
        return Units(
            total=self._verdicts.total(),
            by_verdict=dict(sorted(self._verdicts.items())),
            defects=self._defects,
            failing=self._failing,
            first=self._first,
            first_passed=self._passed,
        )


def units_of(numbers: Sequence[int]) -> Units:
    """Of the sums of COLUMNS."""
    of_verdicts = {verdict: number for verdict, number in zip(VERDICTS, numbers, strict=False) if number}
    return Units(sum(of_verdicts.values()), of_verdicts, *numbers[len(VERDICTS) :])
