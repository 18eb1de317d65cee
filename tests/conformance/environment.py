"""Environments of Python in which validators live: their requirements and ours never meet.

An environment is made from a lock with hashes beside this file, and used again until the lock changes.
"""

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from hmi.settings import PROJECT

ENVIRONMENTS = PROJECT / "var" / "conformance"
_BIN = "Scripts" if os.name == "nt" else "bin"


def environment(name: str) -> Path:
    """The folder of programs of the environment made from `<name>.txt`; its `python` is there."""
    lock = Path(__file__).with_name(f"{name}.txt")
    digest = sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = ENVIRONMENTS / f"{name}-{digest}"
    ready = folder / "ready"
    if not ready.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        install = ["-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(lock)]
        subprocess.run([str(folder / _BIN / "python"), *install], check=True)
        ready.touch()
    return folder / _BIN
