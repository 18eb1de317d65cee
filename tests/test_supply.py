"""The supply chain: no silence is taken for an answer, the bill names everything, secrets are found."""

import json
import re
import subprocess

import pytest

from hmi.settings import PROJECT
from tests.supply import advisories, bill, secrets

UNSAFE = {"name": "b", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}
ASKED = {"name": "a_b", "version": "1", "vulns": []}
SKIPPED = {"name": "b", "skip_reason": "Dependency not found on PyPI"}


def answer(*packages: dict) -> str:
    return json.dumps({"dependencies": list(packages)})


@pytest.mark.parametrize(
    ("said", "status", "printed"),
    [
        (answer(ASKED, {**ASKED, "name": "b"}), advisories.CLEAN, "2 packages were asked about"),
        (answer(ASKED, UNSAFE), advisories.VULNERABLE, "b 1: PYSEC-1, fixed in 2"),
        (answer(ASKED, SKIPPED), advisories.NOT_CHECKED, "NOT CHECKED: 1 of 2 packages: b"),
        (answer(ASKED), advisories.NOT_CHECKED, "NOT CHECKED: 1 of 2"),
        (answer(), advisories.NOT_CHECKED, "NOT CHECKED: 2 of 2"),
        ("", advisories.NOT_CHECKED, "NOT CHECKED: no network"),
        ("{}", advisories.NOT_CHECKED, "NOT CHECKED: no network"),
    ],
)
def test_what_was_not_asked_about_is_said_to_be_unchecked(said, status, printed, capsys):
    assert advisories.told(said, "warning\nno network\n", {"a-b", "b"}) == status
    out = capsys.readouterr().out
    assert printed in out
    assert "no known" not in out.lower()


def test_without_the_advisories_the_command_fails_and_says_so(tmp_path, capsys, monkeypatch):
    """A real run of pip-audit that reaches nobody."""
    (tmp_path / "lock.txt").write_text(f"flask==3.1.0 \\\n    --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    for name in ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert advisories.ask(tmp_path / "lock.txt") == advisories.NOT_CHECKED
    assert capsys.readouterr().out.startswith("NOT CHECKED: ")


def test_the_bill_names_every_locked_package_and_every_vendored_file(tmp_path):
    assert bill.write(PROJECT, tmp_path / "bill.json") == 0
    made = json.loads((tmp_path / "bill.json").read_text(encoding="utf-8"))
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    names = {part["name"] for part in made["components"] if part["purl"].startswith("pkg:pypi/")}
    assert names == advisories.pins(PROJECT / "requirements.txt")
    vendored = json.loads((PROJECT / "static/vendor/manifest.json").read_text(encoding="utf-8"))
    assert sum(part["purl"].startswith("pkg:npm/") for part in made["components"]) == len(vendored)
    assert all(part["hashes"] for part in made["components"] if part["purl"].startswith("pkg:pypi/"))


def test_every_vendored_library_names_licence_and_where_it_came_from():
    for entry in json.loads((PROJECT / "static/vendor/manifest.json").read_text(encoding="utf-8")):
        assert re.fullmatch(r"[A-Za-z0-9.-]+", entry["licence"]), entry["name"]
        assert entry["source"].startswith("https://registry.npmjs.org/"), entry["name"]
        assert entry["version"] in entry["source"]


#: Made for this test, in pieces: the scan of this file must not find it.
TOKEN = "ghp_" + "a1B2" * 9


def commit(folder, text: str) -> None:
    (folder / "notes.txt").write_text(text, encoding="utf-8")
    for arguments in (("add", "."), ("commit", "-qm", "a step")):
        identity = ("-c", "user.name=t", "-c", "user.email=t@example")
        subprocess.run(["git", *identity, *arguments], cwd=folder, check=True)


def test_a_secret_that_was_removed_again_is_found_in_the_history(tmp_path, capsys):
    subprocess.run(["git", "init", "-q", "."], cwd=tmp_path, check=True)
    commit(tmp_path, "nothing here that anybody could use\n")
    assert secrets.look(tmp_path) == secrets.NOTHING
    commit(tmp_path, f"the token is {TOKEN}\n")
    commit(tmp_path, "nothing here any more, or so it seems\n")
    assert list(secrets.in_files(tmp_path)) == []
    assert secrets.look(tmp_path) == secrets.FOUND
    out = capsys.readouterr().out
    assert "notes.txt: GitHub Token" in out
    assert TOKEN not in out


def test_without_a_repository_the_files_are_looked_at_and_the_rest_is_said(tmp_path, capsys):
    (tmp_path / "notes.txt").write_text(f"{TOKEN}\n", encoding="utf-8")
    (tmp_path / "server.key").write_text("x\n", encoding="utf-8")
    assert secrets.look(tmp_path) == secrets.FOUND
    out = capsys.readouterr().out
    assert "notes.txt, line 1: GitHub Token" in out
    assert "server.key: a file for secrets" in out
    assert "history NOT CHECKED" in out
