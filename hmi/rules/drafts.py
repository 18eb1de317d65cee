"""Drafts: what somebody draws for a camera, kept as they draw it, until it is published or thrown away.

Every change names the revision that it was made on. Of two people the second is told what the first one did
meanwhile, and nothing is overwritten silently. A revision is a token, "draft.version": it changes with every
change of the draft, and when what is published for the camera changes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hmi.judging import rulebook
from hmi.judging.expected import Camera
from hmi.judging.judging import last_sizes
from hmi.rules import differences, reading
from hmi.rules.reading import Place, Problem, Refused
from hmi.rules.shapes import JsonObject, State, published
from hmi.store import audit, turns
from hmi.store.drafts import Draft
from hmi.store.rules import last_change, newest_version

KEPT_LOG = 40


@dataclass(frozen=True, slots=True)
class By:
    """Who does it."""

    name: str
    station: str | None = None


@dataclass(frozen=True)
class Drafted:
    """A camera's draft as it stands: `state` is `published` where nothing is drafted."""

    camera: Camera
    revision: str
    version: int  # newest of the plant
    base_version: int
    published: State
    state: State
    px_per_mm: float | None
    who: str | None
    at: datetime | None

    @property
    def changed(self) -> int:
        return differences.count(self.published, self.state)


class Conflict(Exception):
    """Somebody else was first. `difference` says what they did; `draft` is how it stands now."""

    def __init__(self, difference: list[str], draft: Drafted) -> None:
        super().__init__("somebody else changed these rules meanwhile; nothing of yours was kept yet")
        self.difference = difference
        self.draft = draft


def draft_of(session: Session, camera: Camera) -> Drafted:
    """How the draft of this camera stands."""
    return _drafted(session, camera, session.get(Draft, camera.serial))


def save_region(
    session: Session, camera: Camera, revision: Any, key: str, source: Any, by: By, now: datetime
) -> Drafted:
    """Keep one region, new or changed. Raises Refused and Conflict; then nothing is kept."""
    row, before = _locked(session, camera)
    width, height = last_sizes(session, [camera]).get(camera.serial, (None, None))
    region = reading.region(source, key, Place(width, height, before.state.regions))
    if before.state.region(key) == region:
        return before  # sent again, because the answer was lost
    _refuse_older(session, row, before, revision)
    return _keep(session, row, before, _with(before.state, region), by, now)


def delete_region(
    session: Session, camera: Camera, revision: Any, key: str, by: By, now: datetime
) -> Drafted:
    """End a region in the draft; one that is not there is ended already."""
    row, before = _locked(session, camera)
    if before.state.region(key) is None:
        return before
    _refuse_older(session, row, before, revision)
    left = tuple(region for region in before.state.regions if region["key"] != key)
    return _keep(session, row, before, replace(before.state, regions=left), by, now)


def save_default(
    session: Session, camera: Camera, revision: Any, source: Any, by: By, now: datetime
) -> Drafted:
    row, before = _locked(session, camera)
    default = reading.default(source)
    if before.state.default != default:
        _refuse_older(session, row, before, revision)
    return _keep(session, row, before, replace(before.state, default=default), by, now)


def discard(session: Session, camera: Camera, revision: Any, by: By, now: datetime) -> Drafted:
    """Back to what is published."""
    row, before = opened(session, camera, revision)
    _note_loss(session, before, before.published, by)
    return end(session, row, before, f"threw away {before.changed} changes", by, now)


def replace_regions(
    session: Session,
    camera: Camera,
    revision: Any,
    how: Callable[[State], tuple[list[JsonObject], JsonObject | None]],
    by: By,
    now: datetime,
) -> Drafted:
    """Put regions, and a default rule if one is given, in place of those of the draft.

    `how` makes them of the state that there is. Each is looked at as if it had been drawn here.
    """
    row, before = opened(session, camera, revision)
    after = fitting(session, camera, before.state, *how(before.state))
    _note_loss(session, before, after, by)
    return _keep(session, row, before, after, by, now)


def _note_loss(session: Session, before: Drafted, after: State, by: By) -> None:
    """Whoever drew what is not there any more finds in the audit what it was, and who took it away."""
    drafted = {change.name for change in differences.changes(before.published, before.state)}
    if before.published.default != before.state.default:
        drafted.add(differences.DEFAULT)
    lost = [
        line
        for line in differences.words(before.state, after)
        if any(line.startswith(f"{name}: ") for name in drafted)
    ]
    if lost:
        audit.record(session, "draft replaced", by.name, by.station, before.camera.serial, {"lost": lost})


def fitting(
    session: Session,
    camera: Camera,
    state: State,
    sources: Sequence[JsonObject],
    default: JsonObject | None,
) -> State:
    """The state with these regions, and this default rule if there is one, in place of its own. Raises
    Refused, which names all that is wrong."""
    width, height = last_sizes(session, [camera]).get(camera.serial, (None, None))
    kept: list[JsonObject] = []
    problems: list[Problem] = []
    for number, source in enumerate(sources):
        fields = {name: value for name, value in source.items() if name != "key"}
        try:
            kept.append(reading.region(fields, source["key"], Place(width, height, kept)))
        except Refused as refused:
            problems += _located(refused, number, source)
    if problems:
        raise Refused(*problems)
    return State(tuple(kept), state.default if default is None else reading.default(default))


def opened(session: Session, camera: Camera, revision: Any) -> tuple[Draft, Drafted]:
    """The draft, locked, for whoever is about to change all of it. Raises Conflict."""
    row, draft = _locked(session, camera)
    _refuse_older(session, row, draft, revision)
    return row, draft


def end(session: Session, row: Draft, before: Drafted, said: str, by: By, now: datetime) -> Drafted:
    """The draft ends; its row stays, so that its revisions only count up."""
    row.body = None
    _note(session, row, [said], by, now)
    return _drafted(session, before.camera, row)


def _located(refused: Refused, number: int, source: Mapping[str, Any]) -> Iterable[Problem]:
    name = source.get("region_id")
    where = f"region {name}: " if isinstance(name, str) and name.isprintable() else ""
    for problem in refused.problems:
        yield replace(problem, field=f"regions[{number}].{problem.field}", text=where + problem.text)


def _locked(session: Session, camera: Camera) -> tuple[Draft, Drafted]:
    """The draft; nobody else changes it until the transaction ends."""
    turns.take(session, turns.RULES)
    row = session.get(Draft, camera.serial, with_for_update=True, populate_existing=True)
    draft = _drafted(session, camera, row)
    return row or Draft(camera=camera.serial, revision=0, base_version=draft.version, log=[]), draft


def _refuse_older(session: Session, row: Draft, draft: Drafted, revision: Any) -> None:
    if draft.revision != revision:
        raise Conflict(_difference(session, draft, row, revision), draft)


def _keep(session: Session, row: Draft, before: Drafted, state: State, by: By, now: datetime) -> Drafted:
    said = differences.words(before.state, state)
    if not said:
        return before
    if row.body is None:
        row.base_version = before.version
    row.body = state.to_json()
    _note(session, row, said, by, now)
    stands = _standing(session, row, before.camera)
    return replace(before, **stands, base_version=row.base_version, state=state)


def _note(session: Session, row: Draft, said: list[str], by: By, now: datetime) -> None:
    row.revision += 1
    row.who, row.at = by.name, now
    entry = {"revision": row.revision, "who": by.name, "at": now.isoformat(), "words": said}
    row.log = [*row.log, entry][-KEPT_LOG:]
    session.add(row)
    session.flush()


def _drafted(session: Session, camera: Camera, row: Draft | None) -> Drafted:
    version = newest_version(session)
    if not version:
        raise Refused(Problem("draft", "no rules are published yet: the worker has not run"))
    book = rulebook.rulebook(session, version)
    current = published(book, camera.serial)
    is_drafted = row is not None and row.body is not None
    return Drafted(
        camera=camera,
        **_standing(session, row, camera),
        version=version,
        base_version=row.base_version if row and is_drafted else version,
        published=current,
        state=State.from_json(row.body) if row and row.body is not None else current,
        px_per_mm=book.px_per_mm(camera.serial),
    )


def _standing(session: Session, row: Draft | None, camera: Camera) -> dict[str, Any]:
    """Its revision, and who changed it last and when."""
    is_drafted = row is not None and row.body is not None
    return {
        "revision": f"{row.revision if row else 0}.{last_change(session, camera.serial)}",
        "who": row.who if row and is_drafted else None,
        "at": row.at if row and is_drafted else None,
    }


def _difference(session: Session, draft: Drafted, row: Draft, revision: Any) -> list[str]:
    """What happened since the revision that somebody has on the screen."""
    seen, version = _read(revision)
    said = [
        f"{entry['who']}: {line}"
        for entry in row.log
        if seen is not None and entry["revision"] > seen
        for line in entry["words"]
    ]
    if version is not None and version < int(draft.revision.split(".")[1]):
        said += _published_since(session, draft, version)
    return said


def _published_since(session: Session, draft: Drafted, version: int) -> list[str]:
    serial = draft.camera.serial
    try:
        book = rulebook.rulebook(session, version)
    except LookupError:
        return []
    words = differences.scale(book.px_per_mm(serial), draft.px_per_mm)
    words += differences.words(published(book, serial), draft.published)
    return [f"published as v{draft.version}: {line}" for line in words]


def _read(revision: Any) -> tuple[int | None, int | None]:
    parts = revision.split(".") if isinstance(revision, str) and len(revision) < 24 else []
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() for part in parts):
        return None, None
    return int(parts[0]), int(parts[1])


def _with(state: State, region: JsonObject) -> State:
    """The state with this region in its place, a new one at the end."""
    if state.region(region["key"]) is None:
        return replace(state, regions=(*state.regions, region))
    kept = tuple(region if one["key"] == region["key"] else one for one in state.regions)
    return replace(state, regions=kept)
