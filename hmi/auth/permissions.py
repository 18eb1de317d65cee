"""A permission on every route, read at a glance above the view.

    @grid.get("/")
    @requires(SEE)
    def show() -> str: ...

A view that states none is refused for everybody (`guard`), so a forgotten line cannot open a door.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, abort, current_app, request

PUBLIC = "public"  # liveness, static files: tells nothing about the plant
SEE = "see"
DECIDE = "decide"
SIGN = "sign"
REGIONS = "regions"
ADMIN = "admin"
PERMISSIONS = frozenset({SEE, DECIDE, SIGN, REGIONS, ADMIN})

View = TypeVar("View", bound=Callable[..., Any])


def requires(permission: str) -> Callable[[View], View]:
    """State what a caller of this view must be allowed to do."""
    if permission not in PERMISSIONS | {PUBLIC}:
        raise ValueError(f"no such permission: {permission}")

    def mark(view: View) -> View:
        view.hmi_permission = permission  # type: ignore[attr-defined]
        return view

    return mark


def permission_of(app: Flask, endpoint: str) -> str | None:
    """What the view behind the endpoint requires; None if it does not say."""
    return getattr(app.view_functions[endpoint], "hmi_permission", None)


def held() -> frozenset[str]:
    """What the caller may do. Nobody can sign in yet: whoever reaches the server sees."""
    return frozenset({SEE})


def guard() -> None:
    """Before every request: refuse what the caller may not do."""
    if request.endpoint is None:
        return
    permission = permission_of(current_app, request.endpoint)
    if permission == PUBLIC:
        return
    if permission is None or permission not in held():
        abort(403)
