"""One term of leadership: feed → judging → store, then pictures; and the past, whenever there is time."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

from sqlalchemy.orm import Session

from hmi import backfilling, drawing, expiring, recounting, sweeping
from hmi.condition import Condition
from hmi.judging import Judging
from hmi.judging.expected import are_known
from hmi.outbox import Outbox
from hmi.pictures.gallery import Gallery
from hmi.pictures.renditions import Drawing, Rendition
from hmi.plant.database import PlantDatabase, PlantUnavailable
from hmi.plant.feed import Feed
from hmi.plant.past import PastReader
from hmi.plant.rows import Batch
from hmi.plant_time import ShiftSpan, shift_at
from hmi.retention import Retention
from hmi.rules import rejudging
from hmi.settings import Settings
from hmi.store import Store, audit, rejudgings, state
from hmi.store.leases import WorkerLease
from hmi.sweeping import Sweep
from hmi.watching import Watching

log = logging.getLogger(__name__)

POSITION, NOTICES = "feed", "notices"
SLOW_CHECKS_S = 2.0  # rules changed by hand, and requests for more of the past
FILES_PAUSE_S = 0.15  # files that come in a burst are judged together
COUNTING_PAUSE_S = 0.05  # between two pieces of counting anew: others have work too
BEAT_S = 1.5
SLOWEST_READ_S = 2.0  # what took longer, from the question to the store, is not fresh
PAST_PAUSE_S = 30.0
PAST_PARTS = 20  # parts of the past in one unit of work
REWOUND_SHOWN = timedelta(hours=1)


class Term:
    """Ends with LeaseLost or StoreUnavailable; whoever leads next goes on from what was stored."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        lease: WorkerLease,
        gallery: Gallery,
        on_change: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._store = store
        self._lease = lease
        self._gallery = gallery
        self._on_change = on_change
        self._plant = PlantDatabase.of(settings.database)
        self._judging = Judging(settings)
        self._outbox = Outbox(store, self._plant, self._check_lease)
        self._retention = Retention(settings, store, self._check_lease)
        self._trouble, self._is_stale = "", False
        self._condition = Condition()
        self._sweep = Sweep(settings.ui.strip_parts)
        self._next_tick = 0.0
        self._next_slow_check = 0.0
        self._past: backfilling.Past | None = None
        self._rejudges = False  # somebody asked for the past to be judged again
        self._counts = False  # whether something is to be counted anew
        self._calendar: tuple[ShiftSpan, date] | None = None
        self._watching = Watching(gallery)
        self._beat_at = 0.0
        self._past_waits_until = 0.0
        self._files_at = 0.0
        self._logged_on: date | None = None

    def begin(self) -> None:
        """Take up the work where the last worker left it."""
        with self._store.write() as session:
            self._lease.checked(session, read=False, trouble="")
            position = state.get(session, POSITION)
            images = self._judging.start(session, _now(), position["watched_s"] if position else 0.0)
            self._past = backfilling.wanted(session)
            self._counts = recounting.is_due(session, self._settings)
            needs_cameras = not are_known(session, self._settings.line)
            state.touch(session)
        self._is_first = position is None
        self._reader = PastReader(self._plant, self._settings.feed, position)
        self._feed = Feed(self._plant, self._settings.feed, position, needs_cameras=needs_cameras)
        self._judging.generations = self._feed.generations
        self._watching.add(images)
        self._on_change()

    def close(self) -> None:
        self._watching.close()
        self._plant.close()

    def step(self) -> None:
        """One tick if it is due, the files that came, and a piece of the past while there is time."""
        if time.monotonic() >= self._next_tick:
            self._tick()
        self._take_files()
        if not self._trouble:
            self._write_back()
            if self._sweep.is_due and self._idle_s() > 0:
                self._sweep_rows()
        if self._idle_s() > 0:
            self._retention.step()
        if self._past is not None and self._has_time_for_the_past():
            self._take_past(self._past)
        elif self._rejudges and self._has_time_for_the_past():
            self._judge_again()
        if self._counts and self._idle_s() > 0:
            self._count_anew()
        if time.monotonic() - self._beat_at > BEAT_S:
            self._beat()

    def wait(self, wake: threading.Event) -> None:
        """Until the next tick is due, or a file came, or a sign of life is due."""
        if (self._past is not None or self._rejudges) and self._has_time_for_the_past():
            return
        longest_s = COUNTING_PAUSE_S if self._counts else BEAT_S
        if wake.wait(min(longest_s, max(0.0, self._idle_s()))):
            wake.clear()
            pause_s = self._files_at + FILES_PAUSE_S - time.monotonic()
            time.sleep(max(0.0, min(pause_s, self._idle_s())))

    def _beat(self) -> None:
        """The plant may be silent for long; the lease must not look abandoned."""
        with self._store.write() as session:
            self._lease.checked(session, read=False, trouble=self._trouble)
        self._beat_at = time.monotonic()

    def _has_time_for_the_past(self) -> bool:
        now_s = time.monotonic()
        return self._idle_s() > 0 and not self._trouble and now_s >= self._past_waits_until

    def _idle_s(self) -> float:
        return self._next_tick - time.monotonic()

    def _tick(self) -> None:
        began_s = time.monotonic()
        try:
            batch = self._feed.tick()
        except PlantUnavailable as error:
            self._plant_fails(str(error))
            self._next_tick = time.monotonic() + self._feed.delay_s
            return
        if batch.rewound:
            self._reader.generations = self._judging.generations = self._feed.generations
        self._store_batch(batch, began_s)
        self._plant_answers(self._condition.trouble)
        self._next_tick = time.monotonic() + (0.0 if batch.more else self._feed.delay_s)

    def _store_batch(self, batch: Batch, began_s: float) -> None:
        now = _now()
        with self._store.write() as session:
            changed = self._judging.see_new_version(session) | self._check_slowly(session, now)
            changes, judged = self._judging.take(session, batch, now, is_first=self._is_first)
            self._condition.heard(batch, changes.new_runs, now)
            stale = self._condition.trouble
            took_s = time.monotonic() - began_s  # a process that stood still brings what was true before
            self._lease.checked(session, read=not stale and took_s < SLOWEST_READ_S, trouble=stale)
            self._condition.note(session, stale)
            if batch.brings_rows:
                state.put(session, POSITION, dict(batch.position))
            if state.get(session, backfilling.NAME) is None:
                parts = self._settings.feed.backfill_parts
                self._past = backfilling.begin(session, batch.position["backfill_before"], parts)
            noticed = self._notice(session, batch, now)
            shown = bool(changes or judged or noticed or changed or self._calendar_turned(now))
            if shown:
                state.touch(session)
            arrived = self._judging.arrived(session, changes)
            drawn = drawing.of_images(session, judged.images)
        self._is_first = False
        self._watching.add(arrived)
        self._draw(drawn)
        if shown:
            self._on_change()

    def _take_files(self) -> None:
        seen = self._gallery.seen()
        if not seen:
            return
        self._files_at = time.monotonic()
        with self._store.write() as session:
            self._lease.checked(session, read=False, trouble=self._trouble)
            judged = self._judging.files_seen(session, seen, _now())
            self._watching.note(seen)
            state.touch(session)
            drawn = drawing.of_images(session, judged.images)
        self._draw(drawn)
        self._on_change()

    def _write_back(self) -> None:
        """Decisions go to the plant, as far as it is still the one that they were made on."""
        generations = self._feed.generations
        if self._outbox.step(lambda key: generations.of("Defects", key[1]) == key[0]):
            self._on_change()

    def _sweep_rows(self) -> None:
        """What is shown or decided, and may have changed while nobody looked."""
        with self._store.read() as session:
            wanted = self._sweep.wanted(session)
        try:
            for batch in sweeping.read(self._feed, wanted):
                self._take_swept(batch)
        except PlantUnavailable as error:
            log.info("older rows are looked at later: %s", error)

    def _take_swept(self, batch: Batch) -> None:
        with self._store.write() as session:
            self._lease.checked(session, read=False, trouble=self._trouble)
            changes, judged = self._judging.take(session, batch, _now())
            if changes or judged:
                state.touch(session)
            arrived = self._judging.arrived(session, changes)
            drawn = drawing.of_images(session, judged.images)
        self._watching.add(arrived)
        self._draw(drawn)
        if changes or judged:
            self._on_change()

    def _check_lease(self, session: Session) -> None:
        self._lease.checked(session, read=False, trouble=self._trouble)

    def _take_past(self, past: backfilling.Past) -> None:
        try:
            batch = self._reader.read(past.before, past.next_parts(PAST_PARTS))
        except PlantUnavailable as error:
            log.info("the past waits: %s", error)
            self._past_waits_until = time.monotonic() + PAST_PAUSE_S
            return
        with self._store.write() as session:
            self._lease.checked(session, read=False, trouble=self._trouble)
            changes, judged = self._judging.take(session, batch, _now())
            self._past = backfilling.advance(session, past, [trigger.id for trigger in batch.triggers])
            if changes or judged:
                state.touch(session)
        if self._past is None:
            log.info("the past is in, as far as it was asked for")

    def _judge_again(self) -> None:
        """A piece of the past by a chosen version. Pictures are drawn when they are asked for."""
        with self._store.write() as session:
            self._lease.checked(session, read=False, trouble=self._trouble)
            self._rejudges = rejudging.step(session, self._settings, _now())
            if self._rejudges:
                state.touch(session)
        if self._rejudges:
            self._on_change()

    def _count_anew(self) -> None:
        with self._store.write() as session:
            self._lease.checked(session, read=False, trouble=self._trouble)
            recounting.step(session, self._settings)
            self._counts = recounting.is_due(session, self._settings)
        if not self._counts:
            log.info("everything is counted")

    def _check_slowly(self, session: Session, now: datetime) -> bool:
        """What somebody may have changed beside us; True if screens show something else."""
        if time.monotonic() < self._next_slow_check:
            return False
        self._next_slow_check = time.monotonic() + SLOW_CHECKS_S
        self._past = backfilling.wanted(session)
        self._rejudges = rejudgings.next_to_do(session) is not None
        self._counts = recounting.is_due(session, self._settings)
        self._log_audit(session, now)
        expired = expiring.close_old(session, self._settings, now)
        return self._judging.check_rules(session, now) or bool(expired)

    def _log_audit(self, session: Session, now: datetime) -> None:
        """Once a day the audit's head goes to the log: a witness outside the database."""
        day = now.astimezone(self._settings.time.zone_info).date()
        if day != self._logged_on:
            entries, head = audit.head(session)
            log.info("audit: %d entries, head %s", entries, head or "none")
        self._logged_on = day

    def _calendar_turned(self, now: datetime) -> bool:
        """Counts of the shift start anew, and at midnight times of yesterday get their date, though no row
        changed."""
        today = now.astimezone(self._settings.time.zone_info).date()
        before, self._calendar = self._calendar, (shift_at(now, self._settings.time), today)
        return before != self._calendar

    def _notice(self, session: Session, batch: Batch, now: datetime) -> bool:
        """What every screen must say about the plant; True if it changed."""
        before = state.get(session, NOTICES) or {}
        rewound_at: str | None = before.get("rewound_at")
        if batch.rewound:
            rewound_at = now.isoformat()
            log.warning("the plant database was set back to an older state; a new generation begins")
        elif rewound_at and now - datetime.fromisoformat(rewound_at) > REWOUND_SHOWN:
            rewound_at = None
        rules = self._judging.rules
        after = {
            "absent": list(batch.absent),
            "rewound_at": rewound_at,
            "skew": self._condition.skew,
            "faults": {camera: f"rules v{rules.version}: {why}" for camera, why in rules.faults.items()},
        }
        if before == after:
            return False
        for remark in batch.remarks:
            log.warning("plant database: %s", remark)
        state.put(session, NOTICES, after)
        return True

    def _plant_answers(self, stale: str) -> None:
        """`stale`: with what is old. Edges are logged, not every second of it."""
        if stale and not self._is_stale:
            log.error("%s", stale)
        elif self._trouble and not stale:
            log.info("plant database: answers again")
        self._trouble, self._is_stale = stale, bool(stale)

    def _plant_fails(self, text: str) -> None:
        if self._trouble != text:
            log.error("%s", text)
        self._trouble, self._is_stale = text, False
        with self._store.write() as session:
            self._lease.checked(session, read=False, trouble=text)
            self._condition.note(session, text)

    def _draw(self, drawn: Sequence[tuple[Rendition, Drawing]]) -> None:
        for rendition, what in drawn:
            self._gallery.prepare(rendition, what)


def _now() -> datetime:
    return datetime.now(UTC)
