"""A person at a desk: decides as a page would, on the state that it shows."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from hmi.deciding import Taken, Wish, asks_of, decide, state_of_defect, state_of_part
from hmi.settings import Settings
from hmi.store import Store, decisions
from hmi.store.decisions import DEFECT, PART, Decider, Decision
from hmi.store.runs import Defect, Key, Run

ANN, BEN = Decider("ann", "supervisor", "Station 3"), Decider("ben", "supervisor")
NOON = datetime(2026, 5, 8, 16, tzinfo=UTC)
_numbers = count(1)


class Desk:
    def __init__(self, settings: Settings, store: Store) -> None:
        self.settings = settings
        self.store = store

    def state(self, subject: str, key: Key) -> str:
        with self.store.read() as session:
            head = decisions.heads(session, subject, [key]).get(key)
            if subject == DEFECT:
                return state_of_defect(session.get_one(Defect, key), head)
            run = session.get_one(Run, key)
            return state_of_part(run, head, asks_of(session, [run]))

    def defect(self, number: int, word: str, by: Decider = ANN, **wish: Any) -> Taken:
        return self.decide(DEFECT, (1, number), word, by, **wish)

    def part(self, number: int, word: str, by: Decider = ANN, **wish: Any) -> Taken:
        return self.decide(PART, (1, number), word, by, **wish)

    def decide(self, subject: str, key: Key, word: str, by: Decider = ANN, **wish: Any) -> Taken:
        number = next(_numbers)
        usual = {"state": wish.get("state") or self.state(subject, key), "idempotency": f"key-{number}"}
        wanted = Wish(subject, key, word, **{**usual, **wish})
        with self.store.write() as session:
            return decide(session, self.settings, wanted, by, NOON + timedelta(seconds=number))

    def in_force(self, subject: str, number: int) -> str | None:
        with self.store.read() as session:
            head = decisions.heads(session, subject, [(1, number)]).get((1, number))
            return head.word_in_force if head else None

    def history(self, subject: str, number: int) -> list[Decision]:
        with self.store.read() as session:
            return decisions.history(session, subject, (1, number))
