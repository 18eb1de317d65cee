"""Badges: what a scanner types. Kept as an HMAC: who reads the store cannot make one."""

import hmac
import re

from hmi.keys import derived

SHORTEST, LONGEST = 4, 64
LONGEST_SENT = 256
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")  # GS1 separators, and what the scanner ends with
_BADGE = re.compile(r"[!-~](?:[ -~]*[!-~])?")


class NotRecognised(ValueError):
    """Half a scan, a paste, or no badge at all."""


def sealed(scanned: str, secret: str) -> str:
    """What is kept of a badge, and found again by. Raises NotRecognised."""
    text = _CONTROL.sub("", scanned[:LONGEST_SENT]).strip()
    if not SHORTEST <= len(text) <= LONGEST or not _BADGE.fullmatch(text):
        raise NotRecognised("This is no badge.")
    return hmac.new(derived(secret, "badges"), text.encode(), "sha256").hexdigest()
