"""The token in every form: a browser that changes something needs it, a program with a token does not."""

from flask import Flask, current_app, request
from flask_wtf.csrf import CSRFProtect

from hmi.auth import bearers
from hmi.auth.people import person
from hmi.problems import is_for_programs


def register(app: Flask) -> None:
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False  # looked at here
    protection = CSRFProtect(app)

    @app.before_request
    def guard() -> None:
        if not app.config["WTF_CSRF_ENABLED"] or request.endpoint is None or is_without_cookies():
            return
        protection.protect()


def is_without_cookies() -> bool:
    """Whether no cookie counts in this request: another site's page gains nothing by sending it.

    A program that nobody signed in is told so, and nothing of a form that it does not have.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    if bearers.sent() is not None or bool(getattr(view, "hmi_without_cookies", False)):
        return True
    return is_for_programs() and person() is None
