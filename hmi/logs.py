"""Logging: console and a rotating file that several processes can share."""

import logging
import re
from logging import Formatter, Handler, LogRecord, StreamHandler
from pathlib import Path

from concurrent_log_handler import ConcurrentRotatingFileHandler

from hmi.settings import Logging

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


class OneLine(Formatter):
    """One line a record whatever was logged: names and paths from outside cannot forge a second one."""

    def format(self, record: LogRecord) -> str:
        message = super().format(record)
        if record.exc_info:
            return message
        return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", message)


def configure(settings: Logging) -> None:
    """Send the product's log to the console and, where set, to the file."""
    handlers: list[Handler] = [StreamHandler()]
    if settings.file:
        Path(settings.file).parent.mkdir(parents=True, exist_ok=True)
        handlers.append(
            ConcurrentRotatingFileHandler(
                settings.file,
                maxBytes=int(settings.max_size_mb * 1_000_000),
                backupCount=settings.backup_count,
                encoding="utf-8",
            )
        )
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    for handler in handlers:
        handler.setFormatter(OneLine(FORMAT))
        root.addHandler(handler)
    root.setLevel(settings.level)
    for noisy in ("alembic", "paramiko", "waitress.queue", "PIL"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
