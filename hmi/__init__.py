"""Porosity HMI: what people see of an inspection line."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from hmi.settings import Settings


def create_app(settings: "Settings") -> "Flask":
    """The web application for these settings. Nothing is connected before the first request needs it."""
    # Imported here: the demo plant is a process of its own that needs `hmi.plant` and no web server.
    from hmi.application import create_app as create

    return create(settings)
