"""Compares what a kiosk's screen shows with what both databases hold, several times a second.

Every rule gives the screen 5 s, and the machine a little more: what it shows must have been true within them.
"""

import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, tuple_

from hmi.store import Store, StoreUnavailable
from hmi.store import outbox as outgoing
from hmi.store.outbox import Outgoing
from hmi.store.runs import Defect, Image, Run, key_of, reference
from hmi.store.verdicts import Verdict
from tests.soak.faults import SEEING, Troublemaker
from tests.soak.stage import Stage

FRESH_S, SLACK_S = 5.0, 1.5
HEALS_S = 10.0  # a kiosk that lost a whole request needs two more polls
STARVED = 20.0  # a look takes some ms; where it takes longer, so does everything else on this machine
LOOK = """() => ({
  link: document.documentElement.dataset.link,
  serial: document.querySelector("#header .wide dd")?.textContent ?? "",
  run: document.querySelector("#part")?.dataset.run ?? "",
  verdict: document.querySelector(".part-verdict")?.dataset.verdict ?? "",
  tiles: [...document.querySelectorAll(".tile")].map((tile) => ({
    verdict: tile.dataset.verdict,
    image: tile.querySelector("img[data-picture]")?.id.slice("picture-".length).replace("-", ".") ?? "",
  })),
  nodes: document.getElementsByTagName("*").length,
})"""


@dataclass
class Oracle:
    stage: Stage
    store: Store
    trouble: Troublemaker
    violations: list[str] = field(default_factory=list)
    looks: int = 0
    live_looks: int = 0
    slowest_heal_s: float = 0.0
    nodes: list[int] = field(default_factory=list)
    _verdicts: dict[str, deque[tuple[float, str]]] = field(default_factory=dict)  # image → (until, verdict)
    _asked_s: float = 0.0
    _took_s: deque[float] = field(default_factory=lambda: deque(maxlen=60))
    _live_s: float = field(default_factory=time.monotonic)
    _said: dict[str, float] = field(default_factory=dict)

    def look(self, page: Any) -> None:
        """One look at the screen, and at the databases."""
        before_s = time.monotonic()
        self._follow(before_s)
        seen = page.evaluate(LOOK)
        after_s = time.monotonic()
        self._took_s.append(after_s - before_s)
        self.looks += 1
        self.nodes.append(seen["nodes"])
        if seen["link"] == "live":
            self.live_looks += 1
            self._check_live(seen, before_s)
            self._live_s = after_s
        self._check_heals(seen, after_s)

    def _check_live(self, seen: dict[str, Any], at_s: float) -> None:
        truth_s = at_s - FRESH_S - SLACK_S
        fault = self.trouble.now
        if self.trouble.is_healing:
            fault = None  # it may be over already
        if fault is not None and fault.effect != SEEING and self.trouble.began_s < truth_s:
            self._violation(f"live {at_s - self.trouble.began_s:.1f} s after: {fault.name}")
        allowed = self.stage.line.serials_since(truth_s)
        if allowed and seen["serial"] not in allowed:
            self._violation(f"live with an old part: {seen['serial']}, there is {sorted(allowed)}")
        for tile in seen["tiles"]:
            if not self._was(tile, truth_s):
                self._follow(time.monotonic(), at_once=True)  # the screen may know what came since we asked
            if not self._was(tile, truth_s):
                known = ", ".join(verdict for _, verdict in self._verdicts[tile["image"]])
                self._violation(f"image {tile['image']} is shown as {tile['verdict']}, was {known}")

    def _was(self, tile: dict[str, Any], truth_s: float) -> bool:
        """Whether the store held what the tile shows, as far as it is known."""
        known = {verdict for until, verdict in self._verdicts.get(tile["image"], ()) if until > truth_s}
        return not known or tile["verdict"] in known or self._was_between_looks(tile, truth_s)

    def _was_between_looks(self, tile: dict[str, Any], truth_s: float) -> bool:
        """Whether the store held it for a moment only: rows of a part come one after the other."""
        truth = datetime.now(UTC) - timedelta(seconds=time.monotonic() - truth_s)
        of_image = (Verdict.image_generation, Verdict.image_id)
        try:
            with self.store.read() as session:
                chosen = select(Verdict.verdict, Verdict.at).where(tuple_(*of_image) == key_of(tile["image"]))
                rows = session.execute(chosen.order_by(Verdict.id)).all()
        except StoreUnavailable:
            return True  # not known, and looked at again in a moment
        ends = [row.at for row in (*rows[1:], *rows[-1:])]  # of one that was withdrawn nobody knows when
        return any(
            row.verdict == tile["verdict"] and end > truth for row, end in zip(rows, ends, strict=True)
        )

    def _check_heals(self, seen: dict[str, Any], at_s: float) -> None:
        """Back to live soon after the end of whatever it was."""
        if self.trouble.now is not None and self.trouble.now.effect != SEEING:
            return
        since_s = at_s - max(self._live_s, self.trouble.healed_s)
        if seen["link"] != "live" and since_s > HEALS_S + STARVED * max(self._took_s):
            self._violation(f"not live again, {seen['link']}, {since_s:.0f} s after the last fault")
        if self._live_s >= self.trouble.healed_s:
            return
        self.slowest_heal_s = max(self.slowest_heal_s, at_s - self.trouble.healed_s)

    def _follow(self, now_s: float, *, at_once: bool = False) -> None:
        """What the store holds of the newest images, and until when it did."""
        if now_s - self._asked_s < 0.3 and not at_once:
            return
        self._asked_s = now_s
        try:
            with self.store.read() as session:
                newest = select(Image.generation, Image.id, Image.verdict).order_by(Image.id.desc()).limit(30)
                rows = session.execute(newest).all()
        except StoreUnavailable:
            return
        for generation, number, verdict in rows:
            begins = deque([(time.monotonic(), "waiting")], maxlen=20)  # as every image does
            known = self._verdicts.setdefault(reference((generation, number)), begins)
            if known[-1][1] == verdict:
                known[-1] = (time.monotonic(), verdict)
            else:
                known.append((time.monotonic(), verdict))
        for image in list(self._verdicts)[:-200]:
            del self._verdicts[image]

    def _violation(self, text: str) -> None:
        """The same one is not said again within some seconds."""
        kind = text.split(":")[0][:24]
        if self._said.get(kind, -60.0) < time.monotonic() - 10:
            self.violations.append(text)
            print(f"VIOLATION {text}", flush=True)
        self._said[kind] = time.monotonic()


def differences(stage: Stage, store: Store) -> list[str]:
    """Where store and plant database differ once nothing is under way any more."""
    found = []
    with store.read() as session:
        for table, row in (("Triggers", Run), ("Images", Image), ("Defects", Defect)):
            ours = set(session.scalars(select(row.id).where(~row.gone)))
            theirs = {one[0] for one in stage.postgres.run(f'SELECT id FROM "{table}"', stage.dbname)}
            if ours != theirs:
                found.append(f"{table}: {len(theirs - ours)} are missing here, {len(ours - theirs)} there")
        waiting = session.scalar(select(func.count()).where(Run.verdict == "waiting")) or 0
        if waiting:
            found.append(f"{waiting} parts still wait")
        newest = select(Outgoing).order_by(Outgoing.id)
        wanted = {one.defect_id: one for one in session.scalars(newest)}
    there = dict(stage.postgres.run('SELECT id, disposition FROM "Defects"', stage.dbname))
    for number, one in wanted.items():
        if one.state != outgoing.DONE:
            found.append(f"the decision on defect {number} is {one.state} ({one.trouble})")
        elif there.get(number) != one.disposition:
            found.append(f"defect {number}: decided {one.disposition}, the plant has {there.get(number)}")
    return found
