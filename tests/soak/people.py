"""People who decide all along, and remember what they were told."""

import json
import random
import threading
from dataclasses import dataclass, field
from http.client import HTTPException

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from hmi.auth import accounts, passwords
from hmi.review import open_defects
from hmi.settings import Settings
from hmi.store import Store, StoreUnavailable
from hmi.store.decisions import Decision
from hmi.store.users import SUPERVISOR
from tests.servers import Server
from tests.signing_in import PASSWORD, headers_of

TAKEN, REFUSED, UNSURE = "taken", "refused", "unsure"
SAID = {201: TAKEN, 200: TAKEN, 409: REFUSED}


@dataclass
class Person:
    """Decides on an open defect every `every_s`; some of them twice, as nervous fingers do."""

    name: str
    server: Server
    store: Store
    settings: Settings
    every_s: float
    said: dict[str, str] = field(default_factory=dict)  # key → what the person was told at last
    strange: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _headers: dict[str, str] | None = None

    def begin(self) -> None:
        with self.store.write() as session:
            user = accounts.add(session, "soak", self.name, SUPERVISOR, password=None)
            user.password_hash = passwords.hash_of(PASSWORD)
        self._random = random.Random(self.name)
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        self._thread.join(60)

    def _run(self) -> None:
        number = 0
        while not self._stop.wait(self.every_s):
            number += 1
            try:
                self._decide(f"{self.name} {number:06}")
            except (OSError, HTTPException, StoreUnavailable, SQLAlchemyError, AttributeError):
                self._headers = None  # no answer: sign in again when there is one

    def _decide(self, key: str) -> None:
        if self._headers is None:
            self._headers = headers_of(self.server, self.name)
        wish = self._wish()
        if wish is None:
            return
        body = json.dumps({**wish, "key": key}).encode()
        for _ in range(self._random.choice((1, 1, 2))):
            self.said[key] = UNSURE
            headers = {**self._headers, "Content-Type": "application/json"}
            answer = self.server.ask("POST", "/decisions", body, headers=headers, timeout_s=5)
            self.said[key] = SAID.get(answer.status, UNSURE)
            if answer.status not in (*SAID, 503):
                self.strange.append(f"{key} was answered {answer.status}: {answer.body[:200]!r}")

    def _wish(self) -> dict[str, str] | None:
        """On one of the oldest open defects: others may be at it too."""
        with self.store.read() as session:
            items = open_defects(session, self.settings, limit=6).items
        if not items:
            return None
        chosen = self._random.choice(items)
        word = self._random.choice(("okay", "scrap"))
        return {"subject": "defect", "of": chosen.defect, "word": word, "state": chosen.state}


def violations_of(people: list[Person], store: Store) -> list[str]:
    """What was said to be taken stands exactly once, what was refused does not."""
    with store.read() as session:
        keys = list(session.scalars(select(Decision.key)))
    stand = set(keys)
    found = [] if len(keys) == len(stand) else ["a decision stands twice"]
    for person in people:
        found += person.strange[:5]
        for key, said in list(person.said.items()):
            if said == TAKEN and key not in stand:
                found.append(f"{key}: was said to be taken and does not stand")
            if said == REFUSED and key in stand:
                found.append(f"{key}: was said to be refused and stands")
    return found
