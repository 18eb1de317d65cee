"""What a kiosk shows: one immutable object, rendered once, swapped whole.

A kiosk's poll reads this object and nothing else: no database, no file, no template. One thread per process
follows the store's version counter and the worker's signs of life; ages are measured on our own monotonic
clock from the moment at which a new sign was seen.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select

from hmi.store import Store, StoreUnavailable, state
from hmi.store.leases import WORKER
from hmi.store.state import Lease

log = logging.getLogger(__name__)

FOLLOW_S = 0.2
BREATHER_S = 0.1  # changes that come in a burst are rendered together
FRESH_MS = 5_000  # what was read longer ago is old
ASKED_S = 60.0  # so long after somebody asked for documents, each snapshot comes with them
NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class Snapshot:
    version: int  # the store's counter: rises with every change, for all processes alike
    fragment: bytes
    documents: Mapping[str, bytes] | None = None  # what programs are given, by name; None: not written


@dataclass(frozen=True, slots=True)
class Pulse:
    """What this process knows of the plant being read."""

    reads: int
    read_at_s: float  # monotonic; when a new successful read was last noticed
    trouble: str

    def age_ms(self, now_s: float) -> int | None:
        """Milliseconds since the plant was last read; None if never."""
        if self.read_at_s == NEVER:
            return None
        return max(0, int((now_s - self.read_at_s) * 1000))

    def is_fresh(self, now_s: float) -> bool:
        age_ms = self.age_ms(now_s)
        return age_ms is not None and age_ms <= FRESH_MS


class Follower:
    """Keeps `snapshot` and `pulse` fresh from the store until closed."""

    def __init__(
        self,
        store: Store,
        render: Callable[[], bytes],
        write: Callable[[], Mapping[str, bytes]] = dict,
    ) -> None:
        self._store = store
        self._render = render
        self._write = write
        self._stop = threading.Event()
        self._poke = threading.Event()
        self._lock = threading.Lock()
        self._looking = threading.Lock()
        self._asked_at_s = NEVER
        self._thread: threading.Thread | None = None
        self._troubled = False
        self.snapshot: Snapshot | None = None
        self.pulse = Pulse(-1, NEVER, "not connected yet")
        self._beat: int | None = None
        self.worked_at: datetime | None = None  # when a new sign of life of the worker was noticed last

    def start(self) -> None:
        """Begin to follow; further calls change nothing."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._follow, name="snapshot", daemon=True)
                self._thread.start()

    @property
    def store_answers(self) -> bool:
        """Whether the last look at the store brought what screens need."""
        return self.snapshot is not None and not self._troubled

    def poke(self) -> None:
        """Look now instead of at the next turn."""
        self._poke.set()

    def at_hand(self) -> Snapshot | None:
        """The snapshot if it has its documents: it is asked for them."""
        self._asked_at_s = time.monotonic()
        snapshot = self.snapshot
        return snapshot if snapshot is not None and snapshot.documents is not None else None

    def documented(self) -> Snapshot | None:
        """The snapshot with its documents; None before there is any. The first to ask after a while waits
        until they are written. Raises StoreUnavailable if they cannot be.
        """
        if self.at_hand() is None and self.snapshot is not None:
            self._look()
        return self.snapshot

    def close(self) -> None:
        self._stop.set()
        self._poke.set()
        if self._thread is not None:
            self._thread.join(5)

    def _follow(self) -> None:
        while not self._stop.is_set():
            try:
                self._look()
                self._recovered()
            except StoreUnavailable as error:
                self._failed(str(error))
            except Exception:
                self._failed("the server has a fault", with_trace=True)
            self._stop.wait(BREATHER_S)
            if self._poke.wait(FOLLOW_S - BREATHER_S):
                self._poke.clear()

    def _look(self) -> None:
        with self._looking:
            asked_s = time.monotonic()  # if we stand still from here on, what was found is as old as that
            with self._store.read() as session:
                version = state.version(session)
                lease = session.execute(
                    select(Lease.beat, Lease.reads, Lease.trouble).where(Lease.name == WORKER)
                ).first()
            if lease is not None:
                self._hear(lease.beat)
            self._take(version, is_asked=asked_s - self._asked_at_s <= ASKED_S)
            if lease is not None:  # only now: a read that cannot be shown makes no screen fresh
                self._feel(lease.reads, lease.trouble, asked_s)

    def _take(self, version: int, *, is_asked: bool) -> None:
        before = self.snapshot
        if before is None or before.version != version:
            self.snapshot = Snapshot(version, self._render(), self._write() if is_asked else None)
        elif is_asked and before.documents is None:
            self.snapshot = Snapshot(version, before.fragment, self._write())

    def _feel(self, reads: int, trouble: str, asked_s: float) -> None:
        before = self.pulse
        if reads == before.reads:
            self.pulse = Pulse(reads, before.read_at_s, trouble)
        elif before.reads == -1:
            self.pulse = Pulse(reads, NEVER, trouble)  # how old this read is cannot be known
        else:
            self.pulse = Pulse(reads, asked_s, trouble)

    def _hear(self, beat: int) -> None:
        if self._beat not in (None, beat):  # how old the first one is cannot be known
            self.worked_at = datetime.now(UTC)
        self._beat = beat

    def _failed(self, text: str, *, with_trace: bool = False) -> None:
        if not self._troubled:
            log.error("snapshot: %s", text, exc_info=with_trace)
        self._troubled = True
        self.pulse = Pulse(self.pulse.reads, self.pulse.read_at_s, text)

    def _recovered(self) -> None:
        if self._troubled:
            log.info("snapshot: the store answers again")
        self._troubled = False
