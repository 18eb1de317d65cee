"""Rows of the store, stated as the API answers them."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from hmi import wording
from hmi.api import schemas
from hmi.camera.judged import judged
from hmi.camera.values import Seen
from hmi.deciding import asks_of, state_of_part
from hmi.review import Said, Standing, standings
from hmi.settings import Settings
from hmi.store import decisions
from hmi.store.history import runs_of
from hmi.store.runs import Defect, Image, Key, Run, reference
from hmi.store.verdicts import Verdict

CHUNK = 400


def images(session: Session, rows: Sequence[Image]) -> list[schemas.Image]:
    runs, verdicts = runs_of(session, rows), _verdicts(session, rows)
    return [_image(row, runs.get(row.run_key or (0, 0)), verdicts.get(row.key)) for row in rows]


def _verdicts(session: Session, rows: Sequence[Image]) -> dict[Key, Verdict]:
    found: dict[Key, Verdict] = {}
    for start in range(0, len(rows), CHUNK):
        ids = [row.id for row in rows[start : start + CHUNK]]
        for verdict in session.scalars(select(Verdict).where(Verdict.image_id.in_(ids), Verdict.current)):
            found[verdict.image_key or (0, 0)] = verdict
    return found


def _image(row: Image, run: Run | None, verdict: Verdict | None) -> schemas.Image:
    name = reference(row.key)
    return schemas.Image(
        id=name,
        plant_id=row.id,
        run=reference(row.run_key) if row.run_key else None,
        camera=row.camera,
        serial=run.serial if run else None,
        part_type=run.part if run else None,
        triggered_at=run.at if run else None,
        first_seen_at=row.first_seen,
        width_px=row.width,
        height_px=row.height,
        verdict=row.verdict,
        text=verdict.text if verdict else wording.waiting_text(row.file_state),
        rules_version=verdict.rules_version if verdict else None,
        px_per_mm=verdict.px_per_mm if verdict else None,
        defects=row.defects,
        fails=row.fails,
        reviews=row.reviews,
        undecided=row.undecided,
        file_state=row.file_state,
        file_name=file_name(row),
        file=f"/api/images/{name}/file",
        thumbnail=f"/pictures/{name}/tile.jpg?v={row.picture}" if row.picture else None,
        page=f"/images/{name}",
    )


def file_name(row: Image) -> str | None:
    """The last piece of the plant's path."""
    return (row.path or "").replace("\\", "/").rpartition("/")[2] or None


def parts(session: Session, rows: Sequence[Run]) -> list[schemas.Part]:
    heads = decisions.heads(session, decisions.PART, [row.key for row in rows])
    asks = asks_of(session, rows)
    return [_part(row, heads.get(row.key), asks) for row in rows]


def _part(row: Run, head: decisions.Decision | None, asks: Mapping[Key, str]) -> schemas.Part:
    return schemas.Part(
        run=reference(row.key),
        plant_id=row.id,
        serial=row.serial,
        part_type=row.part,
        belt=row.belt,
        triggered_at=row.at,
        first_seen_at=row.first_seen,
        verdict=row.verdict,
        cameras_expected=row.cameras_expected,
        cameras_judged=row.cameras_judged,
        rules_version=row.rules_version,
        decision=row.part_decision,
        review_open=row.review_open,
        settled_at=row.settled_at,
        changed_at=row.changed_at,
        changed_after_decision_at=row.changed_after_at,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
        state=state_of_part(row, head, asks),
    )


def verdicts(rows: Iterable[Verdict]) -> list[schemas.VerdictEntry]:
    return [
        schemas.VerdictEntry(
            id=row.id,
            run=reference(row.run_key),
            camera=row.camera,
            image=reference(row.image_key) if row.image_key else None,
            verdict=row.verdict,
            rules_version=row.rules_version,
            px_per_mm=row.px_per_mm,
            text=row.text,
            at=row.at,
            current=row.current,
            findings=[{**found, "defect": reference(tuple(found["defect"]))} for found in row.findings],
        )
        for row in rows
    ]


def defects(session: Session, settings: Settings, image: Image) -> list[schemas.Defect]:
    """All defects of an image, in the order of their ids."""
    run = session.get(Run, image.run_key) if image.run_key else None
    found = judged(session, image, run)
    how = standings(session, settings, found.rows)
    return [_defect(row, seen, how) for row, seen in zip(found.rows, found.defects, strict=True)]


def _defect(row: Defect, seen: Seen, how: Mapping[Key, Standing]) -> schemas.Defect:
    standing = how[row.key]
    image = None if row.image_id is None else reference((row.image_generation, row.image_id))
    said = {name: getattr(seen, name) for name in ("region", "limit", "size_mm")}
    return schemas.Defect(
        id=reference(row.key),
        plant_id=row.id,
        image=image,
        x_px=row.x,
        y_px=row.y,
        width_px=row.width,
        height_px=row.height,
        verdict=seen.state,
        reasons=list(seen.reasons),
        why=list(seen.said),
        confidence=row.confidence,
        type=row.type,
        decision=standing.word,
        decided_by=standing.who,
        decided_at=standing.at,
        disposition=row.disposition,
        dispositioned_at=row.dispositioned_at,
        state=standing.state,
        **said,
    )


def decided(said: Said) -> schemas.Decision:
    return schemas.Decision(**{name: getattr(said, name) for name in schemas.Decision.model_fields})
