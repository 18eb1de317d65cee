"""All of the API, for the application that wires it."""

from hmi.api import (
    audit,
    auth,
    cameras,
    decisions,
    defects,
    docs,
    exports,
    images,
    parts,
    regions,
    statistics,
    verdicts,
)

BLUEPRINTS = tuple(
    module.blueprint
    for module in (
        audit,
        auth,
        cameras,
        decisions,
        defects,
        docs,
        exports,
        images,
        parts,
        regions,
        statistics,
        verdicts,
    )
)
