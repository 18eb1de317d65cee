"""Where requests come from and where people may be sent: this server and nowhere else."""

import re
from urllib.parse import urlsplit

from flask import abort, request

from hmi.auth import bearers
from hmi.parts import parts
from hmi.problems import is_for_programs

SAFE_VERBS = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_PATH = re.compile(
    r"/(?:[\w.~!$&'()*+,;=:@%-]+/)*[\w.~!$&'()*+,;=:@%-]*(?:\?[\w.~!$&'()*+,;=:@%/?-]*)?", re.ASCII
)
_LONGEST = 1024


def guard() -> None:
    """Before every request that could change something: refuse what another site's page sends.

    Beside the token in the form, which such a page cannot know. `Origin` and `Sec-Fetch-Site` are looked at
    where a browser sends them; over plain HTTP the second is not sent.
    """
    if request.method in SAFE_VERBS or bearers.sent() is not None:
        return
    if is_for_programs() and request.headers.get("Origin", "") in parts().settings.api.cors_origins:
        return
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        abort(403)
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        abort(403)


def own_path(asked: str | None) -> str:
    """The address to go on to after a sign-in, if it is a path of this server; else the grid."""
    if not asked or len(asked) > _LONGEST or not _OWN_PATH.fullmatch(asked):
        return "/"
    if asked.startswith("//") or ".." in asked or re.search(r"%(?:0|1|2f|5c|7f)", asked, re.IGNORECASE):
        return "/"
    return asked
