"""What proxies in front of the server say, and which of them are believed."""

from ipaddress import ip_address

from flask import Request

from hmi.auth_settings import Auth


def address_of(asked: Request, auth: Auth) -> str:
    """The address that asks: the last one on the way that is not a trusted proxy."""
    way = [part.strip() for part in asked.headers.get("X-Forwarded-For", "").split(",")]
    hops = [*way, asked.remote_addr or ""]
    while len(hops) > 1 and is_trusted(hops[-1], auth) and _is_address(hops[-2]):
        hops.pop()
    return hops[-1]


def named(asked: Request, auth: Auth) -> str:
    """The person whom a trusted proxy names; empty if none does."""
    if not auth.proxy_header or not is_trusted(asked.remote_addr or "", auth):
        return ""
    return asked.headers.get(auth.proxy_header, "").strip()


def is_trusted(address: str, auth: Auth) -> bool:
    """Whether a proxy of ours has this address."""
    if not auth.trusted_proxies or not _is_address(address):
        return False
    return any(ip_address(address) in network for network in auth.trusted_proxies)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
