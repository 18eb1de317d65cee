"""What the judge said about one image. Columns first: objects are made only for what somebody asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np

from regions.boxes import Flags, Integers, Numbers

Verdict = Literal["pass", "review", "fail", "unjudgeable"]
JUDGED: tuple[Verdict, ...] = ("pass", "review", "fail", "unjudgeable")

#: Sorted as `reasons` are. A defect's reasons are kept as one bit each.
REASONS = ("area", "count", "density", "edge", "size")
_REASON_SETS = tuple(
    tuple(reason for bit, reason in enumerate(REASONS) if bits >> bit & 1)
    for bits in range(1 << len(REASONS))
)
_FINDING_REASONS = (*REASONS, "geometry")
GEOMETRY = len(REASONS)


class Finding(NamedTuple):
    """Why one defect fails or is for review. What does not apply is None.

    size: `measured` ± `doubt_mm` against `limit`, all mm. density: `measured` defects in the cluster against
    `limit`; `gap_mm` is the widest gap among its links (None for a cluster of one), `proximity_mm` the gap
    that still links. count: `measured` judged defects in the region against the most that it may hold. area:
    per cent of the region's area against `limit`, in per cent. edge: `measured` mm from the box to the
    outline against the least distance. geometry: the box cannot be judged; nothing was measured.
    `region_id` is None for the default rule and for geometry. `fails` is False where the defect is for
    review.
    """

    defect_id: int
    region_id: str | None
    reason: str
    fails: bool
    measured: float | None
    limit: float | None
    doubt_mm: float | None
    gap_mm: float | None
    proximity_mm: float | None


class DefectJudgement(NamedTuple):
    """One defect. `regions` are all active ones that it belongs to, of both kinds, in the order of the rules.

    `suppressed` means: left out because the vision system suppressed it. `size_mm` is None where the geometry
    is unusable or the camera has no scale. `findings` are empty unless the defect fails or is for review.
    """

    id: int
    ignored: bool
    suppressed: bool
    unusable: bool
    review: bool
    reasons: tuple[str, ...]
    size_mm: float | None
    regions: tuple[str, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, eq=False)
class FindingColumns:
    """Findings as columns of shape (f,), NaN where nothing applies. `defect` and `place` are indexes into
    the sheet; `reason` is one into the reasons, `GEOMETRY` included; `place` is -1 where there is none."""

    defect: Integers
    place: Integers
    reason: Integers
    fails: Flags
    measured: Numbers
    limit: Numbers
    doubt_mm: Numbers
    gap_mm: Numbers
    proximity_mm: Numbers

    def taken(self, order: Integers | Flags) -> "FindingColumns":
        return FindingColumns(*(column[order] for column in vars(self).values()))

    @classmethod
    def joined(cls, parts: Sequence["FindingColumns"]) -> "FindingColumns":
        return cls(
            *(np.concatenate(columns) for columns in zip(*(vars(p).values() for p in parts), strict=True))
        )


@dataclass(frozen=True, eq=False)
class Sheet:
    """All images of one call. Image n has the defects starts[n] to starts[n + 1]; columns are (defects,).

    `member_defect` (sorted) and `member_place` are the pairs of defect and region; `places` holds the names
    of all regions, None for default rules. `findings` are sorted by defect.
    """

    starts: Integers
    ids: Integers
    ignored: Flags
    suppressed: Flags
    unusable: Flags
    review: Flags
    reason_bits: Integers
    size_mm: Numbers
    member_defect: Integers
    member_place: Integers
    places: Sequence[str | None]
    findings: FindingColumns

    @cached_property
    def finding_starts(self) -> list[int]:
        """As `starts`, for the findings."""
        return list(np.searchsorted(self.findings.defect, self.starts).tolist())

    @cached_property
    def member_starts(self) -> list[int]:
        """As `starts`, for the pairs of defect and region."""
        return list(np.searchsorted(self.member_defect, self.starts).tolist())


@dataclass(frozen=True, eq=False)
class Judgement:
    """One image: fail, else review, else pass; unjudgeable with `problem` where its rules cannot be applied.

    The column properties have one entry for each defect, in the order given. A judgement keeps the columns of
    all images of its call in memory.
    """

    verdict: Verdict
    problem: str | None
    sheet: Sheet
    image: int

    @property
    def ids(self) -> Integers:
        return self.sheet.ids[self._own]

    @property
    def failing(self) -> Flags:
        return self.sheet.reason_bits[self._own] > 0

    @property
    def review(self) -> Flags:
        return self.sheet.review[self._own]

    @property
    def ignored(self) -> Flags:
        return self.sheet.ignored[self._own]

    @property
    def suppressed(self) -> Flags:
        return self.sheet.suppressed[self._own]

    @property
    def unusable(self) -> Flags:
        return self.sheet.unusable[self._own]

    @property
    def size_mm(self) -> Numbers:
        """NaN where unknown."""
        return self.sheet.size_mm[self._own]

    @property
    def reasons(self) -> list[tuple[str, ...]]:
        return [_REASON_SETS[bits] for bits in self.sheet.reason_bits[self._own].tolist()]

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """All findings of the image, in the order of its defects, then of the rules."""
        rows = self._finding_rows
        return _findings(self.sheet, rows) if rows.start < rows.stop else ()

    @cached_property
    def defects(self) -> tuple[DefectJudgement, ...]:
        own, regions, findings = self._own, self._regions(), self._findings()
        columns = (
            self.ids.tolist(),
            self.ignored.tolist(),
            self.suppressed.tolist(),
            self.unusable.tolist(),
            self.review.tolist(),
            self.reasons,
            _none_for_nan(self.size_mm),
        )
        return tuple(
            DefectJudgement._make((*row, regions.get(index, ()), findings.get(index, ())))
            for index, row in zip(range(own.start, own.stop), zip(*columns, strict=True), strict=True)
        )

    @property
    def _own(self) -> slice:
        return slice(int(self.sheet.starts[self.image]), int(self.sheet.starts[self.image + 1]))

    @property
    def _finding_rows(self) -> slice:
        first, last = self.sheet.finding_starts[self.image : self.image + 2]
        return slice(first, last)

    def _findings(self) -> dict[int, tuple[Finding, ...]]:
        """The findings by the defect's place in the sheet."""
        found: dict[int, tuple[Finding, ...]] = {}
        defects = self.sheet.findings.defect[self._finding_rows].tolist()
        for defect, finding in zip(defects, self.findings, strict=True):
            found[defect] = (*found.get(defect, ()), finding)
        return found

    def _regions(self) -> dict[int, tuple[str, ...]]:
        """The names of the regions by the defect's place in the sheet."""
        sheet = self.sheet
        first, last = sheet.member_starts[self.image : self.image + 2]
        found: dict[int, tuple[str, ...]] = {}
        defects, places = sheet.member_defect[first:last].tolist(), sheet.member_place[first:last].tolist()
        for defect, place in zip(defects, places, strict=True):
            found[defect] = (*found.get(defect, ()), str(sheet.places[place]))
        return found


@dataclass(frozen=True, eq=False)
class Judged:
    """All images of one call. `verdicts` are indexes into JUDGED, shape (images,)."""

    sheet: Sheet
    verdicts: Integers
    problems: Sequence[str | None]
    rules_of_image: Integers

    def of(self, image: int) -> Judgement:
        problem = self.problems[int(self.rules_of_image[image])]
        return Judgement(JUDGED[int(self.verdicts[image])], problem, self.sheet, image)


def _findings(sheet: Sheet, rows: slice) -> tuple[Finding, ...]:
    found = sheet.findings
    columns = (
        sheet.ids[found.defect[rows]].tolist(),
        [None if place < 0 else sheet.places[place] for place in found.place[rows].tolist()],
        [_FINDING_REASONS[reason] for reason in found.reason[rows].tolist()],
        found.fails[rows].tolist(),
        *(
            _none_for_nan(column[rows])
            for column in (found.measured, found.limit, found.doubt_mm, found.gap_mm, found.proximity_mm)
        ),
    )
    return tuple(Finding._make(row) for row in zip(*columns, strict=True))


def _none_for_nan(column: Numbers) -> list[float | None]:
    return [None if value != value else value for value in column.tolist()]
