"""Passwords: kept as Argon2id hashes, byte for byte as they were typed; easy ones are refused."""

import re
import secrets
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

LONGEST_BYTES = 1024
FEWEST_KINDS = 5  # different characters
LONGEST_PIECE = 5  # that is only repeated
FEWEST_LEFT = 4  # characters that are neither a known word nor a walk over the keyboard nor a number
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is mistaken for something else
_WALKS = (
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
    "abcdefghijklmnopqrstuvwxyz",
)
_LOOKALIKES = str.maketrans("0134578@$!|€", "oleastbasiie")
_NO_LETTER = re.compile(r"[\s!-@\[-`{-~]")
_COMMON = Path(__file__).with_name("common_passwords.txt")

_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


class TooLong(ValueError):
    """A password of more than LONGEST_BYTES bytes: nothing is done with it."""


class Weak(ValueError):
    """Why a new password is refused, fit for a person."""


def bound(password: str) -> None:
    """Raises TooLong, before a hash of it costs anything."""
    if len(password) > LONGEST_BYTES or len(_bytes(password)) > LONGEST_BYTES:
        raise TooLong(f"a password has at most {LONGEST_BYTES} bytes")


def hash_of(password: str) -> str:
    bound(password)
    return _hasher.hash(_bytes(password))


def matches(stored: str | None, password: str) -> bool:
    """Whether this is the password; takes as long where nothing is stored."""
    try:
        return _hasher.verify(stored or _nobodys(), _bytes(password)) and stored is not None
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False


def generated() -> str:
    """A password to be given out once: 16 characters, 79 bits, readable aloud."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


def check(password: str, fewest: int, about: Iterable[str]) -> None:
    """Raises TooLong, or Weak with the reason.

    `fewest` characters at least; `about` are names that others know: the person's, the plant's, the line's.
    """
    bound(password)
    if len(password) < fewest:
        raise Weak(f"At least {fewest} characters.")
    plain = password.casefold()
    if len(set(plain)) < FEWEST_KINDS or _repeats(plain):
        raise Weak("Too few different characters.")
    pieces = _words(about) | _common() | _walks()
    for spelling in (plain, plain.translate(_LOOKALIKES)):
        if _letters_left(spelling, pieces) < FEWEST_LEFT:
            raise Weak(
                "Too easy to guess: known words, keys in a row, this plant's names and years are tried first."
            )


def _letters_left(text: str, pieces: Iterable[str]) -> int:
    """How many letters stay when as much as can is taken for known pieces; digits and marks never count."""
    found = [piece for piece in pieces if piece in text]
    fewest = [0]
    for end, letter in enumerate(text, start=1):
        best = fewest[-1] + (0 if _NO_LETTER.match(letter) else 1)
        fits = (fewest[end - len(piece)] for piece in found if text.endswith(piece, 0, end))
        fewest.append(min((best, *fits)))
    return fewest[-1]


@cache
def _walks() -> frozenset[str]:
    """Four or more neighbours in a row on a keyboard or in the alphabet, either way."""
    ways = [way for walk in _WALKS for way in (walk, walk[::-1])]
    return frozenset(
        way[start:end] for way in ways for start in range(len(way)) for end in range(start + 4, len(way) + 1)
    )


def _repeats(text: str) -> bool:
    """Whether it is one short piece again and again."""
    again = (text + text).find(text, 1)
    return again < len(text) and again <= LONGEST_PIECE


def _words(about: Iterable[str]) -> set[str]:
    pieces = {piece for text in about for piece in re.findall(r"[^\W\d_]{3,}", text.casefold())}
    whole = {re.sub(r"\W", "", text.casefold()) for text in about}
    return {word for word in pieces | whole if len(word) >= 3}


@cache
def _common() -> frozenset[str]:
    return frozenset(_COMMON.read_text(encoding="utf-8").split())


@cache
def _nobodys() -> str:
    return _hasher.hash(secrets.token_bytes(16))


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
