"""Commands for the counts behind the statistics: `flask --app wsgi counts rebuild`."""

import click
from flask.cli import with_appcontext

from hmi import recounting
from hmi.parts import parts
from hmi.store import Store, StoreUnavailable
from hmi.store.editions import Editions


@click.group("counts")
def counts() -> None:
    """The counts behind the statistics."""


@counts.command("rebuild")
@with_appcontext
def rebuild() -> None:
    """Count everything anew. The server may go on, and shows the counts as they are until this is done."""
    house = parts()
    try:
        with house.store.write() as session:
            begun = recounting.begin(session, house.settings)
        with click.progressbar(length=max(1, begun.runs), label="parts") as bar:
            left = begun
            while left.building is not None or not left.swept:
                before = left.done
                left = _step(house.store)
                bar.update(max(0, left.done - before))
    except StoreUnavailable as error:
        raise click.ClickException(f"{error}; run it again to begin anew") from None
    click.echo(f"{begun.runs} parts are counted")


def _step(store: Store) -> Editions:
    with store.write() as session:
        return recounting.step(session, parts().settings)
