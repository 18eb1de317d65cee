"""One watched file: what the looks at it found, and when to look again. Pure: time is handed in."""

from dataclasses import dataclass
from typing import Literal

from hmi.plant.files import Stamp

FileState = Literal["whole", "incomplete", "absent", "broken", "refused", "unreachable"]
Found = Literal["whole", "incomplete", "held", "absent", "refused", "unreachable"]


@dataclass(frozen=True, slots=True)
class FileSeen:
    """What became of the file of a watched image.

    whole: it can be shown; width and height are those of the full image in px, and `stamp_text` names this
    content. incomplete: still being written, or held by its writer. absent: the place answers and has no such
    file. broken: it did not become whole although nothing changes any more. refused: its path, format or size
    is not allowed. unreachable: the place does not answer.
    """

    image: str
    state: FileState
    width: int | None = None
    height: int | None = None
    stamp_text: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look at a file found; `stamp` where it could be told. held: somebody else has it open."""

    state: Found
    stamp: Stamp | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two looks at a file, and how long a file may do nothing before it counts as broken."""

    first_s: float = 0.2  # doubles from look to look, up to
    growing_s: float = 0.5  # while the file changes
    waiting_s: float = 2.0  # while it does not
    broken_after_s: float = 5.0
    seldom_s: float = 15.0  # once it is broken or refused, or has been absent for
    away_s: float = 60.0
    whole_s: float = 1.0  # once it is whole
    newest: int = 64  # images are looked at so often; of older ones
    older_per_s: float = 100.0  # in all
    at_a_time: int = 2  # looks in each root


@dataclass(eq=False, slots=True)
class Watch:
    image: str
    path: str
    lane: int
    number: int  # counts up: newer images are looked at first
    found: Finding | None = None
    whole: Finding | None = None  # the last that was whole
    seen: FileSeen | None = None  # what was told last
    changed_s: float = 0.0  # when what is found last changed
    wait_s: float = 0.0  # until the next look
    is_over: bool = False

    def note(self, finding: Finding, now: float, pace: Pace) -> FileSeen | None:
        """Take in what a look found and set `wait_s`; returns what is new to tell, if anything."""
        before, self.found = self.found, finding
        is_new = before is None or (before.state, before.stamp) != (finding.state, finding.stamp)
        if is_new:
            self.changed_s = now
        if finding.state == "whole":
            self.whole = finding
        state = self._state(finding, now, pace)
        self.wait_s = self._wait_s(state, is_new, now, pace)
        if state == "unreachable" and self.whole is not None:
            return None  # nothing is known that would be newer than the content we have
        seen = FileSeen(self.image, state, finding.width, finding.height, _text(finding.stamp))
        is_told = self.seen is not None and self.seen.state == state and state != "whole"
        if is_told or seen == self.seen:
            return None
        self.seen = seen
        return seen

    def _state(self, finding: Finding, now: float, pace: Pace) -> FileState:
        if finding.state == "held":
            return "incomplete"
        if finding.state == "incomplete" and now - self.changed_s >= pace.broken_after_s:
            return "broken"
        return finding.state

    def _wait_s(self, state: FileState, is_new: bool, now: float, pace: Pace) -> float:
        if state == "whole":
            return pace.whole_s
        if state in ("broken", "refused") or (state == "absent" and now - self.changed_s >= pace.away_s):
            return pace.seldom_s
        longest = pace.growing_s if is_new and state == "incomplete" else pace.waiting_s
        return min(max(2 * self.wait_s, pace.first_s), longest)


def _text(stamp: Stamp | None) -> str | None:
    return stamp.text if stamp is not None else None
