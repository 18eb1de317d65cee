"""The words in which screens say what was judged: one place, so that every page says it alike."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hmi.judging.findings import Outcome

SHORT = 4  # characters of a serial on a card
NO_IMAGE = "no image came"

#: verdict → (icon of the sprite, word on the screen)
VERDICT_WORDS: Mapping[str, tuple[str, str]] = {
    "fail": ("x", "FAIL"),
    "missing": ("photo-off", "NO IMAGE"),
    "unreadable": ("file-broken", "UNREADABLE"),
    "waiting": ("hourglass", "WAITING"),
    "review": ("alert-triangle", "REVIEW"),
    "accepted": ("check", "accepted"),
    "pass": ("check", "pass"),
}

LOST_FILE = {
    "absent": "image file is not there",
    "broken": "image file is broken",
    "refused": "image file cannot be shown",
}


@dataclass(frozen=True, slots=True)
class Why:
    """One row of the why-table."""

    state: str  # fail or review
    region: str
    measured: str
    limit: str
    reason: str


def mm(value: float) -> str:
    return f"{value:.2f}"


def plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def short_serials(serials: Iterable[str]) -> dict[str, str]:
    """Each serial by the piece that tells it from the others: the end that all share is left out."""
    distinct = set(serials)
    shared = _shared_end(distinct) if len(distinct) > 1 else 0
    return {serial: _tail(serial[: len(serial) - shared] or serial) for serial in distinct}


def _shared_end(texts: Iterable[str]) -> int:
    """How many characters at the end all texts have in common."""
    ends = zip(*(text[::-1] for text in texts), strict=False)
    return sum(1 for _ in takewhile(lambda letters: len(set(letters)) == 1, ends))


def _tail(text: str) -> str:
    return text if len(text) <= SHORT + 1 else "…" + text[-SHORT:]


def image_text(outcome: "Outcome", verdict: str, file_state: str) -> str:
    """One line under a tile: what is abnormal, or how many defects there are."""
    if outcome.fault:
        return f"cannot be judged: {outcome.fault}"
    if verdict == "unreadable":
        return LOST_FILE.get(file_state, "image cannot be read")
    if not outcome.defects:
        return "no defects"
    if outcome.fails or not outcome.reviews:
        return f"{outcome.fails:,} of {plural(outcome.defects, 'defect')} fail"
    if outcome.reviews == 1:
        first = next(iter(why(outcome.findings)), None)
        return f"1 borderline: {first.measured}" if first else "1 borderline"
    return f"{outcome.reviews:,} borderline of {plural(outcome.defects, 'defect')}"


def why(findings: Iterable[Mapping[str, Any]]) -> Iterable[Why]:
    """Rows of the why-table for one image: every defect that fails or is for review, worst first.

    The members of one cluster say the same; it is said once.
    """
    said = set()
    for found in findings:
        for finding in found.get("findings", ()):
            row = _why(finding)
            if row.reason == "density" and row in said:
                continue
            said.add(row)
            yield row


def _why(finding: Mapping[str, Any]) -> Why:
    state = "fail" if finding["fails"] else "review"
    region = finding.get("region_id") or "default rule"
    if finding["reason"] == "geometry":
        return Why(state, "no region", "box without usable geometry", "—", "geometry")
    if finding["reason"] == "density":
        return Why(state, region, _cluster(finding), _cluster_limit(finding), "density")
    measured = f"{mm(finding['measured'])} mm"
    if state == "review":
        measured = f"{mm(finding['measured'])} ± {mm(finding.get('doubt_mm', 0.0))} mm"
    return Why(state, region, measured, f"< {mm(finding['limit'])} mm", finding["reason"])


def _cluster(finding: Mapping[str, Any]) -> str:
    count = plural(int(finding["measured"]), "defect")
    gap_mm = finding.get("gap_mm")
    return count if gap_mm is None else f"{count}, widest link {mm(gap_mm)} mm"


def _cluster_limit(finding: Mapping[str, Any]) -> str:
    return f"< {int(finding['limit'])} in {mm(finding['proximity_mm'])} mm"
