"""Which edition of the counts is shown, and which one is being filled."""

from dataclasses import asdict, dataclass, replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hmi.store import state
from hmi.store.runs import Key, Run

NAME, BY_DAY = "counts", "counts by day"


@dataclass(frozen=True, slots=True)
class Editions:
    """`building` is filled run by run, downwards from the newest; every run below `below` is still to come.

    `time` are the settings of the plant's time by which the slots of the newest one are cut, `shown_time`
    those of the shown one ("": as `time`, or not known).
    """

    shown: int = 1
    building: int | None = None
    below: Key | None = None
    done: int = 0  # runs that were counted so
    runs: int = 0  # that were there when it began
    time: str = ""
    swept: bool = True  # nothing of earlier editions is left
    shown_time: str = ""

    @property
    def progress(self) -> float:
        """How much of what is shown is counted, 0 to 1."""
        return 1.0 if self.building != self.shown else self._of_building

    def progress_by(self, time: str) -> float:
        """The same of what is asked by these settings of the time: what is cut by others answers wrongly."""
        is_cut_so = self.shown_time in ("", time) and (self.building is not None or self.time == time)
        return self.progress if is_cut_so else self._of_building

    @property
    def _of_building(self) -> float:
        if self.building is None:
            return 0.0
        return min(0.99, self.done / self.runs) if self.runs else 0.99


def of(session: Session) -> Editions:
    """As they stand. In a store that was never counted everything is still to come."""
    said = state.get(session, NAME)
    if said is None:
        return Editions(building=1)
    below = said["below"]
    return Editions(**{**said, "below": (below[0], below[1]) if below else None})


def has_days(session: Session, edition: int) -> bool:
    """Whether all of this edition is counted by the day too (`counts.by_day`): older ones are not."""
    return state.get(session, BY_DAY) == edition


def kept_up(session: Session) -> list[int]:
    """The editions that a change is written to."""
    now = of(session)
    return sorted({now.shown, now.building or now.shown})


def keep(session: Session, editions: Editions) -> Editions:
    state.put(session, NAME, asdict(editions))
    session.flush()
    return editions


def begin(session: Session, time: str) -> Editions:
    """Begin to count anew. What was begun and not finished is given up."""
    now = of(session)
    is_first = state.get(session, NAME) is None
    building = 1 if is_first else max(now.shown, now.building or 0) + 1
    shown = building if is_first else now.shown
    runs = session.scalar(select(func.count()).select_from(Run)) or 0
    if now.building == now.shown:  # what is shown was never complete
        shown = building
    state.put(session, BY_DAY, building if building == shown else None)
    cut_by = time if building == shown else now.shown_time or ("" if now.building else now.time)
    return keep(session, Editions(shown, building, None, 0, runs, time, swept=is_first, shown_time=cut_by))


def finish(session: Session, now: Editions) -> Editions:
    """What was built is shown from now on."""
    state.put(session, BY_DAY, now.building or now.shown)
    shown = now.building or now.shown
    return keep(session, replace(now, shown=shown, building=None, below=None, shown_time=now.time))
