"""The judge: images, their defects and their cameras' rules in, verdicts and reasons out.

All images of a call are laid out as flat columns; containment is asked once for each region, everything else
once for all.
"""

from collections.abc import Sequence

import numpy as np

from regions.boxes import Batch, ImageToJudge, Integers
from regions.judgement import JUDGED, REASONS, FindingColumns, Judged, Judgement, Sheet
from regions.layout import Layout, batch_of, lay_out
from regions.limits import TESTS, by_geometry
from regions.places import find_members, number_places, pair_up


def judge(images: Sequence[ImageToJudge]) -> list[Judgement]:
    """Judge the images, in any number and of any cameras; one judgement each, in their order.

    Images whose rules are equal are judged together. Rules that cannot be applied (no scale, a limit that is
    not finite, …) make their images unjudgeable and say why; nothing is raised for values found.
    """
    if not images:
        return []
    judged = judge_batch(batch_of(images))
    return [judged.of(number) for number in range(len(images))]


def judge_batch(batch: Batch) -> Judged:
    """The same for images that are columns already; they stay columns."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        layout = lay_out(batch)
        sheet = _judged(layout)
    problems = [rules.problem for rules in layout.rules]
    return Judged(sheet, _verdicts(layout, sheet), problems, layout.rules_of_image)


def _judged(layout: Layout) -> Sheet:
    places = number_places(layout)
    members = find_members(layout, places)
    pairs = pair_up(layout, places, members)
    unusable = layout.unusable & ~layout.suppressed
    for_review = np.flatnonzero(unusable & layout.judgeable)
    found = FindingColumns.joined([*(test(pairs) for test in TESTS), by_geometry(for_review)])
    reason_bits = _reason_bits(found, len(layout.ids))
    review = np.zeros(len(layout.ids), dtype=np.bool_)
    review[found.defect[~found.fails]] = True
    review &= reason_bits == 0
    decisive = found.taken(found.fails | review[found.defect])
    return Sheet(
        starts=layout.starts,
        ids=layout.ids,
        ignored=members.ignored,
        suppressed=layout.suppressed,
        unusable=unusable,
        review=review,
        reason_bits=reason_bits,
        size_mm=layout.size_mm,
        member_defect=members.defect,
        member_place=members.place,
        places=places.names,
        findings=decisive.taken(np.lexsort((decisive.place, decisive.defect))),
    )


def _reason_bits(found: FindingColumns, defects: int) -> Integers:
    bits = np.zeros(defects, dtype=np.int64)
    for bit in range(len(REASONS)):
        bits[found.defect[found.fails & (found.reason == bit)]] |= 1 << bit
    return bits


def _verdicts(layout: Layout, sheet: Sheet) -> Integers:
    """Indexes into JUDGED, shape (images,)."""
    verdicts = np.zeros(len(layout.rules_of_image), dtype=np.int64)
    verdicts[layout.image[sheet.review]] = JUDGED.index("review")
    verdicts[layout.image[sheet.reason_bits > 0]] = JUDGED.index("fail")
    unjudgeable = np.array([rules.problem is not None for rules in layout.rules], dtype=np.bool_)
    verdicts[unjudgeable[layout.rules_of_image]] = JUDGED.index("unjudgeable")
    return verdicts
