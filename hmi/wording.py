"""The words in which screens say what was judged: one place, so that every page says it alike."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from hmi.store.decisions import name_of

if TYPE_CHECKING:
    from hmi.judging.findings import Outcome
    from hmi.review_settings import Labels

SHORT = 4  # characters of a serial on a card
NO_IMAGE = "no image came"
OF_ALL = frozenset({"area", "count", "density"})  # reasons that many defects share
BROKEN = {"<": "≥", "≤": ">", "≥": "<"}  # how a limit is said that is not kept

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


WAITING_FILE = {
    "unread": "image on its way",
    "incomplete": "image is still being written",
    "absent": "image file is not there yet",
    "unreachable": "the place of the images does not answer",
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


def percent(value: float) -> str:
    return f"{value:.2f} %"


def plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def waiting_text(file_state: str) -> str:
    """Of an image that has no verdict yet: what it waits for."""
    return WAITING_FILE.get(file_state, "image in, result pending")


def short_serials(serials: Iterable[str]) -> dict[str, str]:
    """Each serial by the piece that tells it from the others: the end that all share is left out.

    Where some of them look alike by that, they are told apart among themselves.
    """
    distinct = set(serials)
    shared = _shared_end(distinct) if len(distinct) > 1 else 0
    short = {serial: _tail(serial[: len(serial) - shared] or serial) for serial in distinct}
    counts = Counter(short.values())
    for piece, count in counts.items():
        alike = {serial for serial in distinct if short[serial] == piece}
        if 1 < count < len(distinct):
            short |= short_serials(alike)
    return short


def _shared_end(texts: Iterable[str]) -> int:
    """How many characters at the end all texts have in common."""
    ends = zip(*(text[::-1] for text in texts), strict=False)
    return sum(1 for _ in takewhile(lambda letters: len(set(letters)) == 1, ends))


def _tail(text: str) -> str:
    return text if len(text) <= SHORT + 1 else "…" + text[-SHORT:]


def decision_label(labels: "Labels", subject: str, word: str) -> str:
    """What screens call a decision."""
    return str(getattr(labels, name_of(subject, word), word))


def image_text(outcome: "Outcome", verdict: str, file_state: str) -> str:
    """One line under a tile: what is abnormal, or how many defects there are."""
    if outcome.fault:
        return f"cannot be judged: {outcome.fault}"
    if verdict == "unreadable":
        return LOST_FILE.get(file_state, "image cannot be read")
    text = _counts(outcome)
    gone = len(outcome.decided.scrapped) - sum(found.get("decision") == "scrap" for found in outcome.findings)
    return f"{text} · {gone} scrapped, not there any more" if gone > 0 else text


def _counts(outcome: "Outcome") -> str:
    if not outcome.defects:
        return "no defects"
    if not outcome.okayed:
        return _abnormal(outcome)
    if not outcome.fails and not outcome.reviews:
        return f"{outcome.okayed:,} of {plural(outcome.defects, 'defect')} okayed"
    return f"{_abnormal(outcome)} · {outcome.okayed:,} okayed"


def _abnormal(outcome: "Outcome") -> str:
    if outcome.fails or not outcome.reviews:
        return f"{outcome.fails:,} of {plural(outcome.defects, 'defect')} fail"
    if outcome.reviews == 1:
        first = next(iter(why(outcome.findings)), None)
        return f"1 borderline: {first.measured}" if first else "1 borderline"
    return f"{outcome.reviews:,} borderline of {plural(outcome.defects, 'defect')}"


def why(findings: Iterable[Mapping[str, Any]]) -> Iterable[Why]:
    """Rows of the why-table for one image: every defect that fails or is for review, worst first.

    The members of one cluster, and the defects of a region that holds too many, say the same; it is said
    once. What people okayed is left out; what they scrapped against the rules is there with their word.
    """
    said = set()
    for found in findings:
        if found.get("decision") == "okay":
            continue
        if found.get("decision") == "scrap" and found["state"] != "fail":
            yield Why("fail", "decided", "true defect", "—", "scrap")
            continue
        for finding in found.get("findings", ()):
            row = _why(finding)
            if row.reason in OF_ALL and row in said:
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
    if finding["reason"] == "count":
        return Why(
            state, region, plural(int(finding["measured"]), "defect"), f"≤ {int(finding['limit'])}", "count"
        )
    if finding["reason"] == "area":
        return Why(state, region, percent(finding["measured"]), f"≤ {percent(finding['limit'])}", "area")
    if finding["reason"] == "edge":
        measured = f"{mm(finding['measured'])} mm from the edge"
        return Why(state, region, measured, f"≥ {mm(finding['limit'])} mm", "edge")
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


def sentence(row: Why) -> str:
    """One row of the why-table as a sentence: "1.42 mm ≥ 1.00 mm in Seal face"."""
    where = "by the default rule" if row.region == "default rule" else f"in {row.region}"
    if row.reason == "geometry":
        return row.measured
    sign, _, limit = row.limit.partition(" ")
    if sign in BROKEN:
        verb = BROKEN[sign] if row.state == "fail" else "may reach"
        return f"{row.measured} {verb} {limit} {where}"
    return f"{row.measured} {where}, limit {row.limit}"
