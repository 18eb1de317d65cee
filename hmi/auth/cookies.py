"""The cookie that names a session: a random id and nothing else."""

import secrets
from collections.abc import Mapping

from flask import Response, g, session

from hmi.parts import parts
from hmi.settings import Settings

SECURED = "__Host-"  # a browser takes such a cookie from this host only, over TLS only
_LONGEST = 128


def name_of(settings: Settings) -> str:
    return f"{SECURED if settings.server.https else ''}hmi_session"


def token_of(cookies: Mapping[str, str], settings: Settings) -> str:
    """What the browser holds; empty if it holds nothing that could be one of ours."""
    token = cookies.get(name_of(settings), "")
    return token if len(token) <= _LONGEST else ""


def new_token() -> str:
    """A new id for the browser; it is handed out with the answer."""
    token = secrets.token_urlsafe(32)
    g.hmi_token = token
    return token


def renew_forms() -> None:
    """Forms that were made until now are not taken any more."""
    session.clear()


def forget() -> None:
    """Take the id back with the answer."""
    renew_forms()
    g.hmi_token = ""


def hand_out(response: Response) -> Response:
    token = g.get("hmi_token")
    if token is None:
        return response
    settings = parts().settings
    name, https = name_of(settings), settings.server.https
    if token:
        response.set_cookie(name, token, path="/", httponly=True, samesite="Lax", secure=https)
    else:
        response.delete_cookie(name, path="/", httponly=True, samesite="Lax", secure=https)
    return response
