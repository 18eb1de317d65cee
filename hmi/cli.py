"""Commands: `flask --app wsgi check | migrate | worker | backfill | user | audit | counts | backup |
restore`."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click
from flask import Flask
from flask.cli import with_appcontext

from hmi import backfilling, cli_backup, cli_counts, cli_users, heap, logs
from hmi.checks import check_all
from hmi.cli_diagnostics import write_diagnostics
from hmi.parts import Parts, parts
from hmi.plant.database import PlantDatabase, PlantUnavailable
from hmi.plant.past import PastReader
from hmi.store import StoreUnavailable, audit, migrate
from hmi.worker import Worker

LOOK_S = 0.5


def register(app: Flask) -> None:
    ours = (check, migrate_store, worker, backfill, cli_users.user, audit_commands)
    more = (cli_counts.counts, cli_backup.backup_store, cli_backup.restore_store, write_diagnostics)
    for command in (*ours, *more):
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
@click.option("--show", is_flag=True, help="Print the revision that they are at, and change nothing.")
@with_appcontext
def migrate_store(revision: str, show: bool) -> None:
    """Bring the store's tables to the newest revision, or to the one given."""
    store = parts().store
    try:
        if show:
            click.echo(migrate.current(store) or migrate.EMPTY)
            return
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
    heap.keep_small()
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


@click.group("audit")
def audit_commands() -> None:
    """The record of what people did."""


@audit_commands.command("verify")
@with_appcontext
def verify_audit() -> None:
    """Look at every entry of the audit: changed, missing and reordered ones are named."""
    house = parts()
    try:
        with house.store.read() as session:
            found = audit.verify(session, house.settings.auth.chain_key)
    except StoreUnavailable as error:
        raise click.ClickException(str(error)) from None
    for fault in found.faults:
        click.echo(fault)
    click.echo(f"{found.entries} entries, head {found.head or 'none'}")
    if found.faults:
        raise click.ClickException("the audit is not what was written")


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
