"""Finding serials by any piece of them. `%` and `_` are characters like any other."""

from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Select, column, func, select, table
from sqlalchemy.orm import Session, aliased

from hmi.store.runs import Run

MOST = 200  # serials in one answer
LONGEST = 500  # characters of a serial
_RUNS = 1_000  # runs that are read for them: a serial may have several
_NEWEST = 10_000  # runs that are looked through first; a common piece is found there often enough
_SERIALS = 5_000  # SQLite: serials that are put in order where a piece is not common
_TRIGRAM = 3  # the indexes know no shorter pieces
SHORT = 50_000  # runs among which those are looked for
_INDEX = table("hmi_search", column("serial_upper"))
_Runs = type[Run]


@dataclass(frozen=True, slots=True)
class Found:
    """The newest run of each serial, newest first; `more` if others hold the piece too.

    `newest_only`: there are older runs than the `SHORT` that were looked through.
    """

    runs: tuple[Run, ...]
    more: bool
    newest_only: bool = False


def find(session: Session, piece: str) -> Found:
    """The serials that hold this piece, whatever its case. Nothing is found by nothing."""
    wanted = piece.strip().upper()
    if not wanted or len(wanted) > LONGEST:
        return Found((), more=False)
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    newest = _newest(_NEWEST)
    common = _read(session, newest, _holds(newest, wanted, is_sqlite))
    if common.more:
        return common
    if len(wanted) < _TRIGRAM:
        newest = _newest(SHORT)
        found = _read(session, newest, _holds(newest, wanted, is_sqlite))
        return replace(found, newest_only=_has_more_than(session, SHORT))
    if is_sqlite:
        return _read(session, Run, Run.serial_upper.in_(_by_index(wanted)))
    return _read(session, Run, _by_pieces(wanted), _holds(Run, wanted, is_sqlite))


def exact(session: Session, serial: str) -> str | None:
    """The serial as the plant writes it, whatever the case asked for; None if no run has it."""
    asked = select(Run.serial).where(Run.serial_upper == serial.strip().upper(), ~Run.gone)
    return session.scalar(asked.order_by(*_order(Run)).limit(1))


def _order(runs: _Runs) -> tuple[ColumnElement[int], ...]:
    return (runs.order_ms.desc(), runs.generation.desc(), runs.id.desc())


def _read(session: Session, among: _Runs, *holding: ColumnElement[bool]) -> Found:
    matches = select(among).where(*holding, ~among.gone).order_by(*_order(among)).limit(_RUNS)
    runs = session.scalars(matches).all()
    found: dict[str, Run] = {}
    for run in runs:
        found.setdefault(run.serial or "", run)
    return Found(tuple(found.values())[:MOST], len(found) > MOST or len(runs) == _RUNS)


def _holds(among: _Runs, wanted: str, is_sqlite: bool) -> ColumnElement[bool]:
    if is_sqlite:
        return func.instr(among.serial_upper, wanted) > 0
    return among.serial_upper.contains(wanted, autoescape=True)


def _newest(most: int) -> _Runs:
    """Taken first and looked through then: of a bound on their time PostgreSQL cannot know how few it leaves,
    and reads them all."""
    return aliased(Run, select(Run).order_by(*_order(Run)).limit(most).subquery())


def _has_more_than(session: Session, runs: int) -> bool:
    return session.scalar(select(Run.id).order_by(*_order(Run)).offset(runs).limit(1)) is not None


def _by_pieces(wanted: str) -> ColumnElement[bool]:
    """PostgreSQL: every three characters of it are in the serial."""
    return func.hmi_pieces(Run.serial_upper).op("@>", is_comparison=True)(func.hmi_pieces(wanted))


def _by_index(wanted: str) -> Select[str | None]:
    phrase = '"' + wanted.replace('"', '""') + '"'
    return select(_INDEX.c.serial_upper).where(_INDEX.c.serial_upper.op("MATCH")(phrase)).limit(_SERIALS)
