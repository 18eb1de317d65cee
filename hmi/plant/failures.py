"""Why the plant could not be read, in words for a person and as a kind for the program."""

import re
import sqlite3
from typing import Literal

import psycopg2

Kind = Literal[
    "refused",
    "timeout",
    "frozen",
    "locked",
    "read_only",
    "password",
    "permission",
    "too_many",
    "schema",
    "other",
]

_BY_STATE: dict[str, Kind] = {
    "55P03": "locked",  # lock_not_available
    "40P01": "locked",  # deadlock_detected
    "25006": "read_only",  # read_only_sql_transaction: a standby, or told to write nothing
    "57014": "timeout",  # query_canceled: statement_timeout
    "42501": "permission",  # insufficient_privilege
    "53300": "too_many",  # too_many_connections
    "57P01": "refused",  # admin_shutdown
    "57P02": "refused",  # crash_shutdown
    "57P03": "refused",  # cannot_connect_now
    "57P05": "refused",  # idle_session_timeout
}
_BY_CLASS: dict[str, Kind] = {"08": "refused", "28": "password", "42": "schema"}

#: While connecting the driver gives no state, only the server's sentence, and not always in English.
_BY_WORDS: tuple[tuple[str, Kind], ...] = (
    (r"too many (clients|connections)|connection slots", "too_many"),
    (r"password|pg_hba\.conf|authentication|role .* is not permitted|not permitted to log in", "password"),
    (r"role .* does not exist", "password"),
    (r"permission denied", "permission"),
    (r"timeout expired|timed out", "timeout"),
    (
        r"refused|starting up|shutting down|recovery mode|closed the connection|terminating connection",
        "refused",
    ),
    (r"could not (connect|receive|send)|unreachable|no route|reset by peer|broken pipe|EOF", "refused"),
    (r"No such file or directory|connection already closed|translate host name", "refused"),
)

_TEXTS: dict[Kind, str] = {
    "refused": "it refuses the connection, is starting, or is not running",
    "timeout": "it takes too long to answer",
    "frozen": "it was reached but stopped answering",
    "locked": "a table is locked by somebody else",
    "read_only": "it accepts no changes now (read-only)",
    "password": "it does not accept the account or its password",
    "permission": "the account lacks a right",
    "too_many": "it has no free connection (too many clients)",
    "schema": "a table or column is not as expected",
    "other": "it reports a fault",
}
_SAYS_MORE: tuple[Kind, ...] = ("permission", "schema", "other")

_SQLITE_KINDS: dict[int, Kind] = {
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_INTERRUPT: "timeout",
    sqlite3.SQLITE_CANTOPEN: "refused",
    sqlite3.SQLITE_READONLY: "read_only",
    sqlite3.SQLITE_PERM: "permission",
    sqlite3.SQLITE_AUTH: "permission",
}


class PlantUnavailable(Exception):
    """The plant could not be read. `str()` is one line for a person and holds no secret.

    The line is the same for every repetition of one fault, so that whoever logs it can log it once.
    """

    def __init__(self, kind: Kind, because: str) -> None:
        super().__init__(f"the plant database cannot be read: {because}")
        self.kind: Kind = kind
        self.because = because


class OutcomeUnknown(PlantUnavailable):
    """The plant database was lost while it was to commit: what was written may stand, or may not."""


def unavailable(kind: Kind, detail: str = "") -> PlantUnavailable:
    """The standard sentence for `kind`, with the server's own words where they say more."""
    return PlantUnavailable(kind, f"{_TEXTS[kind]} ({detail})" if detail else _TEXTS[kind])


def from_postgresql(error: psycopg2.Error, secret: str = "") -> PlantUnavailable:
    """`secret` never appears in the text, whatever the driver put into its message."""
    state = error.pgcode or ""
    message = error.diag.message_primary or str(error)
    kind = _BY_STATE.get(state) or _BY_CLASS.get(state[:2]) or ("other" if state else _kind_by_words(message))
    return unavailable(kind, _one_line(message, secret) if kind in _SAYS_MORE else "")


def from_sqlite(error: sqlite3.Error) -> PlantUnavailable:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    message = str(error)
    kind = _SQLITE_KINDS.get(code, "other")
    if re.search(r"no such (table|column)", message):
        kind = "schema"
    return unavailable(kind, _one_line(message, "") if kind in _SAYS_MORE else "")


def _kind_by_words(message: str) -> Kind:
    for words, kind in _BY_WORDS:
        if re.search(words, message, re.IGNORECASE):
            return kind
    return "other"


def _one_line(message: str, secret: str) -> str:
    if secret:
        message = message.replace(secret, "…")
    return re.sub(r"[\x00-\x1f\x7f\s]+", " ", message).strip()[:300]
