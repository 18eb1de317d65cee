"""One-time codes (RFC 6238): six digits, new every 30 s. The key is kept sealed, each code counts once."""

import base64
import time
from hashlib import sha256

import pyotp
import segno
from cryptography.fernet import Fernet, InvalidToken
from markupsafe import Markup

from hmi.store.users import User

STEP_S = 30
NEIGHBOURS = (0, -1, 1)  # clocks of phones are off, and people are slow


def new_key() -> str:
    """A new key, as text that can also be typed into a phone."""
    return pyotp.random_base32()


def seal(key: str, user_id: int, secret: str) -> str:
    """The key as it may be stored or sent in a form: readable with our secret only, for this user only."""
    return _box(secret).encrypt(f"{user_id} {key}".encode()).decode()


def unseal(sealed: str, user_id: int, secret: str) -> str | None:
    """The key; None if it was sealed for somebody else, with another secret, or not at all."""
    try:
        owner, _, key = _box(secret).decrypt(sealed.encode()).decode().partition(" ")
    except (InvalidToken, ValueError):
        return None
    return key if owner == str(user_id) else None


def step_of(key: str, code: str, now_s: float) -> int | None:
    """The time step that this code belongs to, if it is a code of about now."""
    digits = "".join(code.split())
    if not digits.isascii() or not digits.isdigit():
        return None
    clock = pyotp.TOTP(key, interval=STEP_S)
    for away in NEIGHBOURS:
        step = int(now_s) // STEP_S + away
        if pyotp.utils.strings_equal(clock.generate_otp(step), digits):
            return step
    return None


def is_of(key: str, code: str) -> bool:
    """Whether the code is one of this key's, of about now."""
    return step_of(key, code, time.time()) is not None


def spelt(key: str) -> str:
    """The key in groups of four, for typing."""
    return " ".join(key[at : at + 4] for at in range(0, len(key), 4))


def take(user: User, code: str, secret: str) -> bool:
    """Whether the code is good for this user now; if so it never is again."""
    key = unseal(user.code_key or "", user.id, secret)
    step = step_of(key, code, time.time()) if key else None
    if step is None or step <= (user.code_step or 0):
        return False
    user.code_step = step
    return True


def picture(key: str, name: str, issuer: str) -> Markup:
    """What a phone scans: an SVG to stand inline."""
    address = pyotp.TOTP(key, interval=STEP_S).provisioning_uri(name=name, issuer_name=issuer)
    drawn = segno.make(address, error="m").svg_inline(scale=5, border=4, light="#ffffff", svgclass="qr")
    return Markup(drawn)  # noqa: S704 - drawn by segno from squares alone


def _box(secret: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(sha256(b"one-time codes " + secret.encode()).digest()))
