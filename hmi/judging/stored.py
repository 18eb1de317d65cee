"""Judging some runs again from what the store holds: how a decision shows at once, in whatever process."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hmi.judging import rulebook
from hmi.judging.expected import cameras_of
from hmi.judging.judging import last_sizes
from hmi.judging.passing import Judged, judge_runs
from hmi.settings import Settings
from hmi.store.rules import RulesVersion
from hmi.store.runs import Image, Key, Run


def rejudge(session: Session, settings: Settings, runs: set[Key], now: datetime) -> Judged:
    """Judge these runs with the decisions that stand now. The caller has the turn.

    What only time can decide (is an image settled, is a camera late) stays as the worker saw it last.
    """
    return judge_runs(session, _Stored(session, settings), runs, now, by_people=True)


class _Stored:
    """What the worker left in the rows themselves."""

    def __init__(self, session: Session, settings: Settings) -> None:
        self.cameras = cameras_of(session, settings.line)
        self.time = settings.time
        newest = session.scalar(select(func.max(RulesVersion.version)))
        self.rules = rulebook.rulebook(session, newest or 0)
        self._books = {self.rules.version: self.rules}
        self._sizes: dict[str, tuple[int, int]] | None = None

    def book_of(self, session: Session, image: Image) -> rulebook.Rulebook:
        version = image.rules_version or self.rules.version
        if version not in self._books:
            self._books[version] = rulebook.rulebook(session, version)
        return self._books[version]

    def size_of(self, session: Session, image: Image) -> tuple[int | None, int | None]:
        if image.width and image.height:
            return image.width, image.height
        if self._sizes is None:
            self._sizes = last_sizes(session, self.cameras)
        return self._sizes.get(image.camera or "", (None, None))

    def is_settled(self, run: Run, image: Image) -> bool:  # noqa: ARG002
        return image.settled

    def is_lost(self, run: Run, image: Image) -> bool:  # noqa: ARG002
        return image.lost

    def is_late(self, run: Run) -> bool:
        return run.late
