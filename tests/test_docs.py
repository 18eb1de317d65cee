"""The documents tell the truth: tests that they name exist, links resolve, commands are there."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
DOCUMENTS = [PROJECT / "README.md", PROJECT / "CHANGELOG.md", *sorted((PROJECT / "docs").glob("*.md"))]


def named_tests() -> list[str]:
    text = (PROJECT / "docs/reliability.md").read_text(encoding="utf-8")
    return sorted(set(re.findall(r"`([\w/]+\.py(?:::\w+)?)`", text)))


@pytest.mark.parametrize("named", named_tests())
def test_every_test_that_the_reliability_page_names_exists(named):
    file, _, name = named.partition("::")
    source = (PROJECT / "tests" / file).read_text(encoding="utf-8")
    assert f"def {name}" in source


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_that_a_document_names_exists(document):
    text = document.read_text(encoding="utf-8")
    named = re.findall(r"`((?:config|docs|hmi|regions|static|templates|tests)/[\w./-]+)`", text)
    linked = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert [path for path in (*named, *linked) if not (PROJECT / path).exists()] == []


def test_the_two_commands_stand_at_the_top_of_the_readme():
    lines = (PROJECT / "README.md").read_text(encoding="utf-8").splitlines()[:12]
    assert "    pip install -r requirements.txt && python wsgi.py" in lines
    assert "    pip install -r requirements-dev.txt && python -m pytest" in lines
