"""Serving with waitress: the port is taken, the demo started, the worker runs beside the web threads."""

import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from flask import Flask

from hmi import create_app, demo_users, heap, live, logs
from hmi.demo import DemoError
from hmi.demo import start as start_demo
from hmi.demo_settings import with_demo
from hmi.front import FrontServer, front_of
from hmi.parts import EXTENSION, Parts
from hmi.plant.database import PlantDatabase
from hmi.serving_settings import LOOPBACK
from hmi.settings import Settings
from hmi.store import Store, StoreUnavailable, migrate, users
from hmi.worker import Worker

log = logging.getLogger(__name__)


class CannotStart(Exception):
    """Why the server cannot start, in one line."""


def complete(settings: Settings) -> Settings:
    """For a real plant the settings as they are; for the demo those of its database, files and line."""
    return with_demo(settings) if settings.is_demo else settings


def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; requests in flight are finished. Raises CannotStart."""
    heap.keep_small()
    with _listen(settings) as sock:
        _configure_logs(settings)
        with _demo(settings):
            _serve(complete(settings), sock, is_demo=settings.is_demo)


def _serve(settings: Settings, sock: socket.socket, *, is_demo: bool) -> None:
    _warn(settings)
    app = _application(settings)
    heap.begin_collecting()
    parts: Parts = app.extensions[EXTENSION]
    prepare_store(parts.store)
    if is_demo:
        demo_users.make(parts.store)
    _warn_of_nobody(parts.store)
    worker = Worker(settings, parts.store, parts.gallery, parts.follower.poke)
    worker.start()
    parts.follower.start()
    try:
        at_once = (live.PATH,) if settings.auth.open_grid else ()  # else the store says who may look
        front = front_of(app, sock, settings.server, settings.auth.trusted_proxies, at_once)
        parts.metrics.queues |= front.depths()
        with heap.giving_back():
            _run(front, settings)
    finally:
        worker.stop()
        parts.trials.close()
        parts.metrics.of_store.close()
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


def _warn_of_nobody(store: Store) -> None:
    try:
        with store.read() as session:
            is_empty = users.is_empty(session)
    except StoreUnavailable:
        return
    if is_empty:
        log.warning("nobody can sign in yet: flask --app wsgi user add NAME --role administrator")


def _warn(settings: Settings) -> None:
    if not settings.server.https and settings.server.host not in LOOPBACK:
        log.warning("server.https is off: cookies and pictures travel in plain text")


def _run(server: FrontServer, settings: Settings) -> None:
    def stop(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.default_int_handler)  # who asks a second time does not want to wait
        server.stop()

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
    log.info("serving on http://%s:%d", settings.server.host, settings.server.port)
    try:
        with suppress(KeyboardInterrupt):  # a second signal while the last requests are finished
            server.run()
        log.info("stopping")
    finally:
        server.close()
