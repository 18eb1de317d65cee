"""Logging: a console for people, and a rotating file for programs that several processes can share."""

import json
import logging
import re
import sys
from collections import Counter
from datetime import UTC, datetime
from logging import Filter, Formatter, Handler, LogRecord, StreamHandler
from pathlib import Path

from concurrent_log_handler import ConcurrentRotatingFileHandler

from hmi import request_number
from hmi.serving_settings import Logging

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s%(of_request)s"
#: written since this process began, by level
lines: Counter[str] = Counter()
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


class RequestNumber(Filter):
    """Says of every line to which request it belongs."""

    def filter(self, record: LogRecord) -> bool:
        number = request_number.current()
        record.request_id = number
        record.of_request = f" [{number}]" if number else ""
        return True


class Counted(Handler):
    """Counts lines by level, for the metrics."""

    def emit(self, record: LogRecord) -> None:
        lines[record.levelname] += 1


class OneLine(Formatter):
    """One line a record whatever was logged: names and paths from outside cannot forge a second one."""

    def format(self, record: LogRecord) -> str:
        message = super().format(record)
        if record.exc_info:
            return message
        return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", message)


class JsonLine(Formatter):
    """One JSON object a line: time (UTC), level, logger, message; request and trace where there is one."""

    def format(self, record: LogRecord) -> str:
        said = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
            "thread": record.threadName,
            "request": getattr(record, "request_id", ""),
            "trace": self.formatException(record.exc_info) if record.exc_info else "",
        }
        return json.dumps({name: value for name, value in said.items() if value not in ("", None)})


def configure(settings: Logging) -> None:
    """Send the product's log to the console and, where set, to the file."""
    console: Handler = StreamHandler()
    console.setFormatter(OneLine(FORMAT))
    handlers = [console, Counted()]
    if settings.file:
        handlers.append(_file(settings))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    for handler in handlers:
        handler.addFilter(RequestNumber())
        root.addHandler(handler)
    root.setLevel(settings.level)
    for noisy in ("alembic", "paramiko", "PIL"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # It says so of every request that waits a moment, which is the rule when 40 kiosks load a new part.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)


class SharedFile(ConcurrentRotatingFileHandler):
    """What cannot be written is told to the console once, and nobody who logs ever fails by it."""

    _is_broken = False

    def emit(self, record: LogRecord) -> None:
        self._failed = False
        super().emit(record)
        if self._is_broken and not self._failed:
            self._tell("can be written again")
        self._is_broken = self._failed

    def handleError(self, _record: LogRecord) -> None:  # noqa: N802 - the library's name
        self._failed = True
        if not self._is_broken:
            self._tell(f"cannot be written ({sys.exc_info()[1]}); lines are missing there")

    def _tell(self, what: str) -> None:
        if sys.stderr is not None:
            sys.stderr.write(f"the log file {self.baseFilename} {what}\n")


def _file(settings: Logging) -> Handler:
    Path(settings.file).parent.mkdir(parents=True, exist_ok=True)
    handler = SharedFile(
        settings.file,
        maxBytes=int(settings.max_size_mb * 1_000_000),
        backupCount=settings.backup_count,
        encoding="utf-8",
    )
    handler.setFormatter(JsonLine() if settings.format == "json" else OneLine(FORMAT))
    return handler
