"""What the judge said of an image, in the form in which it is kept and drawn."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import regions
from hmi.judging.decided import NOTHING, Decided
from hmi.judging.rulebook import Rulebook
from hmi.pictures.overlay import Marker
from hmi.store.decisions import OKAY, SCRAP
from hmi.store.reviews import DEFAULT_RULE, NO_REGION
from hmi.store.runs import Defect, Key

KEPT_FINDINGS = 500  # defects of one image whose findings are kept; the counts are of all


@dataclass(frozen=True, slots=True)
class Asks:
    """A defect to be decided on: `kind` is fail or review, `region` the one whose limit it breaks."""

    defect: Key
    kind: str
    region: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """One image judged: the answer, its findings as JSON (worst first) and the markers to draw."""

    judgement: regions.Judgement
    rules_version: int
    px_per_mm: float | None
    findings: list[dict[str, Any]]
    markers: tuple[Marker, ...]
    decided: Decided
    defects: int
    fails: int  # by the rules or by people, without those that people okayed
    reviews: int  # without those that people decided on
    okayed: int
    open: tuple["Asks", ...]  # fail or are for review, and wait for people
    fault: str | None  # why the rules cannot judge this image

    def drawing_digest(self, verdict: str) -> str:
        """Changes when the overlay does. While an image waits, no defect is marked as judged."""
        is_open = verdict == "waiting"
        drawn = [
            (mark.x, mark.y, mark.width, mark.height, "pass" if is_open else unread(mark.state, verdict))
            for mark in self.markers
        ]
        return hashlib.sha256(json.dumps(drawn).encode()).hexdigest()[:12]


def outcome_of(
    judgement: regions.Judgement,
    defects: Sequence[Defect],
    book: Rulebook,
    camera: str,
    decided: Decided = NOTHING,
) -> Outcome:
    judged = [
        (defect, one, state_of(one), decided.word(defect.key))
        for defect, one in zip(defects, judgement.defects, strict=True)
    ]
    kept = [
        _as_json(defect, one, state, word)
        for defect, one, state, word in judged
        if state != "pass" or word == SCRAP
    ]
    kept.sort(key=_worst_first)
    return Outcome(
        judgement=judgement,
        rules_version=book.version,
        px_per_mm=book.px_per_mm(camera),
        findings=kept[:KEPT_FINDINGS],
        markers=tuple(
            Marker(defect.x, defect.y, defect.width, defect.height, drawn_as(state, word))
            for defect, _, state, word in judged
        ),
        decided=decided,
        defects=len(defects),
        fails=sum(word == SCRAP or (state == "fail" and word is None) for _, _, state, word in judged),
        reviews=sum(one.review and word is None for _, one, _, word in judged),
        okayed=sum(word == OKAY for _, one, state, word in judged if _asks(one, state)),
        open=tuple(
            Asks(defect.key, "fail" if state == "fail" else "review", _region_of(one))
            for defect, one, state, _ in judged
            if _asks(one, state) and decided.is_open(defect.key)
        ),
        fault=_fault(judgement, book, camera),
    )


def unread(state: str, verdict: str) -> str:
    """The state of a defect on an image of this verdict: of one that cannot be read nothing passes."""
    return "waiting" if state == "pass" and verdict == "unreadable" else state


def _asks(judged: regions.DefectJudgement, state: str) -> bool:
    return state == "fail" or judged.review


def _region_of(judged: regions.DefectJudgement) -> str:
    worst = min(judged.findings, key=lambda finding: not finding.fails, default=None)
    if worst is None or worst.reason == "geometry":
        return NO_REGION
    return worst.region_id or DEFAULT_RULE


def drawn_as(state: str, word: str | None) -> str:
    """The state that a defect is drawn in: what people said of it goes before what the rules say."""
    if word == SCRAP:
        return "fail"
    return "accepted" if word == OKAY and state in ("fail", "review") else state


def is_abnormal(found: Mapping[str, Any]) -> bool:
    """Whether this kept finding makes its image fail or go to review as things stand."""
    word = found.get("decision")
    return word == SCRAP or (word != OKAY and found["state"] in ("fail", "review"))


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


def _as_json(defect: Defect, judged: regions.DefectJudgement, state: str, word: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {"defect": list(defect.key), "state": state}
    if word:
        found["decision"] = word
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
    state = drawn_as(found["state"], found.get("decision"))
    return order.get(state, 3), -(found.get("size_mm") or 0.0)


def _fault(judgement: regions.Judgement, book: Rulebook, camera: str) -> str | None:
    if judgement.verdict != "unjudgeable":
        return None
    return book.fault_of(camera) or judgement.problem or "unknown"
