"""Commands for accounts: `flask --app wsgi user add | reset | list`. For the first user, and for whoever is
locked out: they need the store and nobody's password."""

import sys
from datetime import datetime

import click
from flask.cli import AppGroup

from hmi.auth import accounts, passwords
from hmi.auth.accounts import COMMAND, Refused
from hmi.parts import parts
from hmi.store import StoreUnavailable, users
from hmi.store.users import ADMINISTRATOR, ROLES, User

user = AppGroup("user", help="Who can sign in.")


@user.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option("--proxy", is_flag=True, help="Signs in through the trusted proxy only; no password.")
def add(name: str, role: str, proxy: bool) -> None:
    """Add a user and print a password for one use; NAME chooses another at the first sign-in."""
    given = None if proxy else passwords.generated()
    try:
        with parts().store.write() as session:
            accounts.add(session, COMMAND, name, role, password=given)
    except (Refused, StoreUnavailable) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{name} is added as {role}")
    _print(given)


@user.command("reset")
@click.argument("name")
@click.option("--keep-codes", is_flag=True, help="Keep the one-time codes; without it they are removed.")
def reset(name: str, keep_codes: bool) -> None:
    """Enable NAME again with a password for one use; ends their sessions."""
    try:
        with parts().store.write() as session:
            found = users.by_name(session, name)
            if found is None:
                raise click.ClickException(f"there is no user {name}")
            accounts.set_disabled(session, COMMAND, found, disabled=False)
            if found.code_key and not keep_codes:
                accounts.set_codes(session, COMMAND, found, None)
            given = accounts.reset_password(session, COMMAND, found)
    except StoreUnavailable as error:
        raise click.ClickException(str(error)) from None
    _print(given)


@user.command("list")
def list_users() -> None:
    """One line for each user."""
    try:
        with parts().store.read() as session:
            listed = users.everybody(session)
    except StoreUnavailable as error:
        raise click.ClickException(str(error)) from None
    for one in listed:
        click.echo(f"{one.name:32} {one.role:14} {_state(one)}")
    if not any(one.role == ADMINISTRATOR and not one.disabled for one in listed):
        click.echo(
            "nobody is an administrator: flask --app wsgi user add NAME --role administrator", err=True
        )
        sys.exit(1)


def _print(given: str | None) -> None:
    if given:
        click.echo(f"password for one use: {given}")


def _state(one: User) -> str:
    if one.disabled:
        return "disabled"
    return f"last signed in {_day(one.signed_in_at)}" if one.signed_in_at else "has not signed in yet"


def _day(at: datetime) -> str:
    return f"{at.astimezone(parts().settings.time.zone_info):%Y-%m-%d %H:%M}"
