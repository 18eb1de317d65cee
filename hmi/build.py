"""Which build is this: told from the files themselves, so that no release can forget to say it."""

import hashlib
import re
from functools import cache
from pathlib import Path

from markupsafe import Markup

from hmi.settings import PROJECT

VERSION = "0.1.0"
ICONS = "vendor/tabler-icons-3.51.0"
STATIC = PROJECT / "static"
_PARTS = ("hmi", "regions", "templates", "static")
_KINDS = {".py", ".html", ".css", ".js", ".svg"}


@cache
def build_id() -> str:
    """Changes when code, templates or static files do. Pages that see another one reload themselves."""
    digest = hashlib.sha256()
    for part in _PARTS:
        for path in sorted((PROJECT / part).rglob("*")):
            if path.suffix in _KINDS and path.is_file():
                digest.update(path.relative_to(PROJECT).as_posix().encode())
                digest.update(path.read_bytes())
    return f"{VERSION}-{digest.hexdigest()[:10]}"


@cache
def asset(name: str) -> str:
    """Address of a static file, with a version that changes with its content."""
    digest = hashlib.sha256((STATIC / Path(name)).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={digest}"


@cache
def svg(icon: str) -> Markup:
    """An icon of the vendored set, to stand inline. Raises FileNotFoundError for one that is not there."""
    drawn = (STATIC / ICONS / f"{icon}.svg").read_text(encoding="utf-8")
    bare = re.sub(r' (?:class|width|height|xmlns)="[^"]*"', "", " ".join(drawn.split()))
    return Markup(bare)  # noqa: S704 - a file of ours
