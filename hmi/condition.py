"""In what condition the worker finds the plant: its clocks, its server, how far a standby is behind.

The worker notes it in the store, where every process finds it for the health page and the metrics.
"""

import logging
import time
from collections.abc import Collection
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from hmi.plant.rows import Batch
from hmi.plant.server_facts import ServerFacts
from hmi.store import state
from hmi.store.runs import Key

log = logging.getLogger(__name__)

NAME = "condition"
NOTE_S = 5.0
STALE_LAG_S = 5.0
SKEW_S = 60.0  # of the vision system: its stamp is older than its row by what the analysis takes
SERVER_SKEW_S = 30.0
DAY_S = 86_400
STEADY_S = 2.0  # a skew that changes by less is the same one
STANDBY, CLOCK, SLOTS, VISION = "standby", "clock", "slots", "vision"  # what may be well or not
WATCHING_S = 5.0  # a part that came while nobody looked tells nothing of the vision system's clock


class Condition:
    """For one thread, the worker's."""

    def __init__(self) -> None:
        self._heard_s: float | None = None
        self._noted_s = 0.0
        self._server: ServerFacts | None = None
        self._vision_skew_s: float | None = None
        self._server_skew_s: float | None = None
        self._part_at: datetime | None = None
        self._read_at: datetime | None = None
        self._lag_s: float | None = None
        self._said = ""
        self._began_at = datetime.now(UTC)
        self._well_at: dict[str, datetime] = {}

    @property
    def trouble(self) -> str:
        """Why what was read does not count as fresh; empty if it does."""
        if self._lag_s is None or self._lag_s <= STALE_LAG_S:
            return ""
        return f"the plant database is a standby that is {self._lag_s:.0f} s behind"

    @property
    def skew(self) -> str:
        """What every screen must say of the clocks; empty while they agree."""
        if self._vision_skew_s is not None and abs(self._vision_skew_s) >= SKEW_S:
            return _words("vision system", self._vision_skew_s)
        if self._server_skew_s is not None and abs(self._server_skew_s) >= SERVER_SKEW_S:
            return _words("plant database", self._server_skew_s)
        return ""

    def heard(self, batch: Batch, new: Collection[Key], now: datetime) -> None:
        """A read succeeded; `new` are the runs that came live with it."""
        now_s = time.monotonic()
        was_watching = self._heard_s is not None and now_s - self._heard_s < WATCHING_S
        self._heard_s, self._read_at = now_s, now
        self._lag_s = batch.lag_s
        self._server_skew_s = _steady(self._server_skew_s, batch.clock_skew_s)
        self._say_what_changed(batch.server)
        came = [row for row in batch.triggers if (row.generation, row.id) in new]
        stamps = [row.timestamp for row in came if row.timestamp is not None]
        if new:
            self._part_at = now
        if stamps and was_watching and not batch.more and not batch.lag_s:
            self._vision_skew_s = _steady(self._vision_skew_s, (max(stamps) - now).total_seconds())
        self._say_skew()
        self._see_what_is_well(bool(new), now)

    def note(self, session: Session, trouble: str) -> None:
        """Keep it in the store, now and then."""
        if time.monotonic() - self._noted_s < NOTE_S:
            return
        self._noted_s = time.monotonic()
        state.put(session, NAME, self._body(trouble))

    def _body(self, trouble: str) -> dict[str, Any]:
        return {
            "read_at": _iso(self._read_at),
            "part_at": _iso(self._part_at),
            "trouble": trouble,
            "began_at": _iso(self._began_at),
            "well_at": {what: _iso(at) for what, at in self._well_at.items()},
            "server": _told(self._server) if self._server else None,
            "lag_s": self._lag_s,
            "server_skew_s": self._server_skew_s,
            "vision_skew_s": self._vision_skew_s,
        }

    def _say_what_changed(self, server: ServerFacts | None) -> None:
        if server is None:
            return
        before, self._server = self._server, server
        if server == before:
            return
        if before is None or before.version != server.version:
            log.info("plant database: %s", server.version)
        if before is not None and (before.publications, before.slots) != (server.publications, server.slots):
            slots = ", ".join(f"{one.name} ({'' if one.active else 'not '}active)" for one in server.slots)
            publications = ", ".join(one.name for one in server.publications)
            log.info(
                "plant database: publications now: %s; slots: %s", publications or "none", slots or "none"
            )

    def _see_what_is_well(self, came: bool, now: datetime) -> None:
        """What is well by this read; the rest was so when it was seen so last."""
        if self._lag_s is not None and self._lag_s <= STALE_LAG_S:
            self._well_at[STANDBY] = now
        if abs(self._server_skew_s or 0.0) < SERVER_SKEW_S:
            self._well_at[CLOCK] = now
        if came and abs(self._vision_skew_s or 0.0) < SKEW_S:
            self._well_at[VISION] = now
        if self._server is not None and all(slot.active for slot in self._server.slots):
            self._well_at[SLOTS] = self._server.asked_at

    def _say_skew(self) -> None:
        """Once on each edge."""
        if bool(self.skew) != bool(self._said):
            log.warning("%s", self.skew or "the clocks agree again")
        self._said = self.skew


def signed(seconds: float) -> str:
    """+10:00, −0:05, +1:00:00, −568 days."""
    whole = round(abs(seconds))
    if whole >= 2 * DAY_S:
        return f"{'+' if seconds >= 0 else '−'}{whole // DAY_S} days"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    sign = "−" if seconds < 0 and whole else "+"
    clock = f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
    return sign + clock


def _words(whose: str, skew_s: float) -> str:
    where = "ahead of" if skew_s > 0 else "behind"
    return f"Clock skew {signed(skew_s)}: the clock of the {whose} is {where} this server's"


def _steady(before: float | None, now: float | None) -> float | None:
    if before is None or now is None or abs(now - before) >= STEADY_S:
        return now
    return before


def _told(server: ServerFacts) -> dict[str, Any]:
    return {**asdict(server), "asked_at": _iso(server.asked_at)}


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
