"""The defects of one image with everything that the rules of its verdict say of them.

A verdict keeps its findings; which regions and limits a defect has that passed is judged again, with the
rules and the scale of that verdict.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

import regions
from hmi import wording
from hmi.camera.values import ORDER, Outlined, Seen
from hmi.judging import rulebook
from hmi.judging.findings import drawn_as, state_of, unread
from hmi.judging.passing import boxes_of
from hmi.store.rules import RulesVersion
from hmi.store.runs import Defect, Image, Key, Run, reference
from hmi.store.verdicts import Verdict

DEFAULT, NOWHERE = "default rule", "no region"


@dataclass(frozen=True, slots=True)
class Judged:
    """`defects` in the order of their ids, `rows` beside them as they are stored."""

    defects: tuple[Seen, ...]
    rows: tuple[Defect, ...]
    outlines: tuple[Outlined, ...]
    px_per_mm: float | None
    rules_version: int | None
    verdict: Verdict | None


def judged(session: Session, image: Image, run: Run | None) -> Judged:
    """What is known of an image. Without a verdict nothing is said of its defects but where they lie."""
    current = (Verdict.image_id == image.id, Verdict.image_generation == image.generation, Verdict.current)
    verdict = session.scalar(select(Verdict).where(*current))
    of_image = (Defect.image_id == image.id, Defect.image_generation == image.generation, ~Defect.gone)
    defects = session.scalars(select(Defect).where(*of_image).order_by(Defect.id, Defect.generation)).all()
    book = _book(session, verdict)
    if book is None:
        return Judged(tuple(_seen(defects, {}, None, {})), tuple(defects), (), None, None, verdict)
    rules = book.rules_for(image.camera or "", run.part if run else None)
    width, height = _size(session, image)
    answer = regions.judge([regions.ImageToJudge(rules, width, height, boxes_of(defects))])[0]
    is_judged = verdict is not None and image.verdict != "waiting"
    words = _decided(verdict)
    seen = tuple(_seen(defects, _of_image(image, answer) if is_judged else {}, rules, words))
    px_per_mm = book.px_per_mm(image.camera or "")
    return Judged(seen, tuple(defects), tuple(_outlines(rules)), px_per_mm, book.version, verdict)


def worst_first(defects: Iterable[Seen]) -> list[Seen]:
    return sorted(defects, key=lambda seen: (ORDER.index(seen.state), -(seen.size_mm or 0), seen.number))


def limits(rule: regions.Rule | None) -> str:
    """The limits of a rule as screens say them; ≥ fails, so the limit is what a defect must stay below."""
    if rule is None:
        return ""
    said = []
    if rule.size_threshold is not None:
        said.append(f"< {wording.mm(rule.size_threshold)} mm")
    if rule.density_threshold is not None and rule.proximity_threshold is not None:
        said.append(f"< {rule.density_threshold} in {wording.mm(rule.proximity_threshold)} mm")
    if rule.max_count is not None:
        said.append(f"≤ {wording.plural(rule.max_count, 'defect')}")
    if rule.max_area_percent is not None:
        said.append(f"≤ {wording.percent(rule.max_area_percent)} of the area")
    if rule.min_edge_mm is not None:
        said.append(f"≥ {wording.mm(rule.min_edge_mm)} mm from the edge")
    if rule.min_confidence is not None:
        said.append(f"confidence ≥ {rule.min_confidence:.2f}")
    return " · ".join(said) or "no limit"


def _book(session: Session, verdict: Verdict | None) -> rulebook.Rulebook | None:
    """The rules of the verdict; of what is not judged yet, those that will judge it."""
    version = verdict.rules_version if verdict else None
    if version is None:
        newest = select(RulesVersion.version).order_by(RulesVersion.version.desc()).limit(1)
        version = session.scalar(newest)
    return None if version is None else rulebook.rulebook(session, version)


def _decided(verdict: Verdict | None) -> dict[Key, str]:
    """What people said of defects, as the verdict knows it."""
    findings = verdict.findings if verdict else []
    return {tuple(found["defect"]): found["decision"] for found in findings if "decision" in found}


def _size(session: Session, image: Image) -> tuple[int | None, int | None]:
    if image.width and image.height:
        return image.width, image.height
    known = select(Image.width, Image.height).where(Image.camera == image.camera, Image.width.is_not(None))
    found = session.execute(known.order_by(Image.order_ms.desc()).limit(1)).first()
    return (found.width, found.height) if found else (None, None)


def _of_image(image: Image, answer: regions.Judgement) -> dict[int, regions.DefectJudgement]:
    """What was judged, by place: on an image that cannot be read nothing has passed."""
    of_all = enumerate(answer.defects)
    return {place: one for place, one in of_all if unread(state_of(one), image.verdict) != "waiting"}


def _seen(
    defects: Sequence[Defect],
    answers: Mapping[int, regions.DefectJudgement],
    rules: regions.CameraRules | None,
    words: Mapping[Key, str],
) -> Iterable[Seen]:
    """`answers` by place; a defect without one is not judged."""
    of_region = {region.region_id: region.rule for region in rules.active_regions} if rules else {}
    px_per_mm = rules.px_per_mm if rules and not rules.problem else None
    for number, defect in enumerate(defects, 1):
        said = answers.get(number - 1)
        why = list(wording.why([_finding(said)])) if said is not None and said.findings else []
        region, limit = _judged_by(said, rules, of_region)
        yield Seen(
            reference=reference(defect.key),
            number=number,
            state=drawn_as(state_of(said), words.get(defect.key)) if said is not None else "waiting",
            x=defect.x,
            y=defect.y,
            width=defect.width,
            height=defect.height,
            size=_size_text(defect, px_per_mm),
            size_mm=said.size_mm if said else None,
            region=", ".join(dict.fromkeys(row.region for row in why)) or region,
            limit=" · ".join(dict.fromkeys(row.limit for row in why)) or limit,
            reasons=tuple(dict.fromkeys(row.reason for row in why)),
            said=tuple(wording.sentence(row) for row in why),
            disposition=defect.disposition,
        )


def _finding(said: regions.DefectJudgement) -> dict[str, object]:
    return {"findings": [finding._asdict() for finding in said.findings]}


def _judged_by(
    said: regions.DefectJudgement | None,
    rules: regions.CameraRules | None,
    of_region: Mapping[str, regions.Rule | None],
) -> tuple[str, str]:
    """Names and limits of what a defect is judged by that breaks none of them."""
    if said is None or rules is None or said.unusable:
        return NOWHERE, "—"
    if said.regions:
        own = [of_region.get(name) for name in said.regions]
        return ", ".join(said.regions), ", ".join(limits(rule) for rule in own if rule) or "—"
    return (DEFAULT, limits(rules.default)) if rules.default_in_force else (NOWHERE, "—")


def _size_text(defect: Defect, px_per_mm: float | None) -> str:
    if not defect.width or not defect.height or defect.width < 0 or defect.height < 0:
        return "size unknown"
    if px_per_mm is None:
        return f"{defect.width} × {defect.height} px"
    return f"{wording.mm(defect.width / px_per_mm)} × {wording.mm(defect.height / px_per_mm)} mm"


def _outlines(rules: regions.CameraRules) -> Iterable[Outlined]:
    for region in rules.active_regions:
        said = "ignored" if region.kind == "ignore" else limits(region.rule)
        yield Outlined(region.region_id, region.kind, said, region.polygon)
