"""The command `flask --app wsgi diagnostics FILE`."""

import time
from pathlib import Path

import click
from flask.cli import with_appcontext

from hmi.observe import diagnostics
from hmi.parts import parts

LOOK_S = 1.0  # so long this process follows the store, to tell whether screens are fresh


@click.command("diagnostics")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@with_appcontext
def write_diagnostics(file: Path) -> None:
    """Write FILE, a zip without secrets for whoever is asked for help. The server may go on meanwhile."""
    house = parts()
    house.follower.start()
    time.sleep(LOOK_S)
    try:
        missing = diagnostics.write(file, house)
    except FileExistsError:
        raise click.ClickException(f"{file} exists: nothing is written over") from None
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written ({error.strerror})") from None
    finally:
        house.metrics.of_store.close()
        house.follower.close()
    click.echo(f"{file}: look at it before you give it away")
    for name in missing:
        click.echo(f"{name} could not be had; the reason stands in it")
