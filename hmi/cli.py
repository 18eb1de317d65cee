"""Commands: `flask --app wsgi check | migrate | worker | backfill`."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click
from flask import Flask
from flask.cli import with_appcontext

from hmi import backfilling, logs
from hmi.checks import check_all
from hmi.parts import Parts, parts
from hmi.plant.database import PlantDatabase, PlantUnavailable
from hmi.plant.past import PastReader
from hmi.store import StoreUnavailable, migrate
from hmi.worker import Worker

LOOK_S = 0.5


def register(app: Flask) -> None:
    for command in (check, migrate_store, worker, backfill):
        app.cli.add_command(command)


@click.command("check")
@with_appcontext
def check() -> None:
    """Verify database, grants, image access, clock and disk, one line each."""
    failed = False
    for finding in check_all(parts().settings):
        click.echo(f"{finding.state:8} {finding.what}: {finding.text}")
        failed |= finding.state == "FAILED"
    sys.exit(1 if failed else 0)


@click.command("migrate")
@click.option("--to", "revision", default=migrate.HEAD, help="A revision; 'base' removes all tables.")
@with_appcontext
def migrate_store(revision: str) -> None:
    """Bring the store's tables to the newest revision, or to the one given."""
    store = parts().store
    try:
        before = migrate.current(store)
        migrate.move(store, revision)
        click.echo(f"store: {before or 'empty'} → {migrate.current(store) or 'empty'}")
    except (StoreUnavailable, migrate.UnknownRevision, migrate.NotOurs) as error:
        raise click.ClickException(str(error)) from None


@click.command("worker")
@with_appcontext
def worker() -> None:
    """Run feed, judging and outbox alone, without a web server."""
    house = parts()
    logs.configure(house.settings.logging)
    if house.store.is_sqlite:
        migrate.upgrade(house.store)
    alone = Worker(house.settings, house.store, house.gallery)
    try:
        alone.run()
    except KeyboardInterrupt:
        alone.stop()
    finally:
        house.gallery.close()
        house.files.close()


@click.command("backfill")
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]), required=True, help="Local time."
)
@with_appcontext
def backfill(since: datetime) -> None:
    """Bring in the past since DATE. A running worker does it; without one this command does."""
    house = parts()
    start = since.replace(tzinfo=house.settings.time.zone_info).astimezone(UTC)
    try:
        with _some_worker(house):
            past = _ask(house, start)
            if past is not None:
                _show_progress(house, past)
    except (PlantUnavailable, StoreUnavailable) as error:
        raise click.ClickException(f"{error}; run it again to go on") from None
    click.echo(f"everything since {since:%Y-%m-%d} is here")


@contextmanager
def _some_worker(house: Parts) -> Iterator[None]:
    """A worker that stands ready: the lease decides whether it or a running server does the work."""
    worker = Worker(house.settings, house.store, house.gallery)
    worker.start()
    try:
        yield
    finally:
        worker.stop()
        house.gallery.close()
        house.files.close()


def _ask(house: Parts, start: datetime) -> backfilling.Past | None:
    plant = PlantDatabase.of(house.settings.database)
    try:
        since = PastReader(plant, house.settings.feed).trigger_before(start)
    finally:
        plant.close()
    while True:
        with house.store.write() as session:
            if backfilling.has_begun(session):
                return backfilling.ask_since(session, since)
        time.sleep(LOOK_S)


def _show_progress(house: Parts, past: backfilling.Past) -> None:
    left: backfilling.Past | None = past
    with click.progressbar(length=past.before - (past.since or 0), label="parts (by id)") as bar:
        while left is not None:
            time.sleep(LOOK_S)
            before = left.before
            with house.store.read() as session:
                left = backfilling.wanted(session)
            bar.update(before - (left.before if left else past.since or 0))
