"""A permission on every route, read at a glance above the view.

    @grid.get("/")
    @requires(SEE)
    def show() -> str: ...

A view that states none is refused for everybody (`guard`), so a forgotten line cannot open a door.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from flask import Flask, abort, current_app, request

from hmi.auth import bearers
from hmi.auth.people import is_refused, is_unknown, person
from hmi.parts import parts
from hmi.store.users import ADMINISTRATOR, ENGINEER, OPERATOR, SUPERVISOR

PUBLIC = "public"  # liveness, static files, the way in: tells nothing about the plant
PERSON = "person"  # whoever is signed in, for what is theirs
SEE = "see"
DECIDE = "decide"
SIGN = "sign"
REGIONS = "regions"
ADMIN = "admin"
PERMISSIONS = frozenset({PERSON, SEE, DECIDE, SIGN, REGIONS, ADMIN})

ROLE_PERMISSIONS: Mapping[str, frozenset[str]] = {
    OPERATOR: frozenset({SEE}),
    SUPERVISOR: frozenset({SEE, DECIDE, SIGN}),
    ENGINEER: frozenset({SEE, DECIDE, SIGN, REGIONS}),
    ADMINISTRATOR: frozenset({SEE, DECIDE, SIGN, REGIONS, ADMIN}),
}

#: what a machine token of this scope may do
SCOPE_PERMISSIONS: Mapping[str, frozenset[str]] = {
    "read": frozenset({SEE}),
    "decide": frozenset({SEE, DECIDE}),
    "regions": frozenset({SEE, REGIONS}),
}

View = TypeVar("View", bound=Callable[..., Any])


def requires(permission: str, *, passive: bool | str = False) -> Callable[[View], View]:
    """State what a caller of this view must be allowed to do.

    `passive`: pages ask for it by themselves; it keeps nobody signed in. Where people ask for it
    too, it names the parameter that pages send with it.
    """
    if permission not in PERMISSIONS | {PUBLIC}:
        raise ValueError(f"no such permission: {permission}")

    def mark(view: View) -> View:
        view.hmi_permission = permission  # type: ignore[attr-defined]
        view.hmi_passive = passive  # type: ignore[attr-defined]
        return view

    return mark


def permission_of(app: Flask, endpoint: str) -> str | None:
    """What the view behind the endpoint requires; None if it does not say."""
    return getattr(app.view_functions[endpoint], "hmi_permission", None)


def of_anybody() -> frozenset[str]:
    """What may be done without a sign-in."""
    return frozenset({SEE}) if parts().settings.auth.open_grid else frozenset()


def held() -> frozenset[str]:
    """What the caller may do. Who owes a new password or a one-time code may do no more than anybody yet."""
    caller = person()
    if caller is None:
        return of_anybody()
    if caller.scopes is not None:
        granted = (SCOPE_PERMISSIONS.get(scope, frozenset()) for scope in caller.scopes)
        return of_anybody().union(*granted)
    if caller.owes:
        return of_anybody() | {PERSON}
    return of_anybody() | {PERSON} | ROLE_PERMISSIONS.get(caller.role, frozenset())


def may(permission: str) -> bool:
    """Whether the caller may; for what pages offer."""
    return permission in held()


def guard() -> None:
    """Before every request: refuse what the caller may not do. 401 asks for a sign-in, 403 does not."""
    if request.endpoint is None:
        return
    permission = permission_of(current_app, request.endpoint)
    if permission == PUBLIC:
        return
    if bearers.sent() is not None and person() is None and is_refused():
        abort(401)
    if permission in of_anybody():
        return
    if permission is not None and permission in held():
        return
    if is_unknown():
        abort(503)
    abort(403 if permission is None or person() is not None else 401)
