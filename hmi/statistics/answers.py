"""Answers that are kept for as long as nothing that is counted changes: dashboards ask the same again."""

from threading import Lock

from cachetools import LRUCache
from sqlalchemy.orm import Session

from hmi.settings import Settings
from hmi.statistics.answering import statistics_of
from hmi.statistics.asked import Question
from hmi.statistics.older import Older
from hmi.statistics.values import Statistics
from hmi.store import counts, editions
from hmi.store.editions import Editions

MOST = 64


class Answers:
    """Of one store; for any number of threads."""

    def __init__(self) -> None:
        self._kept: LRUCache[tuple[Question, Editions, int], Statistics] = LRUCache(MOST)
        self._older = Older()
        self._lock = Lock()

    def of(self, session: Session, settings: Settings, asked: Question) -> Statistics:
        """Answer within the caller's transaction.

        The version is read first: what is counted meanwhile makes the answer newer than its version, and the
        next question finds another version.
        """
        at = (asked, editions.of(session), counts.version(session))
        with self._lock:
            found = self._kept.get(at)
        if found is None:
            found = statistics_of(session, settings, asked, self._older)
            with self._lock:
                self._kept[at] = found
        return found
