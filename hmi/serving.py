"""Serving with waitress: the port is taken, the demo started, the worker runs beside the web threads."""

import logging
import os
import select
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from flask import Flask
from waitress.server import create_server

from hmi import create_app, logs
from hmi.demo import DemoError
from hmi.demo import start as start_demo
from hmi.demo_settings import with_demo
from hmi.parts import EXTENSION, Parts
from hmi.plant.database import PlantDatabase
from hmi.settings import LOOPBACK, Settings
from hmi.store import Store, StoreUnavailable, migrate
from hmi.worker import Worker

log = logging.getLogger(__name__)


class CannotStart(Exception):
    """Why the server cannot start, in one line."""


def complete(settings: Settings) -> Settings:
    """For a real plant the settings as they are; for the demo those of its database, files and line."""
    return with_demo(settings) if settings.is_demo else settings


def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; requests in flight are finished. Raises CannotStart."""
    with _listen(settings) as sock:
        _configure_logs(settings)
        with _demo(settings):
            _serve(complete(settings), sock)


def _serve(settings: Settings, sock: socket.socket) -> None:
    _warn(settings)
    app = _application(settings)
    parts: Parts = app.extensions[EXTENSION]
    prepare_store(parts.store)
    worker = Worker(settings, parts.store, parts.gallery, parts.follower.poke)
    worker.start()
    parts.follower.start()
    try:
        _run(create_server(app, sockets=[sock], **_waitress_options(settings)), settings)
    finally:
        worker.stop()
        parts.follower.close()
        parts.gallery.close()
        parts.files.close()
        parts.store.close()


def _listen(settings: Settings) -> socket.socket:
    """Take the port first: nothing is started beside another server."""
    server = settings.server
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    if os.name == "posix":  # elsewhere the option would let two servers share the port
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((server.host, server.port))
    except OSError as error:
        sock.close()
        raise CannotStart(
            f"server.port: {server.host}:{server.port} cannot be used ({error.strerror})"
        ) from None
    return sock


@contextmanager
def _demo(settings: Settings) -> Iterator[None]:
    if not settings.is_demo:
        yield
        return
    log.info("no database is set: starting the demo plant in %s", settings.demo.folder)
    try:
        demo = start_demo(settings.demo)
    except DemoError as error:
        raise CannotStart(str(error)) from None
    try:
        yield
    finally:
        demo.stop()


def _configure_logs(settings: Settings) -> None:
    try:
        logs.configure(settings.logging)
    except OSError as error:
        raise CannotStart(
            f"logging.file: {settings.logging.file} cannot be written ({error.strerror})"
        ) from None


def _application(settings: Settings) -> Flask:
    try:
        PlantDatabase.of(settings.database).close()
        return create_app(settings)
    except ValueError as error:
        raise CannotStart(f"database.url: {error}") from None


def prepare_store(store: Store) -> None:
    """SQLite migrates itself. A PostgreSQL store is migrated by its owner, on command."""
    try:
        if store.is_sqlite:
            migrate.upgrade(store)
        at, wanted = migrate.current(store), migrate.newest()
    except migrate.NotOurs as error:
        raise CannotStart(str(error)) from None
    except StoreUnavailable:
        log.error("the store does not answer; the screens stay unknown until it does")  # noqa: TRY400
        return
    if at != wanted:
        raise CannotStart(
            f"store: its tables are at {at}, this version needs {wanted}: run flask --app wsgi migrate"
        )


def _warn(settings: Settings) -> None:
    if not settings.server.https and settings.server.host not in LOOPBACK:
        log.warning("server.https is off: cookies and pictures travel in plain text")


def _waitress_options(settings: Settings) -> dict[str, Any]:
    server = settings.server
    return {
        "threads": server.threads,
        "connection_limit": server.connection_limit,
        "max_request_body_size": server.max_body_bytes,
        "max_request_header_size": server.max_header_bytes,
        "channel_timeout": 30,
        "cleanup_interval": 10,
        "ident": None,
        "asyncore_use_poll": hasattr(select, "poll"),
    }


def _run(server: Any, settings: Settings) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, stop)
    log.info("serving on http://%s:%d", settings.server.host, settings.server.port)
    try:
        server.run()
    except KeyboardInterrupt:
        log.info("stopping")
    finally:
        server.close()
