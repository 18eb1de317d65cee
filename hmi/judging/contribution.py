"""What one run adds to the counts: a function of its stored rows and of nothing else."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hmi.judging.decided import NOTHING, Decided
from hmi.judging.findings import KEPT_FINDINGS
from hmi.store.counts import DEFECT, IMAGE, RUN, Amount, Kind, Tally
from hmi.store.decisions import OKAY, SCRAP
from hmi.store.reviews import DEFAULT_RULE, NO_REGION
from hmi.store.runs import Defect, Image, Key, Run
from hmi.store.verdicts import Verdict

#: What becomes of a defect beside what the rules say (see hmi.judging.findings.state_of).
NOT_JUDGED, NOT_KEPT = "not judged", "not kept"
#: Decisions on a defect beside okay and scrap.
CHANGED, PLANT, OPEN = "changed", "plant database", "open"
ASKING = ("fail", "review", "unusable")  # people are asked about a defect in these states
ONE = Amount(1)


@dataclass(frozen=True, slots=True)
class Facts:
    """The stored state of one run: its images and their defects that are not gone, its current verdicts."""

    run: Run
    images: Sequence[Image]
    defects: Mapping[Key, Sequence[Defect]]  # by image
    verdicts: Sequence[Verdict]
    decided: Mapping[Key, Decided]  # by image


def contribution(facts: Facts, *, first: bool, shift: str) -> Tally:
    """`first`: it is the first run of its serial; `shift`: by name. A run that was deleted adds nothing."""
    run = facts.run
    if run.gone:
        return {}
    part = run.part or ""
    found: dict[Kind, Amount] = defaultdict(Amount)
    whole = Amount(1)
    findings = {row.image_key: row.findings for row in facts.verdicts}
    for image in facts.images:
        of_image = Amount(1)
        for kind in _defects(part, image, facts, findings.get(image.key, ())):
            found[kind] = found[kind].plus(ONE)
            of_image = of_image.plus(Amount(0, 1, kind.state == "fail"))
        kind = Kind(IMAGE, part, image.camera or "", image.verdict, shift=shift)
        found[kind] = found[kind].plus(of_image)
        whole = whole.plus(of_image._replace(number=0))
    for row in facts.verdicts:
        if row.image_key is None:
            kind = Kind(IMAGE, part, row.camera, row.verdict, shift=shift)
            found[kind] = found[kind].plus(ONE)
    decision = run.part_decision or ""
    found[Kind(RUN, part, state=run.verdict, decision=decision, first=first, shift=shift)] = whole
    return found


def _defects(part: str, image: Image, facts: Facts, findings: Sequence[Mapping[str, Any]]) -> Iterable[Kind]:
    found = {(one["defect"][0], one["defect"][1]): one for one in findings}
    decided = facts.decided.get(image.key, NOTHING)
    otherwise = _without_finding(image, findings)
    for defect in facts.defects.get(image.key, ()):
        finding = found.get(defect.key)
        state = finding["state"] if finding else otherwise
        asks = finding is not None and state in ASKING
        yield Kind(
            DEFECT,
            part,
            image.camera or "",
            state,
            type=defect.type or "",
            region=_region_of(finding) if finding and asks else "",
            reason=_reason_of(finding) if finding and asks else "",
            decision=_decision_on(defect, decided),
        )


def _without_finding(image: Image, findings: Sequence[Any]) -> str:
    """The state of a defect of which no finding was kept."""
    if image.verdict in ("waiting", "unreadable"):
        return NOT_JUDGED
    return NOT_KEPT if len(findings) >= KEPT_FINDINGS else "pass"


def _region_of(found: Mapping[str, Any]) -> str:
    """The region whose limit it breaks: as the queue names it."""
    worst = min(found.get("findings", ()), key=lambda finding: not finding["fails"], default=None)
    if worst is None or worst["reason"] == "geometry":
        return NO_REGION
    return worst.get("region_id") or DEFAULT_RULE


def _reason_of(found: Mapping[str, Any]) -> str:
    """All reasons together: a defect that fails for two is counted once."""
    reasons = found.get("reasons") or sorted({finding["reason"] for finding in found.get("findings", ())})
    return " and ".join(reasons)


def _decision_on(defect: Defect, decided: Decided) -> str:
    if defect.key in decided.scrapped:
        return SCRAP
    if defect.key in decided.doubted & decided.known:
        return CHANGED
    if defect.key in decided.okayed:
        return OKAY
    # a decision that was taken back leaves it to the write-back what stands in the plant database
    is_theirs = defect.disposition is not None and defect.key not in decided.known
    return PLANT if is_theirs else OPEN
