"""One term of leadership: feed → judging → store, then pictures; and the past, whenever there is time."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from hmi import backfilling, drawing
from hmi.judging import Judging
from hmi.pictures.gallery import Gallery
from hmi.pictures.renditions import Drawing, Rendition
from hmi.plant.database import PlantDatabase, PlantUnavailable
from hmi.plant.feed import Feed
from hmi.plant.past import PastReader
from hmi.plant.rows import Batch
from hmi.plant_time import ShiftSpan, shift_at
from hmi.settings import Settings
from hmi.store import Store, state
from hmi.store.leases import WorkerLease
from hmi.store.runs import Image, Key, key_of, reference

log = logging.getLogger(__name__)

POSITION, NOTICES = "feed", "notices"
SLOW_CHECKS_S = 2.0  # rules changed by hand, and requests for more of the past
BEAT_S = 1.5
PAST_PAUSE_S = 30.0
PAST_PARTS = 20  # parts of the past in one unit of work
REWOUND_SHOWN = timedelta(hours=1)
WATCHED_IMAGES = 500  # so many whole files are looked at again, in case they are replaced


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
        self._trouble = ""
        self._next_tick = 0.0
        self._next_slow_check = 0.0
        self._past: backfilling.Past | None = None
        self._shift: ShiftSpan | None = None
        self._watched: dict[Key, bool] = {}  # whether its file was seen whole
        self._beat_at = 0.0
        self._past_waits_until = 0.0

    def begin(self) -> None:
        """Take up the work where the last worker left it."""
        with self._store.write() as session:
            self._lease.checked(session, read=False, trouble="")
            position = state.get(session, POSITION)
            images = self._judging.start(session, _now(), position["watched_s"] if position else 0.0)
            self._past = backfilling.wanted(session)
            state.touch(session)
        self._is_first = position is None
        self._reader = PastReader(self._plant, self._settings.feed, position)
        self._feed = Feed(self._plant, self._settings.feed, position)
        self._watch(images)
        self._on_change()

    def close(self) -> None:
        """The next worker watches the files that are still of interest, and is told of them anew."""
        for image in self._watched:
            self._gallery.unwatch(reference(image))
        self._plant.close()

    def step(self) -> None:
        """One tick if it is due, the files that came, and a piece of the past while there is time."""
        if time.monotonic() >= self._next_tick:
            self._tick()
        self._take_files()
        if self._past is not None and self._has_time_for_the_past():
            self._take_past(self._past)
        if time.monotonic() - self._beat_at > BEAT_S:
            self._beat()

    def wait(self, wake: threading.Event) -> None:
        """Until the next tick is due, or a file came, or a sign of life is due."""
        if self._past is not None and self._has_time_for_the_past():
            return
        if wake.wait(min(BEAT_S, max(0.0, self._idle_s()))):
            wake.clear()

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
        try:
            batch = self._feed.tick()
        except PlantUnavailable as error:
            self._plant_fails(str(error))
            self._next_tick = time.monotonic() + self._feed.delay_s
            return
        if batch.rewound:
            self._reader.generations = self._feed.generations
        self._store_batch(batch)
        if self._trouble:
            log.info("plant database: answers again")
        self._trouble = ""
        self._next_tick = time.monotonic() + (0.0 if batch.more else self._feed.delay_s)

    def _store_batch(self, batch: Batch) -> None:
        now = _now()
        with self._store.write() as session:
            self._lease.checked(session, read=True, trouble="")
            rules_changed = self._check_slowly(session, now)
            changes, judged = self._judging.take(session, batch, now, is_first=self._is_first)
            if _brought(batch):
                state.put(session, POSITION, dict(batch.position))
            if state.get(session, backfilling.NAME) is None:
                parts = self._settings.feed.backfill_parts
                self._past = backfilling.begin(session, batch.position["backfill_before"], parts)
            noticed = self._notice(session, batch, now)
            shown = bool(changes or judged or noticed or rules_changed or self._shift_began(now))
            if shown:
                state.touch(session)
            arrived = self._judging.arrived(session, changes)
            drawn = drawing.of_images(session, judged.images)
        self._is_first = False
        self._watch(arrived)
        self._draw(drawn)
        if shown:
            self._on_change()

    def _take_files(self) -> None:
        seen = self._gallery.seen()
        if not seen:
            return
        with self._store.write() as session:
            self._lease.checked(session, read=False, trouble=self._trouble)
            judged = self._judging.files_seen(session, seen, _now())
            self._watched |= {key_of(file.image): True for file in seen if file.state == "whole"}
            state.touch(session)
            drawn = drawing.of_images(session, judged.images)
        self._draw(drawn)
        self._on_change()

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

    def _check_slowly(self, session: Session, now: datetime) -> bool:
        """What somebody may have changed beside us; True if the rules changed."""
        if time.monotonic() < self._next_slow_check:
            return False
        self._next_slow_check = time.monotonic() + SLOW_CHECKS_S
        self._past = backfilling.wanted(session)
        return self._judging.check_rules(session, now)

    def _shift_began(self, now: datetime) -> bool:
        """Counts of the shift start anew, though no row changed."""
        before, self._shift = self._shift, shift_at(now, self._settings.time)
        return before != self._shift

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
            "faults": {camera: f"rules v{rules.version}: {why}" for camera, why in rules.faults.items()},
        }
        if before == after:
            return False
        for remark in batch.remarks:
            log.warning("plant database: %s", remark)
        state.put(session, NOTICES, after)
        return True

    def _plant_fails(self, text: str) -> None:
        if self._trouble != text:
            log.error("%s", text)
        self._trouble = text
        with self._store.write() as session:
            self._lease.checked(session, read=False, trouble=text)

    def _watch(self, images: Iterable[Image]) -> None:
        for image in images:
            if image.path:
                self._gallery.watch(reference(image.key), image.path)
                self._watched[image.key] = False
        whole = [key for key, is_whole in self._watched.items() if is_whole]
        for key in whole[: max(0, len(whole) - WATCHED_IMAGES)]:
            del self._watched[key]
            self._gallery.unwatch(reference(key))

    def _draw(self, drawn: Sequence[tuple[Rendition, Drawing]]) -> None:
        for rendition, what in drawn:
            self._gallery.prepare(rendition, what)


def _brought(batch: Batch) -> bool:
    rows = (batch.triggers, batch.images, batch.defects, batch.suppressions, batch.human_inspections)
    gone = (batch.gone_triggers, batch.gone_images, batch.gone_defects)
    return batch.rewound or any(rows) or any(gone)


def _now() -> datetime:
    return datetime.now(UTC)
