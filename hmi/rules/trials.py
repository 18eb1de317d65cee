"""Trials run off the web threads: few at a time, the newest of a person at a camera alone.

How far a trial is and what it found stands in the store, so that whatever process is asked can tell.
"""

import logging
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import BoundedSemaphore, Lock

from cachetools import TTLCache
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from hmi.judging.rulebook import Rulebook
from hmi.rules import recent as recently
from hmi.rules.recent import Asked, Recent
from hmi.rules.shapes import JsonObject, State, judging_case
from hmi.rules.trying import Cancelled, try_out
from hmi.settings import Settings
from hmi.store import Store, StoreUnavailable, state
from hmi.store.trials import CANCELLED, FAILED, READY, RUNNING, Trial

log = logging.getLogger(__name__)

THREADS, MOST_WAITING = 2, 16
KEPT = timedelta(hours=1)
STEP_S = 0.2
PAST_KEPT_S, PASTS_KEPT = 300.0, 2  # reading takes as long as judging; each may hold 10,000 parts


class TooMany(Exception):
    """So many trials wait already that this one would wait long."""


class Trials:
    """The trials of one process. What was read of a camera's past is kept for its next edit."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._zone = settings.time.zone_info
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="trial")
        self._places = BoundedSemaphore(MOST_WAITING)
        self._pasts: TTLCache[tuple[str, Asked, int], Recent] = TTLCache(PASTS_KEPT, PAST_KEPT_S)
        self._lock = Lock()

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)

    def begin(self, camera: str, who: str, asked: Asked, now: Rulebook, draft: State, at: datetime) -> Trial:
        """Start a trial; an older one of the same person on this camera ends. Raises TooMany."""
        if not self._places.acquire(blocking=False):
            raise TooMany
        try:
            with self._store.write() as session:
                _end_older(session, camera, who, at)
                total = recently.count(session, camera, asked)
                trial = Trial(camera=camera, who=who, asked_at=at, state=RUNNING, done=0, total=total)
                session.add(trial)
                session.flush()
                number = trial.number
            self._threads.submit(self._run, number, camera, asked, now, judging_case(draft, camera, now))
        except BaseException:
            self._places.release()
            raise
        return trial

    def _run(self, number: int, camera: str, asked: Asked, now: Rulebook, draft: Rulebook) -> None:
        try:
            recent = self._read(camera, asked)
            result = try_out(recent, camera, now, draft, self._zone, self._steps_of(number))
            self._end(number, READY, len(recent.shots), result)
        except Cancelled:
            log.debug("trial %d: a newer one took its place", number)
        except StoreUnavailable as error:
            log.warning("trial %d: %s", number, error)
            self._fail(number, str(error))
        except Exception:
            log.exception("trial %d has a fault", number)
            self._fail(number, "the trial has a fault; it was written to the log")
        finally:
            self._places.release()

    def _read(self, camera: str, asked: Asked) -> Recent:
        """The camera's past as it is now; as it was read for the last edit, if nothing changed since."""
        with self._store.read() as session:
            at = (camera, asked, state.version(session))
            with self._lock:
                kept = self._pasts.get(at)
            found = kept or recently.read(session, camera, asked)
        with self._lock:
            self._pasts[at] = found
        return found

    def _steps_of(self, number: int) -> Callable[[int], None]:
        """At once, and then some times a second: each step is a transaction."""
        said_s = -math.inf

        def step(done: int) -> None:
            nonlocal said_s
            if time.monotonic() - said_s >= STEP_S:
                self._step(number, done)
                said_s = time.monotonic()

        return step

    def _step(self, number: int, done: int) -> None:
        """Say how far it is, unless it was ended meanwhile."""
        with self._store.write() as session:
            running = update(Trial).where(Trial.number == number, Trial.state == RUNNING)
            if session.execute(running.values(done=done)).rowcount != 1:  # type: ignore[attr-defined]
                raise Cancelled

    def _end(self, number: int, state: str, done: int, result: JsonObject) -> None:
        with self._store.write() as session:
            running = update(Trial).where(Trial.number == number, Trial.state == RUNNING)
            session.execute(running.values(state=state, done=done, total=done, result=result))

    def _fail(self, number: int, text: str) -> None:
        try:
            self._end(number, FAILED, 0, {"text": text})
        except StoreUnavailable:
            log.info("trial %d: that it failed could not be noted", number)


def _end_older(session: Session, camera: str, who: str, at: datetime) -> None:
    older = update(Trial).where(Trial.camera == camera, Trial.who == who, Trial.state == RUNNING)
    session.execute(older.values(state=CANCELLED))
    session.execute(delete(Trial).where(Trial.asked_at < at - KEPT))


def of_person(session: Session, number: int, camera: str, who: str) -> Trial | None:
    found = select(Trial).where(Trial.number == number, Trial.camera == camera, Trial.who == who)
    return session.scalar(found)


def waiting(session: Session) -> Sequence[int]:
    """Numbers of the trials that still run."""
    return session.scalars(select(Trial.number).where(Trial.state == RUNNING)).all()
