"""Who is it, and what may they do."""

from flask import Flask

from hmi.auth import origins, people, permissions
from hmi.auth.people import Person, person
from hmi.auth.permissions import (
    ADMIN,
    DECIDE,
    PERMISSIONS,
    PERSON,
    PUBLIC,
    REGIONS,
    ROLE_PERMISSIONS,
    SEE,
    SIGN,
    may,
    permission_of,
    requires,
)

__all__ = [
    "ADMIN",
    "DECIDE",
    "PERMISSIONS",
    "PERSON",
    "PUBLIC",
    "REGIONS",
    "ROLE_PERMISSIONS",
    "SEE",
    "SIGN",
    "Person",
    "may",
    "permission_of",
    "person",
    "requires",
]


def register(app: Flask) -> None:
    """Look at every request before its view does."""
    people.register(app)
    app.before_request(origins.guard)
    app.before_request(permissions.guard)
    app.jinja_env.globals.update(person=person, may=may)
