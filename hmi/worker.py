"""The worker: of all processes on a store, the one that holds the lease leads."""

import logging
import threading
from collections.abc import Callable

from hmi.leading import Term
from hmi.pictures.gallery import Gallery
from hmi.settings import Settings
from hmi.store import Store, StoreUnavailable, notices
from hmi.store.leases import LeaseLost, WorkerLease
from hmi.webhook import Webhook

log = logging.getLogger(__name__)

RETRY_S = 1.0
FAULT = "the worker has a fault, see the log"


class Worker:
    """Runs in a thread of its own. `on_change` is called after every change that a screen shows."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        gallery: Gallery,
        on_change: Callable[[], None] = lambda: None,
        *,
        lease_s: float = 5.0,
    ) -> None:
        self._settings = settings
        self._store = store
        self._gallery = gallery
        self._on_change = on_change
        self._lease = WorkerLease(store, lease_s)
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        gallery.on_seen = self._wake.set

    def start(self) -> None:
        self._thread = threading.Thread(target=self.run, name="worker", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Lead whenever the lease is ours, until stopped or `until` says so."""
        said = ""
        while not self._stop.is_set() and not until():
            try:
                if self._lease.acquire():
                    log.info("this process is the worker now (term %d)", self._lease.term)
                    said = ""
                    self._lead(until)
            except LeaseLost:
                log.warning("another process is the worker now")
            except StoreUnavailable as error:
                if said != str(error):
                    log.error("worker: %s", error)  # noqa: TRY400 - an outage, no fault of the code
                said = str(error)
            except Exception:
                log.exception("worker: unexpected fault; it starts over")
                self._say_fault()
            self._stop.wait(RETRY_S)

    def _lead(self, until: Callable[[], bool]) -> None:
        webhook = Webhook(self._settings, self._store) if self._settings.webhook.url else None
        if webhook is not None:
            webhook.start()
        else:
            with self._store.write() as session:
                notices.forget(session)
        term = Term(self._settings, self._store, self._lease, self._gallery, self._on_change)
        try:
            term.begin()
            while not self._stop.is_set() and not until():
                term.step()
                term.wait(self._wake)
        finally:
            if webhook is not None:
                webhook.stop()
            term.close()
            self._release()

    def _say_fault(self) -> None:
        """Screens go stale by themselves; this tells them why."""
        try:
            if self._lease.acquire():
                with self._store.write() as session:
                    self._lease.checked(session, read=False, trouble=FAULT)
        except (StoreUnavailable, LeaseLost):
            log.info("the fault could not be told to the screens")

    def _release(self) -> None:
        try:
            self._lease.release()
        except StoreUnavailable:
            log.info("the lease could not be released; it expires by itself")
