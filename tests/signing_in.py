"""Signing in over HTTP, as a browser does."""

import re
from http.cookiejar import CookieJar
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

from tests.servers import Server

PASSWORD = "vier Igel im Ofenrohr"


def headers_of(server: Server, name: str, password: str = PASSWORD, within_s: float = 10) -> dict[str, str]:
    """What the browser of this person sends with every request. Raises OSError if nobody answers."""
    jar = CookieJar()
    browser = build_opener(HTTPCookieProcessor(jar))

    def token_of(path: str, form: dict[str, str] | None = None) -> str:
        sent = urlencode(form).encode() if form else None
        with browser.open(
            Request(server.url + path, sent, {"Accept": "text/html"}), timeout=within_s
        ) as answer:
            found = re.search(rb'name="csrf_token" value="([^"]+)"', answer.read())
        return found[1].decode() if found else ""

    form = {"csrf_token": token_of("/sign-in"), "name": name, "password": password, "next": "/"}
    token_of("/sign-in", form)
    token = token_of("/account")
    return {"Cookie": "; ".join(f"{one.name}={one.value}" for one in jar), "X-CSRFToken": token}
