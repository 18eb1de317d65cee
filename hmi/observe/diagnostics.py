"""A bundle for whoever is asked for help: what is set, what the log says, what state everything is in.

No secret, no picture and nothing of people is in it; the log may name serials, stations and user names.
"""

import json
import re
import zipfile
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hmi.backup.without_secrets import without_secrets
from hmi.checks import check_all
from hmi.observe import health
from hmi.parts import Parts
from hmi.plant.contract import check_contract
from hmi.plant.database import PlantDatabase
from hmi.settings import SECRETS

LAST_LINES = 5_000
LONGEST_LINE = 10_000  # characters
_IN_ADDRESS = re.compile(r"(?<=://)[^/@\s]*(?=@)")
READ_ME = """What is in this bundle
settings.yaml   what differs from the defaults; secrets are left out
checks.txt      what `flask --app wsgi check` says
health.json     the state of each part, as on the health page
versions.json   of the product and of what it runs on
contract.json   tables and columns of the plant database as they are
metrics.txt     figures of the process that made this
log.txt         the last lines of the log file
"""


def write(file: Path, house: Parts) -> list[str]:
    """Make the bundle; the names of what could not be had. Raises OSError, FileExistsError too."""
    contents: dict[str, Callable[[], str]] = {
        "README.txt": lambda: READ_ME,
        "settings.yaml": lambda: without_secrets(house.settings),
        "versions.json": lambda: _json(health.versions(house.store)),
        "checks.txt": lambda: _checks(house),
        "health.json": lambda: _health(house),
        "contract.json": lambda: _contract(house),
        "metrics.txt": lambda: house.metrics.text().decode(),
        "log.txt": lambda: _tail(Path(house.settings.logging.file)) if house.settings.logging.file else "",
    }
    secrets = _secrets(house)
    missing = []
    with zipfile.ZipFile(file, "x", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in contents.items():
            try:
                said = content()
            except Exception as error:
                said = f"could not be had: {error}"
                missing.append(name)
            bundle.writestr(name, _without(said, secrets))
    return missing


def _checks(house: Parts) -> str:
    return "".join(f"{one.state:8} {one.what}: {one.text}\n" for one in check_all(house.settings))


def _health(house: Parts) -> str:
    rows = health.rows_of(house)
    return _json({heading: [asdict(row) for row in group] for heading, group in rows.items()})


def _contract(house: Parts) -> str:
    plant = PlantDatabase.of(house.settings.database)
    try:
        with plant.read() as session:
            return _json(asdict(check_contract(session)))
    finally:
        plant.close()


def _tail(file: Path) -> str:
    with file.open(encoding="utf-8", errors="replace") as lines:
        return "".join(line[:LONGEST_LINE].rstrip("\n") + "\n" for line in deque(lines, LAST_LINES))


def _secrets(house: Parts) -> list[str]:
    """Every secret that this process knows: none of them may stand in any of the files."""
    found = [getattr(getattr(house.settings, section), key) for section, key in SECRETS]
    return sorted(filter(None, found), key=len, reverse=True)


def _without(text: str, secrets: list[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, "[secret]")
    return _IN_ADDRESS.sub(lambda found: found[0].partition(":")[0], text)


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, default=str) + "\n"
