"""Decisions of people on defects and parts. Append-only: an undo is an entry of its own.

The entries of one subject form a chain. Each names the entry that it was made on (0: none), and no two may
name the same one: of two people who decide at once the database itself lets only one win. Comments are
entries beside the chain.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Subquery, Text, UniqueConstraint, and_, case, exists, select
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from hmi.store.columns import Base, BigId, Json
from hmi.store.runs import Defect, Key

DEFECT, PART = "defect", "part"
DECIDE, PROPOSE, UNDO, COMMENT = "decide", "propose", "undo", "comment"
OKAY, SCRAP = "okay", "scrap"
USE_AS_IS, HOLD = "use_as_is", "hold"
WORDS = {DEFECT: (OKAY, SCRAP), PART: (USE_AS_IS, "rework", "impregnate", SCRAP, HOLD)}
CHUNK = 400


@dataclass(frozen=True, slots=True)
class Signature:
    """Who proved once more, for this one act, who they are."""

    name: str  # as printed
    at: datetime
    session_of: str  # who was signed in at that screen


@dataclass(frozen=True, slots=True)
class Decider:
    """Who decides, as the record names them."""

    name: str
    role: str
    station: str | None = None
    signature: Signature | None = None


def name_of(subject: str, word: str) -> str:
    """The name of a decision in the settings: both subjects have a word scrap."""
    return "scrap_part" if (subject, word) == (PART, SCRAP) else word


class Decision(Base):
    """One entry. `subject_id` is the plant's id of the defect or of the run, by `subject`.

    `before_*` and `after_*` are what was in force before and after this entry: the id of its decision and its
    word, both None where nothing was. A decision's own id stands in neither, because it is known only once
    the row is written: `in_force` tells.
    """

    __tablename__ = "hmi_decision"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    subject: Mapped[str] = mapped_column(Text)
    generation: Mapped[int]
    subject_id: Mapped[int] = mapped_column(BigInteger)
    made_on: Mapped[int | None] = mapped_column(BigInteger)  # None for a comment
    run_generation: Mapped[int | None]
    run_id: Mapped[int | None] = mapped_column(BigInteger)
    image_generation: Mapped[int | None]
    image_id: Mapped[int | None] = mapped_column(BigInteger)
    act: Mapped[str] = mapped_column(Text)
    word: Mapped[str] = mapped_column(Text)  # what was said; of an undo, what it took back
    before_id: Mapped[int | None] = mapped_column(BigInteger)
    before_word: Mapped[str | None] = mapped_column(Text)
    after_id: Mapped[int | None] = mapped_column(BigInteger)
    after_word: Mapped[str | None] = mapped_column(Text)
    undoes: Mapped[int | None] = mapped_column(BigInteger)
    seconds: Mapped[int | None] = mapped_column(BigInteger)  # the proposal that a second person agreed to
    at: Mapped[datetime]
    at_local: Mapped[str] = mapped_column(Text)  # the same time on the plant's clocks, ISO 8601
    who: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    station: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    rules_version: Mapped[int | None]
    verdict_id: Mapped[int | None] = mapped_column(BigInteger)  # the verdict that stood when it was made
    signed_name: Mapped[str | None] = mapped_column(Text)  # as printed; None: it was not signed
    signed_at: Mapped[datetime | None]
    meaning: Mapped[str | None] = mapped_column(Text)
    seen: Mapped[dict[str, Any]] = mapped_column(Json)  # the box or the verdict that was decided on
    key: Mapped[str] = mapped_column(Text)  # idempotency
    mark: Mapped[str] = mapped_column(Text)  # names it in the plant's metadata.hmi.decision

    __table_args__ = (
        UniqueConstraint("subject", "generation", "subject_id", "made_on"),
        UniqueConstraint("key"),
        UniqueConstraint("mark"),
        Index(None, "at", "id"),
        Index(None, "run_id", "run_generation"),
        Index(None, "image_id", "image_generation"),
    )

    @property
    def subject_key(self) -> Key:
        return self.generation, self.subject_id

    @property
    def in_force(self) -> tuple[int | None, str | None]:
        """The id and the word of the decision that is in force after this entry."""
        return (self.id, self.word) if self.act == DECIDE else (self.after_id, self.after_word)

    @property
    def word_in_force(self) -> str | None:
        return self.in_force[1]


_later = aliased(Decision)
_is_head = and_(  # no other entry was made on this one
    Decision.act != COMMENT,
    ~exists().where(
        _later.subject == Decision.subject,
        _later.generation == Decision.generation,
        _later.subject_id == Decision.subject_id,
        _later.made_on == Decision.id,
    ),
)


def heads(session: Session, subject: str, keys: Iterable[Key]) -> dict[Key, Decision]:
    """The newest entry of each subject's chain, of those that have one."""
    wanted = list(keys)
    found: dict[Key, Decision] = {}
    for start in range(0, len(wanted), CHUNK):
        ids = [key[1] for key in wanted[start : start + CHUNK]]
        of_subject = (Decision.subject == subject, Decision.subject_id.in_(ids), _is_head)
        for entry in session.scalars(select(Decision).where(*of_subject)):
            found[entry.subject_key] = entry
    return {key: found[key] for key in wanted if key in found}


def heads_of_images(session: Session, images: Sequence[Key]) -> dict[Key, dict[Key, Decision]]:
    """Image → defect → newest entry of its chain. Defects count for the image that they were decided on."""
    found: dict[Key, dict[Key, Decision]] = {key: {} for key in images}
    for start in range(0, len(images), CHUNK):
        ids = [key[1] for key in images[start : start + CHUNK]]
        of_images = (Decision.subject == DEFECT, Decision.image_id.in_(ids), _is_head)
        for entry in session.scalars(select(Decision).where(*of_images)):
            image = (entry.image_generation or 0, entry.image_id or 0)
            if image in found:
                found[image][entry.subject_key] = entry
    return found


def words_of_images(session: Session, images: Subquery) -> Iterator[tuple[Key, int, str | None]]:
    """(image, plant's id of the defect, word in force) for what is decided on the defects of these images,
    which `images` gives as generation and id. For thousands of them: no entry is made an object."""
    columns = (Decision.image_generation, Decision.image_id, Decision.subject_id)
    word = case((Decision.act == DECIDE, Decision.word), else_=Decision.after_word)
    of_images = and_(Decision.image_id == images.c.id, Decision.image_generation == images.c.generation)
    found = select(*columns, word).join(images, of_images).where(Decision.subject == DEFECT, _is_head)
    for generation, image, defect, said in session.execute(found):
        yield (generation, image), defect, said


def history(session: Session, subject: str, key: Key) -> list[Decision]:
    """All entries of one subject, comments included, oldest first."""
    of_subject = (
        Decision.subject == subject,
        Decision.generation == key[0],
        Decision.subject_id == key[1],
    )
    return list(session.scalars(select(Decision).where(*of_subject).order_by(Decision.id)))


def runs_with_decisions(session: Session, runs: Iterable[Key]) -> set[Key]:
    """Of these runs those on which, or on whose defects, a decision is in force."""
    wanted = set(runs)
    found = set()
    ids = sorted({key[1] for key in wanted})
    for start in range(0, len(ids), CHUNK):
        of_runs = (Decision.run_id.in_(ids[start : start + CHUNK]), _is_head)
        for entry in session.scalars(select(Decision).where(*of_runs)):
            if entry.word_in_force:
                found.add((entry.run_generation or 0, entry.run_id or 0))
    return found & wanted


def box_of(defect: Defect) -> dict[str, int | None]:
    """Where the vision system says that the defect is: what a decision was made on. Full px."""
    return {
        "image": defect.image_id,
        "x": defect.x,
        "y": defect.y,
        "width": defect.width,
        "height": defect.height,
    }
