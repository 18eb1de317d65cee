"""What the judge said of an image, in the form in which it is kept and drawn."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import regions
from hmi.judging.rulebook import Rulebook
from hmi.pictures.overlay import Marker
from hmi.store.runs import Defect

KEPT_FINDINGS = 500  # defects of one image whose findings are kept; the counts are of all


@dataclass(frozen=True, slots=True)
class Outcome:
    """One image judged: the answer, its findings as JSON (worst first) and the markers to draw."""

    judgement: regions.Judgement
    rules_version: int
    px_per_mm: float | None
    findings: list[dict[str, Any]]
    markers: tuple[Marker, ...]
    defects: int
    fails: int
    reviews: int
    fault: str | None  # why the rules cannot judge this image

    def drawing_digest(self, verdict: str) -> str:
        """Changes when the overlay does. While an image waits, no defect is marked as judged."""
        drawn = [
            (mark.x, mark.y, mark.width, mark.height, "pass" if verdict == "waiting" else mark.state)
            for mark in self.markers
        ]
        return hashlib.sha256(json.dumps(drawn).encode()).hexdigest()[:12]


def outcome_of(
    judgement: regions.Judgement, defects: Sequence[Defect], book: Rulebook, camera: str
) -> Outcome:
    states = [state_of(judged) for judged in judgement.defects]
    markers = tuple(
        Marker(defect.x, defect.y, defect.width, defect.height, state)
        for defect, state in zip(defects, states, strict=True)
    )
    kept = [
        _as_json(defect, judged, state)
        for defect, judged, state in zip(defects, judgement.defects, states, strict=True)
        if state != "pass"
    ]
    kept.sort(key=_worst_first)
    return Outcome(
        judgement=judgement,
        rules_version=book.version,
        px_per_mm=book.px_per_mm(camera),
        findings=kept[:KEPT_FINDINGS],
        markers=markers,
        defects=len(defects),
        fails=states.count("fail"),
        reviews=sum(judged.review for judged in judgement.defects),
        fault=_fault(judgement, book, camera),
    )


def state_of(judged: regions.DefectJudgement) -> str:
    """The one word for a judged defect: how it is drawn and listed."""
    if judged.suppressed:
        return "suppressed"
    if judged.unusable:
        return "unusable"
    if judged.ignored:
        return "ignored"
    if judged.reasons:
        return "fail"
    return "review" if judged.review else "pass"


def _as_json(defect: Defect, judged: regions.DefectJudgement, state: str) -> dict[str, Any]:
    found: dict[str, Any] = {"defect": list(defect.key), "state": state}
    if judged.reasons:
        found["reasons"] = list(judged.reasons)
    if judged.findings:
        found["size_mm"] = judged.size_mm
        found["findings"] = [_finding_json(finding) for finding in judged.findings]
    return found


def _finding_json(finding: regions.Finding) -> dict[str, Any]:
    said = finding._asdict()
    del said["defect_id"]
    return {name: value for name, value in said.items() if value is not None}


def _worst_first(found: dict[str, Any]) -> tuple[int, float]:
    order = {"fail": 0, "review": 1, "unusable": 2}
    return order.get(found["state"], 3), -(found.get("size_mm") or 0.0)


def _fault(judgement: regions.Judgement, book: Rulebook, camera: str) -> str | None:
    if judgement.verdict != "unjudgeable":
        return None
    return book.fault_of(camera) or judgement.problem or "unknown"
