"""What the worker noted of the plant, in words: its database, the server of that, the vision system."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hmi.condition import CLOCK, SERVER_SKEW_S, SKEW_S, SLOTS, STALE_LAG_S, STANDBY, VISION, signed
from hmi.observe.rows import FAILED, OK, UNKNOWN, WARNING, Row

FRESH_S = 5.0
Noted = Mapping[str, Any]


def plant_rows(noted: Noted, trouble: str, noticed_at: datetime | None) -> Iterator[Row]:
    """`trouble` is why this process shows nothing fresh, `noticed_at` when it last noticed a read."""
    if not noted:
        yield Row("Reading", UNKNOWN, "no worker has noted anything yet", noticed_at)
        return
    read_at, since = moment_in(noted.get("read_at")), moment_in(noted.get("began_at"))
    trouble, is_fresh = trouble or noted.get("trouble") or "", _is_fresh(noted, trouble)
    lags = (noted.get("lag_s") or 0.0) > STALE_LAG_S  # it answers, with what was true before
    good = [at for at in (noticed_at, None if lags else read_at) if at is not None]
    text = trouble or ("is read" if is_fresh else "was not read lately")
    yield Row("Reading", OK if is_fresh else FAILED, text, max(good, default=None))
    for row in _of_server(noted):
        yield replace(row if is_fresh or row.state != OK else _as_it_was(row), since=since)


def vision_row(noted: Noted, trouble: str) -> Row:
    """Nobody knows of the vision system while the plant cannot be read; `trouble` as in `plant_rows`."""
    skew_s, part_at = noted.get("vision_skew_s"), moment_in(noted.get("part_at"))
    since = moment_in(noted.get("began_at"))
    if part_at is None:
        return Row("Vision system", UNKNOWN, "no part has come since the worker began", None, since)
    row = _clock("Vision system", skew_s, SKEW_S)
    words = "clock not known yet" if skew_s is None else f"clock skew {row.text}"
    good = part_at if row.state == OK else _well_at(noted, VISION)
    row = Row("Vision system", row.state, f"the last part came; {words}", good, since)
    return row if _is_fresh(noted, trouble) or row.state != OK else _as_it_was(row)


def moment_in(said: object) -> datetime | None:
    return datetime.fromisoformat(said) if isinstance(said, str) else None


def ago(age_ms: int | None) -> datetime | None:
    return None if age_ms is None else datetime.now(UTC) - timedelta(milliseconds=age_ms)


def _as_it_was(row: Row) -> Row:
    """What was well when the plant was read last; nobody knows of now."""
    return replace(row, state=UNKNOWN, text=f"when it was read last: {row.text}")


def _of_server(noted: Noted) -> Iterator[Row]:
    server = noted.get("server") or {}
    read_at = moment_in(noted.get("read_at"))
    yield Row("Server", OK if server else UNKNOWN, _server_words(server), read_at if server else None)
    lag_s = noted.get("lag_s")
    if lag_s is not None:
        words = f"{lag_s:.0f} s behind its primary"
        yield Row("Standby", OK if lag_s <= STALE_LAG_S else FAILED, words, _well_at(noted, STANDBY))
    clock = _clock("Its clock", noted.get("server_skew_s"), SERVER_SKEW_S)
    yield replace(clock, last_good=_well_at(noted, CLOCK))
    if server:
        yield _publications(server)
        yield replace(_slots(server), last_good=_well_at(noted, SLOTS))


def _well_at(noted: Noted, what: str) -> datetime | None:
    return moment_in((noted.get("well_at") or {}).get(what))


def _server_words(server: Mapping[str, Any]) -> str:
    return f"{server['version']}, {server['database']}" if server else "not asked yet"


def _publications(server: Mapping[str, Any]) -> Row:
    found = server.get("publications") or []
    names = ", ".join(
        f"{one['name']} (all tables: nothing may be created there)" if one["all_tables"] else one["name"]
        for one in found
    )
    return Row("Publications", OK, names or "none", moment_in(server.get("asked_at")))


def _slots(server: Mapping[str, Any]) -> Row:
    found = server.get("slots") or []
    idle = [one["name"] for one in found if not one["active"]]
    names = ", ".join(f"{one['name']} ({one['kind']})" for one in found)
    if idle:
        why = f"{', '.join(idle)} not active: the server keeps its log until the disk is full"
        return Row("Replication slots", WARNING, f"{names}; {why}")
    return Row("Replication slots", OK, names or "none")


def _clock(what: str, skew_s: float | None, most_s: float) -> Row:
    if skew_s is None:
        return Row(what, OK, "not known, or this machine's")
    state_of_it = OK if abs(skew_s) < most_s else WARNING
    return Row(what, state_of_it, f"{signed(skew_s)} from this server's")


def _is_fresh(noted: Noted, trouble: str) -> bool:
    return not trouble and not noted.get("trouble") and _is_recent(moment_in(noted.get("read_at")))


def _is_recent(at: datetime | None) -> bool:
    """Noted every five seconds; beyond that somebody's clock was set, and the screens know better."""
    return at is not None and abs((datetime.now(UTC) - at).total_seconds()) < 3 * FRESH_S
