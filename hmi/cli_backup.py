"""Commands for the store as a whole: `flask --app wsgi backup PLACE` and `restore FILE`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import click
from flask.cli import with_appcontext

from hmi import backup
from hmi.parts import parts
from hmi.store import StoreUnavailable

NAMED = "porosity-hmi-{at:%Y%m%d-%H%M%S}.zip"
OURS = "porosity-hmi-????????-??????.zip"


@click.command("backup")
@click.argument("place", type=click.Path(path_type=Path))
@click.option("--keep", type=click.IntRange(min=1), help="In a folder: keep so many, delete the oldest.")
@with_appcontext
def backup_store(place: Path, keep: int | None) -> None:
    """Save store and settings into PLACE, a folder or a new file. The server may go on meanwhile."""
    house = parts()
    file = place
    if place.is_dir():
        file = _free_in(place, datetime.now(house.settings.time.zone_info))
    if file.exists():
        raise click.ClickException(f"{file} exists: a backup is never written over")
    with _said():
        made = backup.save(file, house.settings, house.store)
    size_mb = file.stat().st_size / 1_000_000
    click.echo(f"{file}: {made.rows} rows of {len(made.tables)} tables, {size_mb:.1f} MB")
    if place.is_dir() and keep:
        for old in sorted(place.glob(OURS))[:-keep]:
            old.unlink()
            click.echo(f"{old}: deleted")


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--check", "only_check", is_flag=True, help="Read the whole backup and change nothing.")
@click.option("--settings", type=click.Path(path_type=Path), help="Write the settings into this new file.")
@with_appcontext
def restore_store(file: Path, only_check: bool, settings: Path | None) -> None:
    """Put the backup FILE into the store, which must be empty; checksums and audit are verified."""
    house = parts()
    key = house.settings.auth.chain_key
    with _said():
        if settings is not None:
            _write_settings(file, settings)
        made = backup.check(file, key) if only_check else backup.restore(file, house.store, key, _tell)
    done = "is whole" if only_check else "is restored"
    click.echo(f"{file} {done}: {made.rows} rows as of {made.made_at:%Y-%m-%d %H:%M} UTC, audit verified")


def _free_in(folder: Path, at: datetime) -> Path:
    """The name of a backup of this time; of the next free second where one was made in this second."""
    while (file := folder / NAMED.format(at=at)).exists():
        at += timedelta(seconds=1)
    return file


def _tell(name: str, rows: int) -> None:
    if rows:
        click.echo(f"  {name}: {rows}")


def _write_settings(file: Path, settings: Path) -> None:
    if settings.exists():
        raise click.ClickException(f"{settings} exists: settings are never written over")
    settings.write_text(backup.settings_of(file), encoding="utf-8")
    click.echo(f"{settings}: the settings, without secrets")


@contextmanager
def _said() -> Iterator[None]:
    try:
        yield
    except (backup.NotABackup, backup.CannotRestore, backup.NothingToSave, StoreUnavailable) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename or 'the backup'}: {error.strerror}") from None
