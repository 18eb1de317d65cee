"""Keys and tokens in the files and in the history: whatever was committed once is known to everybody.

Only what has the form of a real key counts, and words of tests do not: passwords of test accounts are plain
sentences.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

from detect_secrets.core.scan import scan_line
from detect_secrets.settings import transient_settings

FORMS = (
    "ArtifactoryDetector",
    "AWSKeyDetector",
    "AzureStorageKeyDetector",
    "DiscordBotTokenDetector",
    "GitHubTokenDetector",
    "GitLabTokenDetector",
    "JwtTokenDetector",
    "MailchimpDetector",
    "NpmDetector",
    "OpenAIDetector",
    "PrivateKeyDetector",
    "PypiTokenDetector",
    "SendGridDetector",
    "SlackDetector",
    "SquareOAuthDetector",
    "StripeDetector",
    "TelegramBotTokenDetector",
    "TwilioKeyDetector",
)
#: Files that hold nothing but secrets, by how their names end.
FILES = (".pem", ".key", ".p12", ".pfx", ".env", "id_rsa", "id_ed25519")
SHORTEST, LONGEST = 16, 5_000  # characters of a line: a key is longer, a library is no line
FOUND, NOTHING = 1, 0


def look(folder: Path) -> int:
    """Print where something was found, never what; the exit status."""
    has_history = (folder / ".git").exists()
    found = set(in_files(folder))
    if has_history:
        found |= set(in_history(folder))
    for where in sorted(found):
        print(where)
    history = "and their history" if has_history else "(history NOT CHECKED: this is no repository)"
    print(f"{len(found)} secrets in the files of {folder.name} {history}")
    return FOUND if found else NOTHING


def in_files(folder: Path) -> Iterator[str]:
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        if name.endswith(FILES):
            yield f"{name}: a file for secrets"
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        yield from _found(enumerate(lines, 1), lambda number, name=name: f"{name}, line {number}")  # type: ignore[misc]


def in_history(folder: Path) -> Iterator[str]:
    """Added lines of every commit that any branch reaches."""
    yield from _found(_added(folder), lambda where: f"commit {where[0][:12]}, {where[1]}")


def _files(folder: Path) -> list[Path]:
    if (folder / ".git").exists():
        listed = _git(folder, "ls-files", "-z").split("\0")
        return [
            folder / name for name in listed if name and not _vendored(name) and (folder / name).is_file()
        ]
    return sorted(path for path in folder.rglob("*") if path.is_file() and "vendor" not in path.parts)


def _added(folder: Path) -> Iterator[tuple[tuple[str, str], str]]:
    commit = file = ""
    shown = ("--all", "--no-color", "--unified=0", "--no-renames", "--format=commit %H", "-p")
    for line in _git(folder, "log", *shown).splitlines():
        if line.startswith("commit "):
            commit = line.removeprefix("commit ")
        elif line.startswith("+++ "):
            file = line.removeprefix("+++ b/")
        elif line.startswith("+") and not _vendored(file):
            yield (commit, file), line[1:]


def _found(lines, where) -> Iterator[str]:  # type: ignore[no-untyped-def]
    with transient_settings({"plugins_used": [{"name": name} for name in FORMS]}):
        seen = set()
        for place, line in lines:
            if line in seen:
                continue
            seen.add(line)
            if SHORTEST <= len(line) <= LONGEST:
                for secret in scan_line(line):
                    yield f"{where(place)}: {secret.type}"


def _vendored(name: str) -> bool:
    return name.startswith("static/vendor/")


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-c", f"safe.directory={folder}", *arguments],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=True,
    )
    return done.stdout
