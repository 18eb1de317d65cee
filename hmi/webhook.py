"""Telling others: a notice of every verdict on a part and of every decision, to one address, signed.

Runs in a thread of the worker's process and waits for nobody in it. What is told follows the Standard
Webhooks form: `webhook-id`, `webhook-timestamp` and `webhook-signature` (HMAC-SHA256 over the three). Each
notice is told until it is taken, in order; who takes it twice knows it by its id.
"""

import base64
import hashlib
import hmac
import json
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

import regions
from hmi.api import stated
from hmi.api_settings import Webhook as Where
from hmi.delivery import Refused, Unreachable, post
from hmi.judging.expected import cameras_of, expected_of
from hmi.review import said
from hmi.settings import Settings
from hmi.store import Store, StoreUnavailable, line, notices
from hmi.store.decisions import Decision
from hmi.store.notices import Notice
from hmi.store.runs import Key, Run
from hmi.store.verdicts import Verdict

log = logging.getLogger(__name__)

LOOK_S = 1.0
SOON_S, LATE_S = 1.0, 300.0  # waits after a failure; each is twice the one before
AT_ONCE = 100
MOST_NEW = 500  # ids of a kind that one step looks at
MOST_REFUSALS = 5  # so often a notice may be called wrong before the next one has its turn
SECRET_PREFIX = "whsec_"  # noqa: S105 - how the standard writes secrets that are base64


class Webhook:
    """`poke` says that there may be something to tell. Nothing is ever raised out of the thread."""

    def __init__(
        self, settings: Settings, store: Store, *, soon_s: float = SOON_S, look_s: float = LOOK_S
    ) -> None:
        self._settings = settings
        self._store = store
        self._soon_s = soon_s
        self._look_s = look_s
        self._wait_s = 0.0
        self._stop = threading.Event()
        self._poke = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)
        self.trouble = ""

    def start(self) -> None:
        self._thread.start()

    def poke(self) -> None:
        self._poke.set()

    def stop(self) -> None:
        """Begins to end; what is being delivered has its own deadline and is not waited for."""
        self._stop.set()
        self._poke.set()

    def join(self, timeout_s: float) -> None:
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.step()
            except StoreUnavailable:
                log.info("webhook: waits for the store")
            except Exception:
                log.exception("webhook: unexpected fault; it goes on")
            if self._wait_s:
                self._stop.wait(self._wait_s)
            elif self._poke.wait(self._look_s):
                self._poke.clear()

    def step(self) -> None:
        """Queue what is new and deliver what waits, until something fails."""
        with self._store.write() as session:
            _queue_new(session, self._settings, datetime.now(UTC))
        while not self._stop.is_set():
            with self._store.read() as session:
                due = notices.waiting(session, AT_ONCE)
            if not due or not all(self._deliver(notice) for notice in due):
                return

    def _deliver(self, notice: Notice) -> bool:
        """Whether the next one may follow."""
        where = self._settings.webhook
        if self._stop.is_set():
            return False
        try:
            post(where.url, *signed(where, notice, time.time()), where.timeout_s)
        except Refused as error:
            self._fails(str(error))
            return self._note(notice, str(error), is_final=notice.tries + 1 >= MOST_REFUSALS)
        except Unreachable as error:
            self._fails(str(error))
            self._note(notice, str(error), is_final=False, is_refused=False)
            return False
        if self.trouble:
            log.info("webhook: taken again")
        self.trouble, self._wait_s = "", 0.0
        self._end(notice, notices.DELIVERED, "")
        return True

    def _fails(self, text: str) -> None:
        self._wait_s = min(LATE_S, 2 * self._wait_s) if self._wait_s else self._soon_s
        if self.trouble != text:
            log.warning("webhook: %s", text)
        self.trouble = text

    def _note(self, notice: Notice, trouble: str, *, is_final: bool, is_refused: bool = True) -> bool:
        """An outage is no refusal, however often it is met."""
        if is_final:
            log.error("webhook: %s is given up: %s", notice.event, trouble)
            self._end(notice, notices.GIVEN_UP, trouble)
            self._wait_s = 0.0
            return True
        with self._store.write() as session:
            kept = session.get_one(Notice, notice.id)
            kept.tries, kept.trouble = kept.tries + is_refused, trouble
        return False

    def _end(self, notice: Notice, how: str, trouble: str) -> None:
        with self._store.write() as session:
            kept = session.get_one(Notice, notice.id)
            kept.state, kept.trouble, kept.ended_at = how, trouble, datetime.now(UTC)
            kept.tries += 1


def signed(where: Where, notice: Notice, at_s: float) -> tuple[bytes, dict[str, str]]:
    """The body, and the headers that prove whose it is and when it was sent."""
    body = json.dumps(notice.body, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    stamp = str(int(at_s))
    seal = hmac.digest(
        key_of_secret(where.secret), f"{notice.event}.{stamp}.".encode() + body, hashlib.sha256
    )
    return body, {
        "Content-Type": "application/json",
        "User-Agent": "porosity-hmi",
        "webhook-id": notice.event,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(seal).decode()}",
    }


def key_of_secret(secret: str) -> bytes:
    """The bytes that sign: of a secret as the standard writes it those that it encodes, else its text."""
    if secret.startswith(SECRET_PREFIX):
        return base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    return secret.encode()


def _queue_new(session: Session, settings: Settings, now: datetime) -> None:
    """Whoever judges and decides takes turns, so ids come in the order in which they are to be told."""
    notices.sweep(session, now, settings.webhook.keep_days)
    told: list[tuple[datetime, str, dict[str, Any]]] = []
    kinds = (
        ("verdict", Verdict, _verdicts, settings.webhook.verdicts),
        ("decision", Decision, _decisions, settings.webhook.decisions),
    )
    for kind, model, bodies, is_wanted in kinds:
        newest = session.scalar(select(func.max(model.id))) or 0
        until = notices.told_until(session, kind)
        if until is None or not is_wanted:
            if until != newest:
                notices.tell_from(session, kind, newest)  # what was before is not told
            continue
        newest = min(newest, until + MOST_NEW)
        for event, at, body in bodies(session, settings, until, newest):
            stamp = at.astimezone(UTC)
            told.append((stamp, event, {"type": kind, "timestamp": stamp.isoformat(), "data": body}))
        if newest > until:
            notices.tell_from(session, kind, newest)
    for _, event, body in sorted(told, key=lambda one: one[0]):
        session.add(Notice(event=event, body=body, queued_at=now))
        session.flush()  # its number is its place


Told = Iterator[tuple[str, datetime, dict[str, Any]]]


def _verdicts(session: Session, settings: Settings, after: int, until: int) -> Told:
    """One for each part that has new verdicts and is not waiting: how it stands now."""
    rows = session.scalars(
        select(Verdict).where(Verdict.id > after, Verdict.id <= until).order_by(Verdict.id)
    )
    newest: dict[Key, Verdict] = {}
    for row in rows:
        newest.pop(row.run_key, None)
        newest[row.run_key] = row
    for key, row in newest.items():
        run = session.get(Run, key)
        if run is None or run.gone or run.past or run.verdict == "waiting":
            continue
        part = stated.parts(session, [run])[0]
        body = {**part.model_dump(mode="json"), "cameras": _cameras(session, settings, run)}
        yield f"verdict-{row.id}", row.at, body


def _cameras(session: Session, settings: Settings, run: Run) -> dict[str, str]:
    """Of each camera the worst of its images; one that is still waited for is waiting."""
    found: dict[str, list[str]] = defaultdict(list)
    for row in line.verdicts_of(session, run):
        found[row.camera].append(row.verdict)
    expected = expected_of(run, cameras_of(session, settings.line))
    told = {camera.serial: "waiting" for camera in expected}
    return told | {camera: regions.part_verdict(verdicts) for camera, verdicts in found.items()}


def _decisions(session: Session, settings: Settings, after: int, until: int) -> Told:
    rows = session.scalars(
        select(Decision).where(Decision.id > after, Decision.id <= until).order_by(Decision.id)
    )
    for row in rows:
        yield f"decision-{row.id}", row.at, stated.decided(said(settings, row)).model_dump(mode="json")
