"""People with names and a stance, and a browser for each of them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from hmi import create_app
from hmi.auth import accounts
from hmi.parts import EXTENSION, Parts
from hmi.settings import Settings
from hmi.store import Store, users
from hmi.store.audit import AuditEntry
from hmi.store.users import ADMINISTRATOR, ENGINEER, OPERATOR, SUPERVISOR

#: name → role; `PASSWORD` is everybody's
PEOPLE = {"Olga": OPERATOR, "Sven": SUPERVISOR, "Edda": ENGINEER, "Ada": ADMINISTRATOR}
PASSWORD = "vier Igel im Ofenrohr"
PAGE = {"Accept": "text/html"}


@contextmanager
def opened(settings: Settings) -> Iterator[Flask]:
    """An application whose threads end with the test; forms need no token until a test says so."""
    app = create_app(settings)
    app.config["WTF_CSRF_ENABLED"] = False
    parts: Parts = app.extensions[EXTENSION]
    try:
        yield app
    finally:
        parts.trials.close()
        parts.metrics.of_store.close()
        parts.follower.close()
        parts.gallery.close()
        parts.files.close()
        parts.store.close()


@cache
def _stored() -> str:
    """A hash that costs little to check: how much one must cost has tests of its own."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


def settle_in(store: Store) -> None:
    """Everybody has an account."""
    with store.write() as session:
        for name, role in PEOPLE.items():
            accounts.add(session, "tests", name, role, password=None).password_hash = _stored()


def sign_in(browser: FlaskClient, name: str, password: str = PASSWORD, **fields: Any) -> TestResponse:
    headers = fields.pop("headers", PAGE)
    sent = {"name": name, "password": password, **fields}
    return browser.post("/sign-in", data=sent, headers=headers)


def signed_in(app: Flask, name: str, password: str = PASSWORD) -> FlaskClient:
    browser = app.test_client()
    assert sign_in(browser, name, password).status_code == 303
    return browser


def is_signed_in(browser: FlaskClient) -> bool:
    return browser.get("/account", headers={"Accept": "application/json"}).status_code == 200


def store_of(app: Flask) -> Store:
    parts: Parts = app.extensions[EXTENSION]
    return parts.store


def number_of(app: Flask, name: str) -> int:
    with store_of(app).read() as session:
        found = users.by_name(session, name)
    assert found is not None, name
    return found.id


def audited(app: Flask, kind: str) -> list[AuditEntry]:
    with store_of(app).read() as session:
        return list(session.scalars(select(AuditEntry).where(AuditEntry.kind == kind)))


def shown_password(page: str) -> str:
    """The password for one use that the users page shows."""
    found = re.search(r"<code>([a-z0-9-]{19})</code>", page)
    assert found, page
    return found[1]
