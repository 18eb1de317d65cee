"""Which kiosk asks: a name in a signed cookie, set once by `/?kiosk=NAME`."""

import re
from datetime import timedelta

from flask import Response, current_app, has_request_context, request
from itsdangerous import BadSignature, URLSafeSerializer

from hmi.auth import bearers
from hmi.parts import parts

COOKIE = "hmi_station"
LASTS = timedelta(days=3650)
_NAME = re.compile(r"[\w .\-]{1,40}")


def station() -> str | None:
    """The name of the kiosk that asks, from its signed cookie; programs are at none."""
    if bearers.sent() is not None:
        return None
    try:
        name = _signer().loads(request.cookies.get(COOKIE, ""))
    except BadSignature:
        return None
    return name if isinstance(name, str) else None


def station_or_none() -> str | None:
    """The same for what is also done by commands, which no kiosk runs."""
    return station() if has_request_context() else None


def is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def remember(response: Response, name: str) -> None:
    """Name the kiosk for good."""
    response.set_cookie(
        COOKIE,
        _signer().dumps(name),
        max_age=LASTS,
        httponly=True,
        samesite="Lax",
        secure=parts().settings.server.https,
    )


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt="station")
