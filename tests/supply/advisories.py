"""Known vulnerabilities of the locked packages, by pip-audit. What was not asked about was not checked."""

import json
import re
import subprocess
import sys
from pathlib import Path

CLEAN, VULNERABLE, NOT_CHECKED = 0, 1, 3
WAIT_S = 300


def ask(lock: Path) -> int:
    """Print one line a finding and one that sums up; the exit status."""
    command = [
        "pip_audit",
        "--disable-pip",
        "--require-hashes",
        "--progress-spinner",
        "off",
        "--format",
        "json",
    ]
    try:
        done = subprocess.run(
            [sys.executable, "-m", *command, "-r", str(lock)],
            capture_output=True,
            encoding="utf-8",
            timeout=WAIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _not_checked(f"no answer within {WAIT_S} s")
    return told(done.stdout, done.stderr, pins(lock))


def pins(lock: Path) -> set[str]:
    """The names that the lock holds, each once."""
    return set(re.findall(r"^([a-z0-9-]+)==", lock.read_text(encoding="utf-8"), re.MULTILINE))


def told(answer: str, said: str, wanted: set[str]) -> int:
    """Read what pip-audit answered: `answer` is its JSON, `said` its complaints."""
    try:
        packages = json.loads(answer)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return _not_checked((said.strip().splitlines() or ["pip-audit gave no answer"])[-1][:300])
    unsafe = [package for package in packages if package.get("vulns")]
    for package in unsafe:
        for found in package["vulns"]:
            fixed = ", ".join(found.get("fix_versions") or ["none yet"])
            print(f"{package['name']} {package.get('version', '')}: {found['id']}, fixed in {fixed}")
    checked = {_key(package["name"]) for package in packages if "skip_reason" not in package}
    missing = sorted(name for name in wanted if _key(name) not in checked)
    if unsafe:
        print(f"{len(unsafe)} of {len(wanted)} packages have known vulnerabilities")
        return VULNERABLE
    if missing:
        return _not_checked(f"{len(missing)} of {len(wanted)} packages: {', '.join(missing[:5])}, …")
    print(f"{len(wanted)} packages were asked about; no advisory names their versions")
    return CLEAN


def _not_checked(why: str) -> int:
    print(f"NOT CHECKED: {why}")
    return NOT_CHECKED


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
