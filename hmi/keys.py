"""Keys for one purpose each, derived from one secret (HKDF, RFC 5869, with SHA-256)."""

import hmac

_SALT = b"porosity-hmi"


def derived(secret: str, purpose: str) -> bytes:
    """32 bytes that tell nothing of the secret or of the keys for other purposes."""
    extracted = hmac.digest(_SALT, secret.encode(), "sha256")
    return hmac.digest(extracted, purpose.encode() + b"\x01", "sha256")
