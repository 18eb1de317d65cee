"""Addresses of databases: with a password, and which database they mean."""

from pathlib import Path
from urllib.parse import quote, urlsplit


def address_of(host: str, port: int, user: str, dbname: str) -> str:
    return f"postgresql://{quote(user, safe='')}@{host}:{port}/{quote(dbname, safe='')}"


def with_password(url: str, password: str) -> str:
    """The address with the password in it, unless it names one already or nobody signs in."""
    if not password or "://" not in url:
        return url
    scheme, rest = url.split("://", 1)
    user, at, place = rest.rpartition("@")
    if not at or ":" in user:
        return url
    return f"{scheme}://{user}:{quote(password, safe='')}@{place}"


def place_of(url: str) -> tuple[str, int | None, str]:
    """Which database an address means, whoever signs in."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return url, None, ""
    if parts.scheme.startswith("sqlite"):
        return "", None, str(Path(parts.path.removeprefix("/")).resolve())
    return (parts.hostname or "").lower(), port or 5432, parts.path
